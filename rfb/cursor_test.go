package rfb

import (
	"bufio"
	"bytes"
	"errors"
	"image"
	"image/color"
	"io"
	"strings"
	"testing"
)

var cursorEncodings = []Encoding{EncodingCursor, EncodingXCursor, EncodingCursorAlpha, EncodingVMwareCursor}

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
		buf := e.AppendCursor(nil, EncodingCursor, shape, image.Pt(2, 1))
		if want := "\x00\x02\x00\x01\x00\x0d\x00\x09\xff\xff\xff\x11"; string(buf[:12]) != want {
			t.Fatalf("%s: header %x", f.name, buf[:12])
		}
		in := bytes.NewReader(buf[12:])
		got, err := d.Cursor(bufio.NewReaderSize(in, 16), EncodingCursor, image.Rect(2, 1, 15, 10))
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

// TestNoCursor hides the pointer: by an empty rectangle or, where viewers differ on what follows that, by a pixel of nothing.
func TestNoCursor(t *testing.T) {
	var e Encoder
	for enc, want := range map[Encoding]string{
		EncodingCursor:       "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x11",
		EncodingXCursor:      "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\x10",
		EncodingCursorAlpha:  "\x00\x00\x00\x00\x00\x01\x00\x01\xff\xff\xfe\xc6" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00",
		EncodingVMwareCursor: "\x00\x00\x00\x00\x00\x01\x00\x01\x57\x4d\x56\x64" + "\x01\x00" + "\x00\x00\x00\x00",
	} {
		for _, shape := range []*image.RGBA{nil, {}} {
			if got := string(e.AppendCursor(nil, enc, shape, image.Pt(3, 3))); got != want {
				t.Errorf("%v: %x", enc, got)
			}
		}
		r := image.Rect(0, 0, int(want[5]), int(want[7]))
		got, err := newDecoder(Native).Cursor(bufio.NewReader(strings.NewReader(want[12:])), enc, r)
		if err != nil || got != nil && got.RGBAAt(0, 0) != (color.RGBA{}) {
			t.Errorf("%v: %v, %v", enc, got, err)
		}
	}
}

// TestLargeCursor sends what viewers take of it: what is around the hotspot.
func TestLargeCursor(t *testing.T) {
	whole := image.NewRGBA(image.Rect(0, 0, 300, 700))
	whole.SetRGBA(290, 400, color.RGBA{1, 2, 3, 255})
	for _, enc := range cursorEncodings {
		buf := new(Encoder).AppendCursor(nil, enc, whole, image.Pt(290, 400))
		if want := "\x00\xf6\x00\x80\x01\x00\x01\x00"; string(buf[:8]) != want {
			t.Errorf("%v: header %x", enc, buf[:12])
		}
		got, err := newDecoder(Native).Cursor(bufio.NewReader(bytes.NewReader(buf[12:])), enc, image.Rect(0, 0, 256, 256))
		if err != nil || got.RGBAAt(246, 128) != (color.RGBA{1, 2, 3, 255}) || got.RGBAAt(245, 128).A != 0 {
			t.Errorf("%v: %v: %v", enc, err, got.RGBAAt(246, 128))
		}
	}
}

// TestAlphaCursors keep half transparent pixels as they are.
func TestAlphaCursors(t *testing.T) {
	shape := arrow()
	for enc, near := range map[Encoding]int{EncodingCursorAlpha: 0, EncodingVMwareCursor: 1} {
		buf := new(Encoder).AppendCursor(nil, enc, shape, image.Pt(2, 1))
		in := bytes.NewReader(buf[12:])
		got, err := newDecoder(map8).Cursor(bufio.NewReaderSize(in, 16), enc, image.Rect(2, 1, 15, 10))
		if err != nil || in.Len() > 0 {
			t.Fatalf("%v: %v, %d bytes left", enc, err, in.Len())
		}
		for i, v := range shape.Pix {
			if d := int(v) - int(got.Pix[i]); max(d, -d) > near {
				t.Errorf("%v: byte %d is %d, not %d", enc, i, got.Pix[i], v)
			}
		}
	}
	buf := new(Encoder).AppendCursor(nil, EncodingVMwareCursor, shape, image.Point{})
	if px := string(buf[12+2+4*13:][:4]); px != "\x00\xc8\x19\xff" {
		t.Errorf("the second row's first pixel is %x", px)
	}
	if half := buf[12+2+4*(4*13+4):][:4]; half[3] != 160 || half[1] < 199 || half[1] > 201 {
		t.Errorf("a half transparent pixel is %v: it must not be premultiplied", half)
	}
}

// TestXCursor sends a shape of two colours exactly, and others by their dark and light parts.
func TestXCursor(t *testing.T) {
	two := image.NewRGBA(image.Rect(0, 0, 13, 9))
	for i := range len(two.Pix) / 4 {
		switch i % 3 {
		case 0:
			setOpaque(two, i, 0xf0f8ff)
		case 1:
			setOpaque(two, i, 0x102030)
		}
	}
	buf := new(Encoder).AppendCursor(nil, EncodingXCursor, two, image.Point{})
	if want := "\x10\x20\x30\xf0\xf8\xff"; string(buf[12:18]) != want || len(buf) != 12+6+2*2*9 {
		t.Errorf("%d bytes, colours %x", len(buf), buf[12:18])
	}
	got, err := newDecoder(Native).Cursor(bufio.NewReader(bytes.NewReader(buf[12:])), EncodingXCursor, two.Rect)
	if err != nil || !bytes.Equal(got.Pix, two.Pix) {
		t.Errorf("%v: another picture", err)
	}
	one := image.NewRGBA(image.Rect(0, 0, 1, 1))
	setOpaque(one, 0, 0x445566)
	buf = new(Encoder).AppendCursor(nil, EncodingXCursor, one, image.Point{})
	if want := "\x44\x55\x66\x00\x00\x00\x80\x80"; string(buf[12:]) != want {
		t.Errorf("one pixel: %x", buf[12:])
	}
}

// TestVMwareMasks reads what only other servers send: what is below is and-ed with the first, exclusive-or-ed with the second.
func TestVMwareMasks(t *testing.T) {
	data := "\x00\x00" + "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" + "\x33\x22\x11\x00\x00\x00\x00\x00\xff\xff\xff\xff"
	got, err := newDecoder(Native).Cursor(bufio.NewReader(strings.NewReader(data)), EncodingVMwareCursor, image.Rect(0, 0, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\x11\x22\x33\xff\x00\x00\x00\x00\x00\x00\x00\xff"; string(got.Pix) != want {
		t.Errorf("%x", got.Pix)
	}
}

func TestCursorHotspotStaysInside(t *testing.T) {
	var e Encoder
	if got := e.AppendCursor(nil, EncodingCursor, arrow(), image.Pt(-3, 500))[:4]; string(got) != "\x00\x00\x00\x08" {
		t.Errorf("hotspot %x", got)
	}
}

func TestCursorFromASubImage(t *testing.T) {
	var e Encoder
	whole := arrow()
	part := whole.SubImage(image.Rect(1, 3, 6, 8)).(*image.RGBA)
	buf := e.AppendCursor(nil, EncodingCursor, part, image.Pt(0, 0))
	got, err := newDecoder(Native).Cursor(bufio.NewReader(bytes.NewReader(buf[12:])), EncodingCursor, image.Rect(0, 0, 5, 5))
	if err != nil {
		t.Fatal(err)
	}
	if got.RGBAAt(0, 0) != whole.RGBAAt(1, 3) || got.RGBAAt(4, 0).A != 0 {
		t.Errorf("%v and %v", got.RGBAAt(0, 0), got.RGBAAt(4, 0))
	}
}

func TestHostileCursor(t *testing.T) {
	for _, enc := range cursorEncodings {
		in := bufio.NewReader(strings.NewReader(string(zeros(100))))
		if _, err := newDecoder(Native).Cursor(in, enc, image.Rect(0, 0, 1025, 1)); !errors.Is(err, errCursorSize) {
			t.Errorf("%v 1025 wide: %v", enc, err)
		}
		if _, err := newDecoder(Native).Cursor(in, enc, image.Rect(0, 0, 65535, 65535)); !errors.Is(err, errCursorSize) {
			t.Errorf("%v of 65535x65535: %v", enc, err)
		}
		buf := new(Encoder).AppendCursor(nil, enc, arrow(), image.Point{})
		for n := 12; n < len(buf); n++ {
			cut := bufio.NewReader(bytes.NewReader(buf[12:n]))
			if _, err := newDecoder(Native).Cursor(cut, enc, arrow().Rect); err != io.ErrUnexpectedEOF {
				t.Errorf("%v cut after %d: %v", enc, n, err)
			}
		}
	}
	for _, tt := range []struct {
		enc  Encoding
		data string
		want error
	}{
		{EncodingCursorAlpha, "\x00\x00\x00\x07", errCursorEncoding},
		{EncodingVMwareCursor, "\x02\x00", errCursorKind},
	} {
		in := bufio.NewReader(strings.NewReader(tt.data + string(zeros(100))))
		if _, err := newDecoder(Native).Cursor(in, tt.enc, image.Rect(0, 0, 2, 2)); !errors.Is(err, tt.want) {
			t.Errorf("%v: %v", tt.enc, err)
		}
	}
	in := bufio.NewReader(strings.NewReader("\x00\x00\x00\x00\xff\x80\x10\x40"))
	if got, err := newDecoder(Native).Cursor(in, EncodingCursorAlpha, image.Rect(0, 0, 1, 1)); err != nil || got.RGBAAt(0, 0) != (color.RGBA{64, 64, 16, 64}) {
		t.Errorf("a colour stronger than its alpha: %v, %v", got, err)
	}
}
