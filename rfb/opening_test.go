package rfb

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
)

// TestOpening codes pieces by three Encoders after one has opened the streams, mixes their order, and has one decoder
// make a picture of them.
func TestOpening(t *testing.T) {
	m := desktopScreen(400, 300)
	for _, f := range formats {
		for _, enc := range encodings {
			for _, jpeg := range []JPEG{{}, {Sampling: SamplingGrey}} {
				if jpeg.Sampling == SamplingGrey && enc != EncodingTight {
					continue
				}
				name := fmt.Sprintf("%s %v %v", f.name, enc, jpeg)
				var coders [3]Encoder
				for i := range coders {
					coders[i] = Encoder{Format: f.PixelFormat, JPEG: jpeg, Level: 2, Gradient: true, Opened: true}
				}
				first := Encoder{Format: f.PixelFormat, JPEG: jpeg, Level: 2}
				buf, n := first.AppendOpening(nil, enc, &Image{m.Pix[20*m.Stride+30:], m.Stride, image.Rect(30, 20, 100, 21)})
				if (n == 0) != (first.streams(enc) == nil) || !first.IsOpen(enc) {
					t.Errorf("%s: opened by %d rectangles", name, n)
				}
				if again, n := first.AppendOpening(nil, enc, m); n > 0 || len(again) > 0 {
					t.Errorf("%s: opened twice", name)
				}
				var parcels [][]byte
				for y := 0; y < 300; y += 75 {
					for x := 0; x < 400; x += 100 {
						b, _ := coders[len(parcels)%3].Append(nil, enc, m, image.Rect(x, y, x+100, y+75))
						parcels = append(parcels, b)
					}
				}
				rand.Shuffle(len(parcels), func(i, j int) { parcels[i], parcels[j] = parcels[j], parcels[i] })
				buf = append(buf, bytes.Join(parcels, nil)...)
				got, want := NewImage(m.Rect), NewImage(m.Rect)
				if _, err := decodeAll(newDecoder(f.PixelFormat), buf, got); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if copy(want.Pix, m.Pix); jpeg.Sampling == SamplingGrey {
					greys(want.Pix, m.Pix)
				}
				for i, px := range want.Pix {
					want.Pix[i] = quantised(f.PixelFormat, px)
				}
				if diff := firstDifference(got, want); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		}
	}
}
