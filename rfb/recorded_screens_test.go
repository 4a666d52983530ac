package rfb

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// recordedScreens are those of ../testdata/screens: what moves from frame to frame comes in two.
var recordedScreens = []struct {
	name   string
	frames []string
}{
	{"text", []string{"text"}}, {"bitmap text", []string{"bitmap-text"}}, {"page", []string{"page"}}, {"photo", []string{"photo"}},
	{"gradient", []string{"gradient"}}, {"video", []string{"video-1", "video-2"}}, {"mixed", []string{"mixed"}},
	{"drag", []string{"drag-1", "drag-2"}},
}

func recordedScreen(t testing.TB, name string) *Image {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", "screens", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	m := NewImage(picture.Bounds())
	paintPNG(m, m.Rect, picture)
	return m
}

// TestRecordedScreens sends each in every encoding without loss.
func TestRecordedScreens(t *testing.T) {
	for _, s := range recordedScreens {
		name := s.frames[0]
		m := recordedScreen(t, name)
		for _, enc := range encodings {
			buf, n := (&Encoder{Level: -1, Gradient: true}).Append(nil, enc, m, m.Rect)
			got := NewImage(m.Rect)
			if rects, err := decodeAll(newDecoder(Native), buf, got); err != nil || rects != n {
				t.Fatalf("%s as %v: %d of %d rectangles: %v", name, enc, rects, n, err)
			}
			if diff := firstDifference(got, m); diff != "" {
				t.Errorf("%s as %v: %s", name, enc, diff)
			}
			if raw := rectHeader + 4*len(m.Pix); len(buf) > raw+raw/500 {
				t.Errorf("%s as %v: %d bytes, raw %d", name, enc, len(buf), raw)
			}
		}
	}
}

// coder is an encoding with its settings, under the name that benchmarks have.
type coder struct {
	name string
	enc  Encoding
	set  Encoder
}

func coders() []coder {
	all := []coder{
		{"Tight-JPEG8", EncodingTight, Encoder{Level: -1, JPEG: QualityLevel(8)}},
		{"Tight-gradient", EncodingTight, Encoder{Level: -1, Gradient: true}},
		{"Tight-NoZlib", EncodingTight, Encoder{NoZlib: true}},
		{"TightPNG-JPEG8", EncodingTightPNG, Encoder{Level: -1, JPEG: QualityLevel(8)}},
		{"ZRLE+JPEG8", EncodingZRLE, Encoder{Level: -1, JPEG: QualityLevel(8), Photos: true}},
	}
	for _, enc := range encodings {
		all = append(all, coder{enc.String(), enc, Encoder{Level: -1}})
	}
	return all
}

// TestScreensAllocateNothing, in any encoding, after the first frames.
func TestScreensAllocateNothing(t *testing.T) {
	frames := []*Image{recordedScreen(t, "drag-1"), recordedScreen(t, "drag-2")}
	for _, c := range coders() {
		e, i := c.set, 0
		var buf []byte
		frame := func() {
			m := frames[i%2]
			e.Lossy = e.Lossy[:0]
			buf, _ = e.Append(buf[:0], c.enc, m, image.Rect(100, 100, 612, 420))
			i++
		}
		frame()
		frame()
		if n := testing.AllocsPerRun(2, frame); n > 0 {
			t.Errorf("%s: %v allocations a frame", c.name, n)
		}
	}
}

// BenchmarkScreens encodes the recorded screens, whole.
func BenchmarkScreens(b *testing.B) {
	for _, c := range coders() {
		for _, s := range recordedScreens {
			b.Run(fmt.Sprintf("%s/%s", c.name, s.name), func(b *testing.B) {
				var frames []*Image
				for _, name := range s.frames {
					frames = append(frames, recordedScreen(b, name))
				}
				e, total, i := c.set, 0, 0
				var buf []byte
				frame := func() {
					m := frames[i%len(frames)]
					e.Lossy = e.Lossy[:0]
					buf, _ = e.Append(buf[:0], c.enc, m, m.Rect)
					total += len(buf)
					i++
				}
				frame() // what is allocated once
				frame()
				total, i = 0, 0
				b.ReportAllocs()
				for b.Loop() {
					frame()
				}
				reportFrames(b, frames[0].Rect, i, total)
			})
		}
	}
}

// reportFrames reports bytes a frame and milliseconds a million pixels.
func reportFrames(b *testing.B, r image.Rectangle, frames, bytes int) {
	pixels := float64(frames) * float64(r.Dx()*r.Dy())
	b.ReportMetric(float64(b.Elapsed().Microseconds())*1e3/pixels, "ms/Mpixel")
	b.ReportMetric(float64(bytes)/float64(frames), "B/frame")
	b.ReportMetric(0, "ns/op")
}
