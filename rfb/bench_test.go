package rfb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"testing"
)

// benchScreens are what the benchmarks encode in turn, frame by frame, so that every frame is news.
func benchFrames(name string) []*Image {
	const w, h = 1280, 800
	var draw func(w, h int) *Image
	for _, s := range screens {
		if s.name == name {
			draw = s.draw
		}
	}
	tall := draw(w, h+48)
	var frames []*Image
	for scrolled := 0; scrolled <= 48; scrolled += 16 {
		m := NewImage(solidScreen(w, h).Rect)
		copy(m.Pix, tall.Pix[scrolled*w:])
		frames = append(frames, m)
	}
	return frames
}

type benchCase struct {
	enc     Encoding
	quality int
}

var benchCases = []benchCase{{EncodingTight, 8}, {EncodingTight, -1}, {EncodingZRLE, -1}, {EncodingHextile, -1}, {EncodingZlib, -1}, {EncodingRaw, -1}}

var benchScreens = []string{"solid", "text", "smooth text", "desktop", "palette", "photo"}

func BenchmarkEncode(b *testing.B) {
	for _, c := range benchCases {
		for _, name := range benchScreens {
			b.Run(fmt.Sprintf("%v%d/%s", c.enc, c.quality, name), func(b *testing.B) {
				frames := benchFrames(name)
				e := &Encoder{JPEG: QualityLevel(c.quality), Level: -1}
				var buf []byte
				i, total := 0, 0
				for b.Loop() {
					m := frames[i%len(frames)]
					e.Lossy = e.Lossy[:0]
					buf, _ = e.Append(buf[:0], c.enc, m, m.Rect)
					total += len(buf)
					i++
				}
				report(b, frames[0], i, total)
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range benchCases {
		for _, name := range benchScreens {
			b.Run(fmt.Sprintf("%v%d/%s", c.enc, c.quality, name), func(b *testing.B) {
				frames := benchFrames(name)
				e := &Encoder{JPEG: QualityLevel(c.quality), Level: -1}
				buf, _ := e.Append(nil, c.enc, frames[0], frames[0].Rect)
				d, m := newDecoder(Native), NewImage(frames[0].Rect)
				i := 0
				for b.Loop() {
					for k := range d.tight.streams {
						d.tight.streams[k].reset()
					}
					d.zrle.reset()
					d.zlib.reset()
					if _, err := decodeAll(d, buf, m); err != nil {
						b.Fatal(err)
					}
					i++
				}
				report(b, m, i, i*len(buf))
			})
		}
	}
}

func report(b *testing.B, m *Image, frames, bytes int) {
	b.ReportMetric(float64(frames)*float64(len(m.Pix))/1e6/b.Elapsed().Seconds(), "Mpixel/s")
	b.ReportMetric(float64(bytes)/float64(frames), "B/frame")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkJPEG compares the two libraries on one rectangle of a photo.
func BenchmarkJPEG(b *testing.B) {
	m := photoScreen(1024, 64)
	b.Run("libjpeg-turbo or what there is/compress", func(b *testing.B) {
		var j jpegCodec
		var buf []byte
		n := 0
		for ; b.Loop(); n++ {
			buf, _ = j.compress(buf[:0], m, m.Rect, QualityLevel(8))
		}
		report(b, m, n, n*len(buf))
	})
	b.Run("ours/compress", func(b *testing.B) {
		var j goJPEG
		var buf []byte
		n := 0
		for ; b.Loop(); n++ {
			buf, _ = j.compress(buf[:0], m, m.Rect, QualityLevel(8))
		}
		report(b, m, n, n*len(buf))
	})
	b.Run("image-jpeg at less colour/compress", func(b *testing.B) {
		rgba := image.NewRGBA(m.Rect)
		for i, px := range m.Pix {
			binary.BigEndian.PutUint32(rgba.Pix[4*i:], px<<8|0xff)
		}
		var out sink
		n := 0
		for ; b.Loop(); n++ {
			out.b = out.b[:0]
			if err := jpeg.Encode(&out, rgba, &jpeg.Options{Quality: QualityLevel(8).Quality}); err != nil {
				b.Fatal(err)
			}
		}
		report(b, m, n, n*len(out.b))
	})
	var j jpegCodec
	packed, err := j.compress(nil, m, m.Rect, QualityLevel(8))
	if err != nil {
		b.Fatal(err)
	}
	for name, decompress := range map[string]func([]byte, *Image) error{
		"libjpeg-turbo or what there is": func(p []byte, m *Image) error { return j.decompress(p, m, m.Rect) },
		"image-jpeg":                     func(p []byte, m *Image) error { return new(goJPEG).decompress(p, m, m.Rect) },
	} {
		b.Run(name+"/decompress", func(b *testing.B) {
			n := 0
			for ; b.Loop(); n++ {
				if err := decompress(bytes.Clone(packed), m); err != nil {
					b.Fatal(err)
				}
			}
			report(b, m, n, n*len(packed))
		})
	}
}
