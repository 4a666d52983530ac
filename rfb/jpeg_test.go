package rfb

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"testing"
)

// psnr compares a part of two images, in dB.
func psnr(a, b *Image, r image.Rectangle) float64 {
	sum := 0.0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		rowA, rowB := a.Row(r.Min.X, r.Max.X, y), b.Row(r.Min.X, r.Max.X, y)
		for x := range rowA {
			for shift := 0; shift < 24; shift += 8 {
				d := float64(rowA[x]>>shift&255) - float64(rowB[x]>>shift&255)
				sum += d * d
			}
		}
	}
	return 10 * math.Log10(255*255/(sum/float64(3*r.Dx()*r.Dy())))
}

// TestJPEG has each library read what the other wrote, within an image that it must leave alone elsewhere.
func TestJPEG(t *testing.T) {
	m := photoScreen(150, 120)
	type codec interface {
		compress(dst []byte, m *Image, r image.Rectangle, how JPEG) ([]byte, error)
		decompress(data []byte, m *Image, r image.Rectangle) error
	}
	codecs := map[string]codec{"ours": new(jpegCodec), "image/jpeg": new(goJPEG)}
	for _, r := range []image.Rectangle{m.Rect, image.Rect(20, 30, 21, 31), image.Rect(3, 5, 100, 38), image.Rect(149, 0, 150, 120)} {
		for wrote, writer := range codecs {
			for read, reader := range codecs {
				for level, l := range qualityLevels {
					packed, err := writer.compress([]byte("before"), m, r, l)
					if err != nil || string(packed[:6]) != "before" {
						t.Fatalf("%s: %v", wrote, err)
					}
					got := NewImage(m.Rect)
					if err := reader.decompress(packed[6:], got, r); err != nil {
						t.Fatalf("%s by %s: %v", wrote, read, err)
					}
					for _, px := range got.Pix {
						if px>>24 != 0 {
							t.Fatalf("%s leaves a pixel %08x", read, px)
						}
					}
					if p := psnr(m, got, r); p < 24+float64(level) {
						t.Errorf("%s by %s, level %d of %v: %.1f dB", wrote, read, level, r, p)
					}
					got.fill(r, 0)
					if diff := firstDifference(got, NewImage(m.Rect)); diff != "" {
						t.Errorf("%s painted outside of %v: %s", read, r, diff)
					}
				}
			}
		}
	}
}

// TestGreyJPEG reads what only other servers send: JPEG without colour.
func TestGreyJPEG(t *testing.T) {
	// image/jpeg writes one component for an image.Gray; both readers must spread it over three.
	packed := greyJPEG(40, 30)
	a, b := NewImage(image.Rect(0, 0, 40, 30)), NewImage(image.Rect(0, 0, 40, 30))
	if err := new(jpegCodec).decompress(packed, a, a.Rect); err != nil {
		t.Fatal(err)
	}
	if err := new(goJPEG).decompress(packed, b, b.Rect); err != nil {
		t.Fatal(err)
	}
	if p := psnr(a, b, a.Rect); p < 40 {
		t.Errorf("%.1f dB apart", p)
	}
	if a.Pix[0] == a.Pix[39] {
		t.Error("no picture")
	}
}

func greyJPEG(w, h int) []byte {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % w * 6)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}
