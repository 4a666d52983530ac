package rfb

import (
	"bufio"
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"
	"testing"
)

// arrow is a shape with a half transparent edge, of colours that premultiplying has darkened.
func arrow() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 13, 9))
	for y := range 9 {
		for x := range 13 {
			alpha := uint8(0)
			switch {
			case x < y:
				alpha = 255
			case x == y:
				alpha = 160
			case x == y+1:
				alpha = 100
			}
			m.Set(x, y, color.NRGBA{uint8(20 * x), 200, uint8(25 * y), alpha})
		}
	}
	return m
}

func TestCursor(t *testing.T) {
	for _, f := range formats {
		e, d, shape := &Encoder{Format: f.PixelFormat}, newDecoder(f.PixelFormat), arrow()
		buf := e.AppendCursor(nil, shape, image.Pt(2, 1))
		if want := "\x00\x02\x00\x01\x00\x0d\x00\x09\xff\xff\xff\x11"; string(buf[:12]) != want {
			t.Fatalf("%s: header %x", f.name, buf[:12])
		}
		in := bytes.NewReader(buf[12:])
		got, err := d.Cursor(bufio.NewReaderSize(in, 16), image.Rect(2, 1, 15, 10))
		if err != nil || in.Len() > 0 {
			t.Fatalf("%s: %v, %d bytes left", f.name, err, in.Len())
		}
		for y := range 9 {
			for x := range 13 {
				c := got.RGBAAt(x, y)
				if x > y {
					if c != (color.RGBA{}) {
						t.Errorf("%s: %v at %d,%d, where nothing is", f.name, c, x, y)
					}
					continue
				}
				p := shape.RGBAAt(x, y) // its colour as it was before the alpha, within rounding
				straight := func(v uint8) uint32 { return (uint32(v)*255 + uint32(p.A)/2) / uint32(p.A) }
				want := quantised(f.PixelFormat, straight(p.R)<<16|straight(p.G)<<8|straight(p.B))
				if got := uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B); got != want || c.A != 255 {
					t.Errorf("%s: %06x at %d,%d, not %06x", f.name, got, x, y, want)
				}
			}
		}
	}
}

func TestNoCursor(t *testing.T) {
	var e Encoder
	want := "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x11"
	for _, shape := range []*image.RGBA{nil, {}, image.NewRGBA(image.Rect(0, 0, maxCursorSide+1, 1))} {
		if got := string(e.AppendCursor(nil, shape, image.Point{})); got != want {
			t.Errorf("%x", got)
		}
	}
	if got, err := newDecoder(Native).Cursor(bufio.NewReader(bytes.NewReader(nil)), image.Rectangle{}); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestCursorHotspotStaysInside(t *testing.T) {
	var e Encoder
	if got := e.AppendCursor(nil, arrow(), image.Pt(-3, 500))[:4]; string(got) != "\x00\x00\x00\x08" {
		t.Errorf("hotspot %x", got)
	}
}

func TestCursorFromASubImage(t *testing.T) {
	var e Encoder
	whole := arrow()
	part := whole.SubImage(image.Rect(1, 3, 6, 8)).(*image.RGBA)
	buf := e.AppendCursor(nil, part, image.Pt(0, 0))
	got, err := newDecoder(Native).Cursor(bufio.NewReader(bytes.NewReader(buf[12:])), image.Rect(0, 0, 5, 5))
	if err != nil {
		t.Fatal(err)
	}
	if got.RGBAAt(0, 0) != whole.RGBAAt(1, 3) || got.RGBAAt(4, 0).A != 0 {
		t.Errorf("%v and %v", got.RGBAAt(0, 0), got.RGBAAt(4, 0))
	}
}

func TestHostileCursor(t *testing.T) {
	in := bufio.NewReader(bytes.NewReader(zeros(100)))
	if _, err := newDecoder(Native).Cursor(in, image.Rect(0, 0, 1025, 1)); !errors.Is(err, errCursorSize) {
		t.Errorf("1025 wide: %v", err)
	}
	if _, err := newDecoder(Native).Cursor(in, image.Rect(0, 0, 65535, 65535)); !errors.Is(err, errCursorSize) {
		t.Errorf("65535x65535: %v", err)
	}
	if _, err := newDecoder(Native).Cursor(in, image.Rect(0, 0, 32, 32)); err != io.ErrUnexpectedEOF {
		t.Errorf("cut short: %v", err)
	}
}
