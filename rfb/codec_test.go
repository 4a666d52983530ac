package rfb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"testing"
)

var encodings = []Encoding{
	EncodingRaw, EncodingRRE, EncodingCoRRE, EncodingHextile, EncodingZlib, EncodingTRLE, EncodingZRLE, EncodingTight, EncodingTightPNG,
}

// decodeAll reads rectangles, each with its header, until b is used up.
func decodeAll(d *Decoder, b []byte, m *Image) (rects int, err error) {
	br := bufio.NewReader(bytes.NewReader(b))
	for ; ; rects++ {
		h, err := br.Peek(12)
		if err != nil {
			if len(h) > 0 {
				return rects, err
			}
			return rects, nil
		}
		u16 := func(i int) int { return int(binary.BigEndian.Uint16(h[i:])) }
		r := image.Rect(u16(0), u16(2), u16(0)+u16(4), u16(2)+u16(6))
		enc := Encoding(binary.BigEndian.Uint32(h[8:]))
		br.Discard(12)
		if err := d.Decode(br, enc, r, m); err != nil {
			return rects, err
		}
	}
}

func newDecoder(f PixelFormat) *Decoder { return &Decoder{Format: f, Colours: ColourMap()} }

// quantised is what is left of a pixel in a format, by floating point.
func quantised(f PixelFormat, px uint32) uint32 {
	if !f.TrueColour {
		return nearestOnMap(px)
	}
	c := func(shift int, max uint16) uint32 {
		v := math.Floor(float64(px>>shift&255)*float64(max)/255 + 0.5)
		return uint32(math.Floor(v*255/float64(max)+0.5)) << shift
	}
	return c(16, f.RedMax) | c(8, f.GreenMax) | c(0, f.BlueMax)
}

// nearestOnMap is the nearest grey of a grey and else the nearest colour of the cube, channel by channel.
func nearestOnMap(px uint32) uint32 {
	r, g, b := px>>16, px>>8&255, px&255
	if r == g && g == b {
		best := uint32(0)
		for _, c := range ColourMap() {
			if c>>16 == c&255 && c>>16 == c>>8&255 && math.Abs(float64(c&255)-float64(r)) < math.Abs(float64(best&255)-float64(r)) {
				best = c
			}
		}
		return best
	}
	level := func(v uint32) uint32 { return uint32(math.Round(float64(v)/51)) * 51 }
	return level(r)<<16 | level(g)<<8 | level(b)
}

func firstDifference(got, want *Image) string {
	for i := range want.Pix {
		if got.Pix[i] != want.Pix[i] {
			return fmt.Sprintf("at %d,%d %06x, not %06x", i%want.Stride, i/want.Stride, got.Pix[i], want.Pix[i])
		}
	}
	return ""
}

// TestRoundTrip sends every screen in every encoding and format to our decoder and to the plain one, on streams
// that go on from screen to screen.
func TestRoundTrip(t *testing.T) {
	sizes := []image.Point{{1, 1}, {1, 70}, {7, 3}, {63, 5}, {64, 64}, {65, 66}, {17, 130}, {2049, 3}, {90, 150}}
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			e, d := &Encoder{Format: f.PixelFormat, Level: -1}, newDecoder(f.PixelFormat)
			plain := &plainViewer{t: t, f: f.PixelFormat}
			var buf []byte
			for _, size := range sizes {
				for _, s := range screens {
					m := s.draw(size.X, size.Y)
					want := NewImage(m.Rect)
					for i, px := range m.Pix {
						want.Pix[i] = quantised(f.PixelFormat, px)
					}
					for _, enc := range encodings {
						name := fmt.Sprintf("%s %v as %v", s.name, size, enc)
						var rects int
						e.Gradient = !e.Gradient
						buf, rects = e.Append(buf[:0], enc, m, m.Rect)
						got := NewImage(m.Rect)
						if n, err := decodeAll(d, buf, got); err != nil || n != rects {
							t.Fatalf("%s: %d of %d rectangles: %v", name, n, rects, err)
						}
						if diff := firstDifference(got, want); diff != "" {
							t.Fatalf("%s: %s", name, diff)
						}
						plain.in, plain.m = bytes.NewReader(buf), NewImage(m.Rect)
						for range rects {
							plain.rect()
						}
						if diff := firstDifference(plain.m, want); diff != "" || plain.in.Len() > 0 {
							t.Fatalf("%s, plain: %s, %d bytes left", name, diff, plain.in.Len())
						}
					}
				}
			}
		})
	}
}

// TestRoundTripInside sends a part of an image that does not begin at 0,0, at every level, and changes formats
// and levels on the way.
func TestRoundTripInside(t *testing.T) {
	whole := desktopScreen(300, 280)
	m := &Image{Pix: whole.Pix, Stride: whole.Stride, Rect: whole.Rect.Add(image.Pt(40, 70))}
	e, d := new(Encoder), newDecoder(Native)
	for _, level := range []int{-1, 0, 1, 2, 5, 9, 10} {
		e.Level = level
		for _, f := range formats {
			e.Format, d.Format = f.PixelFormat, f.PixelFormat
			for _, enc := range encodings {
				r := image.Rect(51, 79, 51+17*(level+2), 79+20*(level+2))
				buf, _ := e.Append(nil, enc, m, r)
				got := NewImage(m.Rect)
				if _, err := decodeAll(d, buf, got); err != nil {
					t.Fatalf("level %d %s %v: %v", level, f.name, enc, err)
				}
				for y := r.Min.Y; y < min(r.Max.Y, m.Rect.Max.Y); y++ {
					for x, px := range m.Row(r.Min.X, r.Max.X, y) {
						if got := got.Row(r.Min.X, r.Max.X, y)[x]; got != quantised(f.PixelFormat, px) {
							t.Fatalf("level %d %s %v: at %d,%d %06x of %06x", level, f.name, enc, x, y, got, px)
						}
					}
				}
			}
		}
	}
}

func TestAppendCutsToTheImage(t *testing.T) {
	m := textScreen(100, 50)
	var e Encoder
	if buf, n := e.Append(nil, EncodingRaw, m, image.Rect(100, 0, 120, 50)); len(buf) != 0 || n != 0 {
		t.Errorf("%d bytes and %d rectangles of nothing", len(buf), n)
	}
	if buf, _ := e.Append(nil, EncodingRaw, m, image.Rect(90, 40, 120, 99)); len(buf) != 12+10*10*4 {
		t.Errorf("%d bytes of 10x10 pixels", len(buf))
	}
	if buf, _ := e.Append(nil, EncodingCursor, m, m.Rect); Encoding(binary.BigEndian.Uint32(buf[8:])) != EncodingRaw {
		t.Error("an encoding that we do not have was not sent as Raw")
	}
}

func TestCopyRect(t *testing.T) {
	for _, to := range []image.Point{{3, 2}, {17, 2}, {10, 1}, {10, 25}, {10, 12}, {9, 11}, {11, 13}} {
		from := image.Rect(10, 12, 40, 44)
		m := noiseScreen(60, 70)
		want := noiseScreen(60, 70)
		source := noiseScreen(60, 70)
		r := from.Add(to.Sub(from.Min))
		for y := range r.Dy() {
			copy(want.Row(r.Min.X, r.Max.X, r.Min.Y+y), source.Row(from.Min.X, from.Max.X, from.Min.Y+y))
		}
		if _, err := decodeAll(newDecoder(Native), AppendCopyRect(nil, r, from.Min), m); err != nil {
			t.Fatal(err)
		}
		if diff := firstDifference(m, want); diff != "" {
			t.Errorf("from %v to %v: %s", from, r, diff)
		}
	}
}

// TestEncoderAllocatesNothing after the first frames.
func TestEncoderAllocatesNothing(t *testing.T) {
	m := desktopScreen(320, 200)
	for i, f := range formats {
		if i%2 != 0 {
			continue // the others go the same ways
		}
		for _, quality := range []int{-1, 8} {
			for _, enc := range encodings {
				e := &Encoder{Gradient: true, Format: f.PixelFormat, JPEG: QualityLevel(quality), Level: -1}
				var buf []byte
				frame := func() { e.Lossy = e.Lossy[:0]; buf, _ = e.Append(buf[:0], enc, m, m.Rect) }
				frame()
				frame()
				if n := testing.AllocsPerRun(2, frame); n > 0 {
					t.Errorf("%s quality %d %v: %v allocations a frame", f.name, quality, enc, n)
				}
			}
		}
	}
}

func TestDecoderAllocatesNothing(t *testing.T) {
	m := desktopScreen(640, 400)
	for _, enc := range encodings {
		if enc == EncodingTightPNG {
			continue // the standard library allocates
		}
		e, d, got := &Encoder{JPEG: QualityLevel(8), Level: -1}, newDecoder(Native), NewImage(m.Rect)
		if _, ok := any(&d.tight.jpeg).(*goJPEG); ok {
			e.JPEG = JPEG{}
		}
		br := bufio.NewReaderSize(nil, 1<<16)
		var buf []byte
		in := bytes.NewReader(nil)
		frame := func() {
			e.Lossy = e.Lossy[:0]
			buf, _ = e.Append(buf[:0], enc, m, m.Rect)
			in.Reset(buf)
			br.Reset(in)
			for br.Buffered() > 0 || in.Len() > 0 {
				h, _ := br.Peek(12)
				u16 := func(i int) int { return int(binary.BigEndian.Uint16(h[i:])) }
				r := image.Rect(u16(0), u16(2), u16(0)+u16(4), u16(2)+u16(6))
				enc := Encoding(binary.BigEndian.Uint32(h[8:]))
				br.Discard(12)
				if err := d.Decode(br, enc, r, got); err != nil {
					t.Fatal(err)
				}
			}
		}
		frame()
		if n := testing.AllocsPerRun(2, frame); n > 0 {
			t.Errorf("%v: %v allocations a frame", enc, n)
		}
	}
}
