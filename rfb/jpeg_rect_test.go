package rfb

import (
	"bufio"
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"testing"
)

// photoBesideText has a photo at the right of text.
func photoBesideText() *Image {
	m, photo := textScreen(512, 256), photoScreen(512, 256)
	for y := range 256 {
		copy(m.Row(256, 512, y), photo.Row(256, 512, y))
	}
	return m
}

// TestJPEGBesideOthers: photos go as EncodingJPEG, and text as the viewer's encoding without loss, exactly.
func TestJPEGBesideOthers(t *testing.T) {
	m := photoBesideText()
	for _, enc := range encodings {
		if enc == EncodingTight || enc == EncodingTightPNG {
			continue // have their own
		}
		e := &Encoder{Level: -1, JPEG: QualityLevel(8), Photos: true}
		buf, n := e.Append(nil, enc, m, m.Rect)
		d, got := newDecoder(Native), NewImage(m.Rect)
		if rects, err := decodeAll(d, buf, got); err != nil || rects != n {
			t.Fatalf("%v: %d of %d: %v", enc, rects, n, err)
		}
		left := image.Rect(0, 0, 256, 256)
		if diff := firstDifference(cut(got, left), cut(m, left)); diff != "" {
			t.Errorf("%v: text %s", enc, diff)
		}
		if p := psnr(got, m, image.Rect(256, 0, 512, 256)); p < 38 {
			t.Errorf("%v: photo of %.1f dB", enc, p)
		}
		if len(e.Lossy) != 1 || e.Lossy[0] != image.Rect(256, 0, 512, 256) {
			t.Errorf("%v: lossy %v", enc, e.Lossy)
		}
		for _, e := range []*Encoder{{Level: -1, JPEG: QualityLevel(8)}, {Level: -1, Photos: true}, {Format: map8, JPEG: QualityLevel(8), Photos: true}} {
			buf, _ := e.Append(nil, enc, m, m.Rect)
			if bytes.Contains(buf, []byte("\x00\x00\x00\x15\xff\xd8")) || e.Lossy != nil {
				t.Errorf("%v: JPEG for %+v", enc, e.JPEG)
			}
		}
	}
}

// cut copies r out of m.
func cut(m *Image, r image.Rectangle) *Image {
	c := NewImage(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(c.Row(r.Min.X, r.Max.X, y), m.Row(r.Min.X, r.Max.X, y))
	}
	return c
}

// TestJPEGTables: the tables go once, and again when the quality changes.
func TestJPEGTables(t *testing.T) {
	m := photoScreen(64, 64)
	e, d := &Encoder{Photos: true}, newDecoder(Native)
	for i, tt := range []struct {
		level          int
		huffman, quant bool
	}{{8, true, true}, {8, false, false}, {3, false, true}, {3, false, false}, {8, false, true}} {
		e.JPEG = QualityLevel(tt.level)
		buf, _ := e.Append(nil, EncodingRaw, m, m.Rect)
		if huffman := bytes.Contains(buf, []byte("\xff\xc4\x00")); huffman != tt.huffman {
			t.Errorf("%d: Huffman tables: %v", i, huffman)
		}
		if quant := bytes.Contains(buf, []byte("\xff\xdb\x00")); quant != tt.quant {
			t.Errorf("%d: quantization tables: %v", i, quant)
		}
		got := NewImage(m.Rect)
		if _, err := decodeAll(d, buf, got); err != nil {
			t.Fatal(err)
		}
		if p := psnr(got, m, m.Rect); p < 24+float64(tt.level) {
			t.Errorf("%d: %.1f dB", i, p)
		}
		if b := buf[rectHeader:]; string(b[:2]) != "\xff\xd8" || string(b[len(b)-2:]) != "\xff\xd9" {
			t.Errorf("%d: JPEG from %x to %x", i, b[:2], b[len(b)-2:])
		}
	}
}

// TestForeignJPEG reads a JPEG of the standard library's of many stuffed bytes, and then what follows it.
func TestForeignJPEG(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 70, 50))
	for i := range picture.Pix {
		picture.Pix[i] = byte(i*i>>3) | 0x80
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b.Bytes(), []byte{0xff, 0}) {
		t.Fatal("no stuffed byte: a poor test")
	}
	want, err := jpeg.Decode(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("next")
	br := bufio.NewReaderSize(&b, 16)
	m := NewImage(picture.Rect)
	if err := newDecoder(Native).Decode(br, EncodingJPEG, m.Rect, m); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(br); err != nil || string(rest) != "next" {
		t.Errorf("left %q, %v", rest, err)
	}
	paint := NewImage(m.Rect)
	paintPNG(paint, m.Rect, want)
	if p := psnr(m, paint, m.Rect); p < 40 {
		t.Errorf("%.1f dB", p)
	}
}

// TestJPEGWithoutTables: one that leaves out tables that no one had before is damaged.
func TestJPEGWithoutTables(t *testing.T) {
	m := photoScreen(64, 64)
	e := &Encoder{Photos: true, JPEG: QualityLevel(8)}
	e.Append(nil, EncodingRaw, m, m.Rect)
	buf, _ := e.Append(nil, EncodingRaw, m, m.Rect)
	if _, err := decodeAll(newDecoder(Native), buf, NewImage(m.Rect)); !errors.Is(err, errDamagedJPEG) {
		t.Error(err)
	}
}
