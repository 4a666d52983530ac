package rfb

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
)

// packed returns data as a complete zlib stream with a length of four bytes, or in Tight's form, before it.
func packed(tight bool, data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	w.Flush()
	if tight {
		return setCompactLength(append(make([]byte, 3), b.Bytes()...), 0)
	}
	return setLength(append(make([]byte, 4), b.Bytes()...), 0)
}

func join(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

func zeros(n int) []byte { return make([]byte, n) }

func aJPEG(w, h int) []byte {
	var j goJPEG
	b, err := j.compress(make([]byte, 3), solidScreen(w, h), image.Rect(0, 0, w, h), JPEG{50, Sampling420})
	if err != nil {
		panic(err) // it takes every picture
	}
	return setCompactLength(b, 0)
}

// bareJPEG is one without a length before it.
func bareJPEG(w, h int) []byte {
	var j goJPEG
	b, err := j.compress(nil, solidScreen(w, h), image.Rect(0, 0, w, h), JPEG{Quality: 50})
	if err != nil {
		panic(err) // it takes every picture
	}
	return b
}

func aPNG(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		panic(err) // a buffer takes everything
	}
	return setCompactLength(append(make([]byte, 3), b.Bytes()...), 0)
}

var (
	map8   = PixelFormat{BitsPerPixel: 8, Depth: 8}
	small  = image.Rect(10, 10, 30, 30)
	inside = image.Rect(0, 0, 20, 20)
)

// hostile is what a server may send that a viewer must refuse, with the histories of RFB.md section 5 D.
var hostile = []struct {
	name string
	enc  Encoding
	r    image.Rectangle
	f    PixelFormat
	data []byte
	want error
}{
	{"Raw beyond the right edge", EncodingRaw, image.Rect(90, 0, 101, 1), Native, zeros(44), errOutside},
	{"Raw below the bottom", EncodingRaw, image.Rect(0, 99, 1, 101), Native, zeros(8), errOutside},
	{"Raw of 65535x65535", EncodingRaw, image.Rect(65535, 65535, 131070, 131070), Native, zeros(8), errOutside},
	{"an empty rectangle outside", EncodingTight, image.Rect(101, 0, 101, 0), Native, zeros(8), errOutside},
	{"an encoding of another trade", Encoding(24), small, Native, zeros(8), errEncoding},
	{"CopyRect from outside", EncodingCopyRect, small, Native, join(0, 81, 0, 0), errSource},
	{"CopyRect from far outside", EncodingCopyRect, small, Native, join("\xff\xff\xff\xff"), errSource},
	{"RRE subrectangle outside", EncodingRRE, small, Native, join(0, 0, 0, 1, zeros(4), zeros(4), "\x00\x00\x00\x00\x00\x15\x00\x01"), errRRESubrect},
	{"RRE subrectangle of 65535x65535", EncodingRRE, small, Native, join(0, 0, 0, 1, zeros(4), zeros(4), "\xff\xff\xff\xff\xff\xff\xff\xff"), errRRESubrect},
	{"RRE subrectangle outside of a narrow rectangle", EncodingRRE, image.Rect(0, 0, 1, 90), Native, join(0, 0, 0, 1, zeros(4), zeros(4), "\x00\x00\x00\x00\x00\x02\x00\x01"), errRRESubrect},
	{"RRE of 4 G subrectangles", EncodingRRE, small, Native, join("\xff\xff\xff\xff", zeros(400)), errRRECount},
	{"RRE of a subrectangle too many", EncodingRRE, small, Native, join(0, 0, 1, 145, zeros(8000)), errRRECount},
	{"RRE of an empty rectangle", EncodingRRE, image.Rect(5, 5, 5, 9), Native, join(0, 0, 0, 1, zeros(100)), errRRECount},
	{"RRE painted nine times", EncodingRRE, small, Native, join(0, 0, 0, 9, zeros(4), bytes.Repeat([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14\x00\x14"), 9)), errRREArea},
	{"RRE cut short", EncodingRRE, small, Native, join(0, 0, 0, 2, zeros(4), zeros(12), zeros(11)), io.ErrUnexpectedEOF},
	{"CoRRE subrectangle outside", EncodingCoRRE, small, Native, join(0, 0, 0, 1, zeros(4), zeros(4), 19, 0, 2, 1), errRRESubrect},
	{"CoRRE of 4 G subrectangles", EncodingCoRRE, small, Native, join("\xff\xff\xff\xff", zeros(400)), errRRECount},
	{"TRLE palette before the first", EncodingTRLE, small, Native, join(127, zeros(2000)), errTRLEPalette},
	{"TRLE runs before the first palette", EncodingTRLE, small, Native, join(129, zeros(2000)), errTRLEPalette},
	{"TRLE packed with the palette of 17 before", EncodingTRLE, small, Native, join(128+17, zeros(51), 0x80, 255, 0, 127, zeros(2000)), errTRLEPalette},
	{"TRLE tile of kind 17", EncodingTRLE, small, Native, join(17, zeros(2000)), errZRLETile},
	{"TRLE tile of kind 126", EncodingTRLE, small, Native, join(126, zeros(2000)), errZRLETile},
	{"TRLE run past the tile", EncodingTRLE, small, Native, join(128, zeros(3), 255, 1), errZRLERun},
	{"TRLE index run past the tile", EncodingTRLE, small, Native, join(130, zeros(6), 0x80, 255, 1), errZRLERun},
	{"TRLE run without end", EncodingTRLE, small, Native, join(128, zeros(3), bytes.Repeat([]byte{255}, 100_000)), errZRLERun},
	{"TRLE index 2 of 2", EncodingTRLE, small, Native, join(130, zeros(6), 2, zeros(500)), errPaletteIndex},
	{"TRLE packed index 3 of 3", EncodingTRLE, small, Native, join(3, zeros(9), 3, zeros(100)), errPaletteIndex},
	{"TRLE cut short", EncodingTRLE, small, Native, join(0, zeros(500)), io.ErrUnexpectedEOF},
	{"Hextile subrectangle outside", EncodingHextile, inside, Native, join(10, zeros(4), 1, "\xf0\x10"), errHextileSubrect},
	{"Hextile subrectangle outside of the last tile", EncodingHextile, image.Rect(0, 0, 3, 3), Native, join(10, zeros(4), 1, "\x00\x03"), errHextileSubrect},
	{"Hextile of unknown bits", EncodingHextile, inside, Native, join(0x20), errHextileMask},
	{"Tight compression 11", EncodingTight, small, Native, join(0xb0, zeros(50)), errTightControl},
	{"Tight without zlib, short", EncodingTight, small, Native, join(0xa0, "\xaf\x09", zeros(1199)), errTightLength},
	{"Tight without zlib, long", EncodingTight, small, Native, join(0xa0, "\xb1\x09", zeros(1201)), errTightLength},
	{"Tight without zlib, cut short", EncodingTight, small, Native, join(0xa0, "\xb0\x09", zeros(1199)), io.ErrUnexpectedEOF},
	{"Tight without zlib, index 3 of 3", EncodingTight, small, Native, join(0xe0, 1, 2, zeros(9), "\x90\x03", zeros(399), 3), errPaletteIndex},
	{"TightPNG with zlib", EncodingTightPNG, small, Native, join(0, packed(true, zeros(1200))), errTightControl},
	{"TightPNG without zlib", EncodingTightPNG, small, Native, join(0xe0, 1, 2, zeros(9), "\x90\x03", zeros(400)), errTightControl},
	{"TightPNG compression 11", EncodingTightPNG, small, Native, join(0xb0, zeros(50)), errTightControl},
	{"TightPNG that is none", EncodingTightPNG, small, Native, join(0xa0, 20, zeros(20)), errDamagedPNG},
	{"TightPNG of nothing", EncodingTightPNG, small, Native, join(0xa0, 0), errDamagedPNG},
	{"TightPNG of another width", EncodingTightPNG, small, Native, join(0xa0, aPNG(21, 20)), errNoPNG},
	{"TightPNG of another height", EncodingTightPNG, small, Native, join(0xa0, aPNG(20, 2000)), errNoPNG},
	{"TightPNG cut short", EncodingTightPNG, small, Native, join(0xa0, 60, aPNG(20, 20)[1:61]), errDamagedPNG},
	{"TightPNG of 3000x1400", EncodingTightPNG, image.Rect(0, 0, 3000, 1400), Native, join(0xa0, 20, zeros(20)), errNoPNG},
	{"Tight compression 15", EncodingTight, small, Native, join(0xf0, zeros(50)), errTightControl},
	{"Tight filter 3", EncodingTight, small, Native, join(0x40, 3, zeros(50)), errTightFilter},
	{"Tight filter 255", EncodingTight, small, Native, join(0x40, 255, zeros(50)), errTightFilter},
	{"Tight palette of one", EncodingTight, small, Native, join(0x40, 1, 0, zeros(50)), errPaletteSize},
	{"Tight index 3 of 3", EncodingTight, small, Native, join(0x40, 1, 2, zeros(9), packed(true, append(zeros(399), 3))), errPaletteIndex},
	{"Tight index 255 of 3, bare", EncodingTight, image.Rect(0, 0, 2, 1), Native, join(0x40, 1, 2, zeros(9), 0, 255), errPaletteIndex},
	{"Tight with more rows", EncodingTight, small, Native, join(0, packed(true, zeros(20*21*3))), errTooLong},
	{"Tight with one byte more", EncodingTight, small, Native, join(0, packed(true, zeros(20*20*3+1))), errTooLong},
	{"Tight bomb", EncodingTight, small, Native, join(0, packed(true, zeros(3_000_000))), errTooLong},
	{"Tight with fewer rows", EncodingTight, small, Native, join(0, packed(true, zeros(20*19*3))), errTooShort},
	{"Tight without anything", EncodingTight, small, Native, join(0, 0), errTooShort},
	{"Tight of 4 MiB for 1 KiB", EncodingTight, small, Native, join(0, "\xff\xff\xff", zeros(100)), errZlibLength},
	{"Tight without zlib's header", EncodingTight, small, Native, join(0, 20, zeros(20)), errDeflate},
	{"Tight with a preset dictionary", EncodingTight, small, Native, join(0, 20, "\x78\x20", zeros(18)), errDeflate},
	{"Tight block of type 3", EncodingTight, small, Native, join(0, 20, "\x78\x01\x07", zeros(17)), errDeflate},
	{"Tight stored block of two sizes", EncodingTight, small, Native, join(0, 20, "\x78\x01\x00\x05\x00\x05\x00", zeros(13)), errDeflate},
	{"Tight match before the beginning", EncodingTight, small, Native, join(0, 20, "\x78\x01\x03\x02", zeros(16)), errDeflate},
	{"Tight match before the beginning, of a long piece", EncodingTight, small, Native, join(0, 60, "\x78\x01\x03\x02", zeros(56)), errDeflate},
	{"Tight code that is not complete", EncodingTight, small, Native, join(0, 60, "\x78\x01\x05\x00\x49\x02", zeros(54)), errDeflate},
	{"Tight code that is over-full", EncodingTight, small, Native, join(0, 60, "\x78\x01\x05\x00", bytes.Repeat([]byte{0x49}, 56)), errDeflate},
	{"Tight gradient too wide", EncodingTight, image.Rect(0, 0, 2049, 1), Native, join(0x40, 2, packed(true, zeros(2049*3))), errGradient},
	{"Tight gradient of 8 bits", EncodingTight, small, map8, join(0x40, 2, packed(true, zeros(400))), errGradient},
	{"Tight JPEG of 8 bits", EncodingTight, small, map8, join(0x90, aJPEG(20, 20)), errTightJPEG},
	{"Tight JPEG of another width", EncodingTight, small, Native, join(0x90, aJPEG(21, 20)), errNoJPEG},
	{"Tight JPEG of another height", EncodingTight, small, Native, join(0x90, aJPEG(20, 2000)), errNoJPEG},
	{"Tight JPEG without length", EncodingTight, small, Native, join(0x90, 0), errDamagedJPEG},
	{"Tight JPEG that is none", EncodingTight, small, Native, join(0x90, 20, zeros(20)), errDamagedJPEG},
	{"Tight JPEG of 3000x1400", EncodingTight, image.Rect(0, 0, 3000, 1400), Native, join(0x90, 20, zeros(20)), errLargeJPEG},
	{"Tight JPEG cut short", EncodingTight, small, Native, join(0x90, "\xa0\x02", aJPEG(20, 20)[2:290]), errDamagedJPEG},
	{"Tight JPEG of nothing", EncodingTight, image.Rect(5, 5, 5, 9), Native, join(0x90, aJPEG(20, 20)), errNoJPEG},
	{"JPEG that is none", EncodingJPEG, small, Native, zeros(20), errJPEGMarker},
	{"JPEG of another width", EncodingJPEG, small, Native, bareJPEG(21, 20), errNoJPEG},
	{"JPEG of another height", EncodingJPEG, small, Native, bareJPEG(20, 2000), errNoJPEG},
	{"JPEG of 3000x1400", EncodingJPEG, image.Rect(0, 0, 3000, 1400), Native, bareJPEG(20, 20), errLargeJPEG},
	{"JPEG of nothing", EncodingJPEG, image.Rect(5, 5, 5, 9), Native, bareJPEG(20, 20), errNoJPEG},
	{"JPEG cut short", EncodingJPEG, small, Native, bareJPEG(20, 20)[:290], io.ErrUnexpectedEOF},
	{"JPEG segment of length 1", EncodingJPEG, small, Native, join("\xff\xd8\xff\xe0\x00\x01", zeros(20)), errDamagedJPEG},
	{"JPEG of markers without end", EncodingJPEG, small, Native, bytes.Repeat([]byte("\xff\xd8"), 100_000), errJPEGLength},
	{"JPEG scan without end", EncodingJPEG, small, Native, join("\xff\xd8\xff\xda\x00\x02", zeros(200_000)), errJPEGLength},
	{"JPEG of tables without end", EncodingJPEG, small, Native, bytes.Repeat(join("\xff\xc4\x10\x00", zeros(4094)), 4), errDamagedJPEG},
	{"Zlib with more rows", EncodingZlib, small, Native, packed(false, zeros(20*21*4)), errTooLong},
	{"Zlib with fewer rows", EncodingZlib, small, Native, packed(false, zeros(20*19*4)), errTooShort},
	{"Zlib of 4 GiB", EncodingZlib, small, Native, join("\xff\xff\xff\xff", zeros(100)), errZlibLength},
	{"ZRLE of 4 GiB", EncodingZRLE, small, Native, join("\xff\xff\xff\xff", zeros(100)), errZlibLength},
	{"ZRLE tile of kind 17", EncodingZRLE, small, Native, packed(false, join(17, zeros(2000))), errZRLETile},
	{"ZRLE tile of kind 127", EncodingZRLE, small, Native, packed(false, join(127, zeros(2000))), errZRLETile},
	{"ZRLE tile of kind 129", EncodingZRLE, small, Native, packed(false, join(129, zeros(2000))), errZRLETile},
	{"ZRLE run past the tile", EncodingZRLE, small, Native, packed(false, join(128, zeros(3), 255, 145)), errZRLERun},
	{"ZRLE index run past the tile", EncodingZRLE, small, Native, packed(false, join(130, zeros(6), 0x80, 255, 145)), errZRLERun},
	{"ZRLE run without end", EncodingZRLE, small, Native, packed(false, join(128, zeros(3), bytes.Repeat([]byte{255}, 100_000))), errTooShort},
	{"ZRLE index 2 of 2 as a run", EncodingZRLE, small, Native, packed(false, join(130, zeros(6), 0x82, 255, 144)), errPaletteIndex},
	{"ZRLE index 126 of 2", EncodingZRLE, small, Native, packed(false, join(130, zeros(6), 126, zeros(500))), errPaletteIndex},
	{"ZRLE packed index 3 of 3", EncodingZRLE, small, Native, packed(false, join(3, zeros(9), zeros(99), 3)), errPaletteIndex},
	{"ZRLE packed index 15 of 15", EncodingZRLE, small, Native, packed(false, join(15, zeros(45), 0xf0, zeros(199))), errPaletteIndex},
	{"ZRLE with a tile more", EncodingZRLE, small, Native, packed(false, join(1, zeros(3), 1, zeros(3))), errTooLong},
	{"ZRLE bomb", EncodingZRLE, small, Native, packed(false, join(1, zeros(3_000_000))), errTooLong},
	{"ZRLE without a tile", EncodingZRLE, small, Native, packed(false, nil), errTooShort},
	{"ZRLE with half a palette", EncodingZRLE, small, Native, packed(false, join(255, zeros(300))), errTooShort},
	{"ZRLE with half a run", EncodingZRLE, small, Native, packed(false, join(128, zeros(3), 255)), errTooShort},
	{"ZRLE with half a raw tile", EncodingZRLE, small, Native, packed(false, join(0, zeros(1199))), errTooShort},
}

func TestHostile(t *testing.T) {
	for _, tt := range hostile {
		m := NewImage(image.Rect(0, 0, 100, 100))
		if tt.want == errLargeJPEG || tt.want == errNoPNG || tt.want == errGradient {
			m = NewImage(image.Rect(0, 0, 3000, 1400))
		}
		err := newDecoder(tt.f).Decode(bufio.NewReader(bytes.NewReader(tt.data)), tt.enc, tt.r, m)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, not %v", tt.name, err, tt.want)
		}
	}
}

// TestMemoryIsBounded sends, as a stream of nothing but zeros or empty blocks, nearly the longest that a rectangle may announce.
func TestMemoryIsBounded(t *testing.T) {
	m := NewImage(image.Rect(0, 0, 2000, 1000))
	for _, enc := range []Encoding{EncodingZlib, EncodingZRLE} {
		d := newDecoder(Native)
		in := io.MultiReader(strings.NewReader("\x00\xf0\x00\x00\x78\x01"), io.LimitReader(zeroReader{}, 1<<24))
		if enc == EncodingZRLE {
			in = io.MultiReader(strings.NewReader("\x00\xf0\x00\x00\x78\x01"), io.LimitReader(emptyBlocks{}, 1<<24))
		}
		if err := d.Decode(bufio.NewReader(in), enc, m.Rect, m); err == nil {
			t.Errorf("%v: no error", enc)
		}
		for _, z := range []*inflater{&d.zlib, &d.zrle} {
			if size := len(z.win) + cap(z.in); size > 512<<10 {
				t.Errorf("%v: buffers of %d bytes", enc, size)
			}
		}
	}
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// emptyBlocks is stored blocks of nothing, for ever.
type emptyBlocks struct{}

func (emptyBlocks) Read(b []byte) (int, error) {
	if len(b) > 5 {
		b = b[:len(b)/5*5]
	}
	for i := range b {
		b[i] = "\x00\x00\x00\xff\xff"[i%5]
	}
	return len(b), nil
}

// TestEveryCut cuts every kind of rectangle after every byte: that is always an unexpected end, never a hang.
func TestEveryCut(t *testing.T) {
	for _, f := range []PixelFormat{Native, map8} {
		for _, s := range screens {
			m := s.draw(30, 21)
			for _, enc := range encodings {
				for _, quality := range []int{-1, 5} {
					e := &Encoder{Format: f, JPEG: QualityLevel(quality), Level: -1}
					buf, _ := e.Append(nil, enc, m, m.Rect)
					got, step := NewImage(m.Rect), len(buf)/100+1
					for n := 1; n < len(buf); n += step {
						d := newDecoder(f)
						if _, err := decodeAll(d, buf[:n], got); err != nil {
							continue
						}
						// A rectangle ends here: then the rest must be whole rectangles.
						if _, err := decodeAll(d, buf[n:], got); err != nil {
							t.Fatalf("%s %v quality %d: no error for %d of %d bytes", s.name, enc, quality, n, len(buf))
						}
					}
				}
			}
		}
	}
}

// TestStreamResets begins Tight streams anew in the middle, as a server may.
func TestStreamResets(t *testing.T) {
	m, d := NewImage(small), newDecoder(Native)
	want := noiseScreen(20, 20)
	for i := range 4 {
		for stream := range 4 {
			data := join(stream<<4|1<<stream, packed(true, appendRGB(nil, want.Pix)))
			if err := d.Decode(bufio.NewReader(bytes.NewReader(data)), EncodingTight, small, m); err != nil {
				t.Fatalf("round %d stream %d: %v", i, stream, err)
			}
			if diff := firstDifference(m, want); diff != "" {
				t.Fatalf("round %d stream %d: %s", i, stream, diff)
			}
		}
	}
	data := join(0, packed(true, zeros(1200))) // a second header without a reset is no deflate block
	if err := d.Decode(bufio.NewReader(bytes.NewReader(data)), EncodingTight, small, m); err == nil {
		t.Error("a stream began twice")
	}
}

// TestGradient checks the filter that we never send against differences computed here.
func TestGradient(t *testing.T) {
	for _, f := range []PixelFormat{Native, formats[4].PixelFormat, formats[7].PixelFormat, formats[8].PixelFormat} {
		m := desktopScreen(200, 90)
		want := NewImage(m.Rect)
		for i, px := range m.Pix {
			want.Pix[i] = quantised(f, px)
		}
		value := func(x, y, c int) int { // of colour c, in units of the format
			if x < 0 || y < 0 {
				return 0
			}
			most := []uint16{f.RedMax, f.GreenMax, f.BlueMax}[c]
			return int(scale(m.Pix[y*m.Stride+x]>>(16-8*c)&255, 255, uint32(most)))
		}
		var data []byte
		for y := range 90 {
			for x := range 200 {
				var rest [3]uint32
				for c, most := range []int{int(f.RedMax), int(f.GreenMax), int(f.BlueMax)} {
					foretold := min(max(value(x-1, y, c)+value(x, y-1, c)-value(x-1, y-1, c), 0), most)
					rest[c] = uint32((value(x, y, c) - foretold) & most)
				}
				if f.tpixel() {
					data = append(data, byte(rest[0]), byte(rest[1]), byte(rest[2]))
					continue
				}
				wire := f.onWire(rest[0]<<f.RedShift | rest[1]<<f.GreenShift | rest[2]<<f.BlueShift)
				data = appendPixels(data, []uint32{wire}, f.bytes(), 0)
			}
		}
		got := NewImage(m.Rect)
		data = join(streamPhoto<<4|tightFilter, filterGradient, packed(true, data))
		if err := newDecoder(f).Decode(bufio.NewReader(bytes.NewReader(data)), EncodingTight, m.Rect, got); err != nil {
			t.Fatal(err)
		}
		if diff := firstDifference(got, want); diff != "" {
			t.Errorf("%+v: %s", f, diff)
		}
	}
}
