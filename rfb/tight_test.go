package rfb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"math"
	"testing"
)

// sent is a Tight rectangle as it was sent.
type sent struct {
	r       image.Rectangle
	control byte
	colours int
	bytes   int
}

// tightRects encodes m, decodes it again and says what was sent.
func tightRects(t testing.TB, e *Encoder, m *Image) ([]sent, *Image) {
	buf, n := e.Append(nil, EncodingTight, m, m.Rect)
	in := bytes.NewReader(buf)
	d, got, br := newDecoder(e.Format), NewImage(m.Rect), bufio.NewReaderSize(in, 1<<20)
	var all []sent
	for range n {
		h, err := br.Peek(15)
		if err != nil && len(h) < 13 {
			t.Fatal(err)
		}
		u16 := func(i int) int { return int(binary.BigEndian.Uint16(h[i:])) }
		s := sent{r: image.Rect(u16(0), u16(2), u16(0)+u16(4), u16(2)+u16(6)), control: h[12]}
		if s.control&tightFilter != 0 && s.control < tightFill {
			s.colours = int(h[14]) + 1
		}
		before := in.Len() + br.Buffered()
		br.Discard(12)
		if err := d.Decode(br, EncodingTight, s.r, got); err != nil {
			t.Fatal(err)
		}
		s.bytes = before - in.Len() - br.Buffered()
		all = append(all, s)
	}
	return all, got
}

// TestTightCovers: the rectangles of an update cover its place exactly once, unless letters come on top of a photo, and
// each keeps to the limits.
func TestTightCovers(t *testing.T) {
	for _, s := range screens {
		for _, size := range []image.Point{{1, 1}, {640, 480}, {2500, 70}, {70, 900}, {65, 513}} {
			m := s.draw(size.X, size.Y)
			for _, quality := range []int{-1, 8} {
				covered := NewImage(m.Rect)
				all, _ := tightRects(t, &Encoder{JPEG: QualityLevel(quality), Level: -1}, m)
				for _, s := range all {
					if s.r.Dx() > maxTightWidth || s.control != tightFill && s.r.Dx()*s.r.Dy() > maxTightArea {
						t.Errorf("rectangle %v", s.r)
					}
					for y := s.r.Min.Y; y < s.r.Max.Y; y++ {
						for x := range covered.Row(s.r.Min.X, s.r.Max.X, y) {
							n := &covered.Row(s.r.Min.X, s.r.Max.X, y)[x]
							if onTop := quality >= 0 && *n == 1 && s.control&^(tightFilter|streamPhoto<<4) == 0; !onTop {
								*n++
							}
						}
					}
				}
				for i, n := range covered.Pix {
					if n != 1 {
						t.Fatalf("%s %v quality %d: %d,%d is sent %d times", s.name, size, quality, i%size.X, i/size.X, n)
					}
				}
			}
		}
	}
}

// TestTextIsNeverJPEG, however it is drawn, and photos are.
func TestTextIsNeverJPEG(t *testing.T) {
	for name, m := range map[string]*Image{
		"text": textScreen(400, 300), "smooth text": smoothTextScreen(400, 300), "light on dark": negative(smoothTextScreen(400, 300)),
		"palette": paletteScreen(400, 300), "shades": shadedText(400, 300), "light shades": negative(shadedText(400, 300)),
		"confetti": confettiScreen(400, 300),
	} {
		for level := range 10 {
			e := &Encoder{JPEG: QualityLevel(level), Level: -1}
			all, got := tightRects(t, e, m)
			full := 0
			for _, s := range all {
				if s.control == streamFull<<4 {
					full++
				}
				if s.control == tightJPEG {
					t.Errorf("%s, level %d: JPEG of %v", name, level, s.r)
				}
			}
			if name == "shades" && full == 0 {
				t.Error("this text should have more colours than a palette")
			}
			if diff := firstDifference(got, m); diff != "" {
				t.Errorf("%s, level %d: %s", name, level, diff)
			}
			if len(e.Lossy) > 0 {
				t.Errorf("%s, level %d: loss at %v", name, level, e.Lossy)
			}
		}
	}
	e := &Encoder{JPEG: QualityLevel(5), Level: -1}
	all, got := tightRects(t, e, photoScreen(400, 300))
	for i, s := range all {
		if s.control != tightJPEG || e.Lossy[i] != s.r {
			t.Errorf("a photo's %v is sent as %02x", s.r, s.control)
		}
	}
	if p := psnr(got, photoScreen(400, 300), got.Rect); p < 33 {
		t.Errorf("photo of %.1f dB", p)
	}
}

func negative(m *Image) *Image {
	for i := range m.Pix {
		m.Pix[i] ^= 0xffffff
	}
	return m
}

// shadedText has smoothed letters on a ground that changes from row to row: hundreds of colours a tile.
func shadedText(w, h int) *Image {
	m := smoothTextScreen(w, h)
	for y := range h {
		for x, px := range m.Row(0, w, y) {
			grey, shade := px&255, uint32(190+y%64)
			m.Row(0, w, y)[x] = (grey*shade/255)<<16 | (grey*(shade-30)/255)<<8 | grey*(shade-100)/255
		}
	}
	return m
}

// confettiScreen has dozens of colours, no pixel like its neighbour, and every step sharp.
func confettiScreen(w, h int) *Image {
	return screen(w, h, func(x, y int) uint32 { return uint32((x*17+y*29)%61) * 0x2f51a7 & 0xffffff })
}

// TestTextBesideAPhoto: a border between both costs neither.
func TestTextBesideAPhoto(t *testing.T) {
	m := textScreen(512, 256)
	photo := photoScreen(512, 256)
	for y := range 256 {
		copy(m.Row(256, 512, y), photo.Row(256, 512, y))
	}
	all, _ := tightRects(t, &Encoder{JPEG: QualityLevel(8), Level: -1}, m)
	for _, s := range all {
		if wantPhoto := s.r.Min.X >= 256; wantPhoto != (s.control == tightJPEG) {
			t.Errorf("%v is sent as %02x", s.r, s.control)
		}
	}
	if len(all) > 12 {
		t.Errorf("%d rectangles", len(all))
	}
}

func TestSolidScreenIsFewBytes(t *testing.T) {
	var e Encoder
	if buf, n := e.Append(nil, EncodingTight, solidScreen(1920, 1080), image.Rect(0, 0, 1920, 1080)); n != 5 || len(buf) != 5*16 {
		t.Errorf("%d rectangles, %d bytes", n, len(buf))
	}
}

// TestTwoColoursAreBits, also when blank tiles lie between.
func TestTwoColoursAreBits(t *testing.T) {
	all, _ := tightRects(t, &Encoder{Level: -1}, textScreen(640, 250))
	for _, s := range all {
		if s.control != tightFill && s.colours != 2 {
			t.Errorf("%v has %d colours", s.r, s.colours)
		}
	}
	if len(all) > 8 {
		t.Errorf("%d rectangles for 40 tiles", len(all))
	}
}

// TestSixteenBitsHaveJPEG, as rfbproto allows, and eight have none.
func TestSixteenBitsHaveJPEG(t *testing.T) {
	m := photoScreen(128, 128)
	for _, f := range formats {
		all, got := tightRects(t, &Encoder{Format: f.PixelFormat, JPEG: QualityLevel(9), Level: -1}, m)
		if isJPEG := all[0].control == tightJPEG; isJPEG != (f.BitsPerPixel > 8) {
			t.Errorf("%s is sent as %02x", f.name, all[0].control)
		}
		if p := psnr(got, m, m.Rect); f.BitsPerPixel > 8 && (p < 40 || math.IsNaN(p)) {
			t.Errorf("%s: %.1f dB", f.name, p)
		}
	}
}

// TestBitmapsStayBitmaps: beside tiles of more colours, text of two is not sent as indices of eight times the size.
func TestBitmapsStayBitmaps(t *testing.T) {
	m := textScreen(512, 64)
	more := paletteScreen(512, 64)
	for y := range 64 {
		copy(m.Row(256, 512, y), more.Row(256, 512, y))
	}
	all, _ := tightRects(t, &Encoder{Level: -1}, m)
	for _, s := range all {
		if s.r.Min.X < 256 && s.colours > 2 || s.r.Max.X > 256 && s.r.Min.X < 256 {
			t.Errorf("%v has %d colours", s.r, s.colours)
		}
	}
}

func TestShortDataIsBare(t *testing.T) {
	m := noiseScreen(3, 1)
	buf, _ := new(Encoder).Append(nil, EncodingTight, m, m.Rect)
	if len(buf) != 12+1+9 {
		t.Errorf("%d bytes for three pixels", len(buf))
	}
	buf, _ = (&Encoder{Level: -1}).Append(nil, EncodingTight, noiseScreen(4, 1), image.Rect(0, 0, 4, 1))
	if len(buf) <= 12+1+1+12 {
		t.Errorf("%d bytes for four pixels through zlib", len(buf))
	}
}

// TestWithoutZlib: at level 0 a viewer that takes it is sent what would go into a zlib stream, which is as long.
func TestWithoutZlib(t *testing.T) {
	m := desktopScreen(300, 200)
	for _, level := range []int{0, 1} {
		e := &Encoder{NoZlib: true, Level: level}
		all, got := tightRects(t, e, m)
		if diff := firstDifference(got, m); diff != "" {
			t.Error(diff)
		}
		bare := 0
		for _, s := range all {
			if s.control&^tightFilter == tightNoZlib {
				bare++
			}
		}
		if level > 0 && bare > 0 || level == 0 && bare < 3 {
			t.Errorf("level %d: %d of %d rectangles without zlib", level, bare, len(all))
		}
		plain := &plainViewer{t: t, f: Native, m: NewImage(m.Rect)}
		buf, n := (&Encoder{NoZlib: true, Level: level}).Append(nil, EncodingTight, m, m.Rect)
		for range n {
			buf = buf[plain.from(buf):]
		}
		if diff := firstDifference(plain.m, m); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCompactLength(t *testing.T) {
	for n, want := range map[int]string{0: "\x00", 127: "\x7f", 128: "\x80\x01", 10000: "\x90\x4e", 16383: "\xff\x7f", 16384: "\x80\x80\x01", maxTightLength: "\xff\xff\xff"} {
		b := setCompactLength(make([]byte, 5+n)[:5+n], 2)
		if string(b[2:2+len(want)]) != want || len(b) != 2+len(want)+n {
			t.Errorf("%d: %x", n, b[2:2+len(want)])
		}
		got, err := compactLength(bufio.NewReader(bytes.NewReader([]byte(want))))
		if err != nil || got != n {
			t.Errorf("%x is %d, %v", want, got, err)
		}
	}
}

// TestZRLEForms: each form of a tile is used where it is the shortest.
func TestZRLEForms(t *testing.T) {
	stripes := func(colours, length int) func(x, y int) uint32 {
		return func(x, y int) uint32 { return uint32((x+64*y)/length%colours) * 0x010203 }
	}
	for _, tt := range []struct {
		name string
		m    *Image
		kind byte
	}{
		{"solid", solidScreen(64, 64), zrleSolid},
		{"noise", noiseScreen(64, 64), zrleRaw},
		{"two colours", screen(64, 64, stripes(2, 1)), 2},
		{"sixteen colours", screen(64, 64, stripes(16, 1)), 16},
		{"long runs of two", screen(64, 64, stripes(2, 700)), zrlePaletteRLE + 2},
		{"a hundred colours", screen(64, 64, stripes(100, 1)), zrlePaletteRLE + 100},
		{"runs of a hundred", screen(64, 64, stripes(100, 8)), zrlePaletteRLE + 100},
		{"runs of hundreds", screen(64, 64, stripes(1000, 20)), zrlePlainRLE},
	} {
		var z zrleEncoder
		buf := z.appendTile(nil, tt.m.Pix, 64, 3, 0)
		if buf[0] != tt.kind {
			t.Errorf("%s: %d, not %d", tt.name, buf[0], tt.kind)
		}
		m := NewImage(tt.m.Rect)
		d := newDecoder(Native)
		d.unpack.use(Native, &d.Colours)
		d.tile = grown(d.tile, zrleSide*zrleSide)
		if used, err := d.zrleTile(append(buf, 1, 2, 3), m.Rect, m); err != nil || used != len(buf) {
			t.Errorf("%s: %d of %d bytes: %v", tt.name, used, len(buf), err)
		}
		if diff := firstDifference(m, tt.m); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}
