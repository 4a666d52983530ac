package rfb

import (
	"bufio"
	"bytes"
	"image"
	"testing"
)

// FuzzDecode reads rectangles of one encoding after the other with one decoder: first the format, then for each the
// encoding and the rectangle in a byte each, and then the data.
func FuzzDecode(f *testing.F) {
	kinds := append(append([]Encoding{EncodingCopyRect}, encodings...), EncodingJPEG)
	places := []image.Rectangle{
		image.Rect(0, 0, 1, 1), image.Rect(0, 0, 70, 40), image.Rect(3, 5, 20, 22), image.Rect(0, 0, 300, 200),
		image.Rect(299, 0, 300, 200), image.Rect(0, 7, 300, 8), image.Rect(250, 150, 301, 200), image.Rect(9, 9, 9, 9),
	}
	for i, pf := range formats {
		for k, enc := range kinds[1:] {
			for p, r := range places {
				if r.In(image.Rect(0, 0, 300, 200)) && !r.Empty() && (i+p)%3 == 0 {
					for _, quality := range []int{-1, 5} {
						e := &Encoder{Format: pf.PixelFormat, JPEG: QualityLevel(quality), Level: -1}
						m := screens[(i+k+p)%len(screens)].draw(300, 200)
						buf, n := e.Append([]byte{byte(i), byte(k + 1), byte(p)}, enc, m, r)
						if n == 1 {
							f.Add(append(buf[:3:3], buf[3+12:]...))
						}
					}
				}
			}
		}
	}
	f.Add(append([]byte{0, byte(len(kinds) - 1), 2}, bareJPEG(17, 17)...))
	for _, tt := range hostile {
		for k, enc := range kinds {
			if enc == tt.enc {
				f.Add(append([]byte{0, byte(k), 2}, tt.data...))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		format := formats[int(b[0])%len(formats)].PixelFormat
		in := bytes.NewReader(b[1:])
		br := bufio.NewReader(in)
		d := newDecoder(format)
		const untouched = 0xabcdef
		m := NewImage(image.Rect(0, 0, 300, 200))
		for {
			kind, err := br.ReadByte()
			if err != nil {
				return
			}
			place, err := br.ReadByte()
			if err != nil {
				return
			}
			r := places[int(place)%len(places)]
			for i := range m.Pix {
				m.Pix[i] = untouched
			}
			err = d.Decode(br, kinds[int(kind)%len(kinds)], r, m)
			for i, px := range m.Pix {
				if px>>24 != 0 && err == nil {
					t.Fatalf("pixel %08x", px)
				}
				if px != untouched && !image.Pt(i%300, i/300).In(r) {
					t.Fatalf("painted %d,%d outside of %v", i%300, i/300, r)
				}
			}
			if err != nil {
				return
			}
		}
	})
}

// FuzzPixelFormat: what is accepted converts every colour to the nearest there is, whatever the encoding.
func FuzzPixelFormat(f *testing.F) {
	for _, pf := range formats {
		f.Add(pf.Append(nil), uint32(0x8090a0))
	}
	f.Add([]byte("\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00"), uint32(0xffffff))
	f.Fuzz(func(t *testing.T, b []byte, px uint32) {
		if len(b) < 16 {
			return
		}
		pf, err := ParsePixelFormat((*[16]byte)(b))
		if err != nil {
			return
		}
		if again, err := ParsePixelFormat((*[16]byte)(pf.Append(nil))); err != nil || again != pf {
			t.Fatalf("%+v became %+v: %v", pf, again, err)
		}
		m := solidScreen(20, 2)
		m.fill(image.Rect(0, 0, 20, 1), px&0xffffff)
		e, d, got := &Encoder{Format: pf}, newDecoder(pf), NewImage(m.Rect)
		for _, enc := range encodings {
			buf, _ := e.Append(nil, enc, m, m.Rect)
			if _, err := decodeAll(d, buf, got); err != nil {
				t.Fatalf("%+v %v: %v", pf, enc, err)
			}
			for i, px := range m.Pix {
				if got.Pix[i] != quantised(pf, px) {
					t.Fatalf("%+v %v: %06x became %06x, not %06x", pf, enc, px, got.Pix[i], quantised(pf, px))
				}
			}
		}
	})
}
