package rfb

import (
	"fmt"
	"image"
	"testing"
)

// caption writes lines of text on a photo, in an ink and with soft edges or without, and returns where its letters are.
func caption(m *Image, ink uint32, soft bool) (letters *Image) {
	letters = NewImage(m.Rect)
	mix := func(a, b, of4 uint32) (px uint32) {
		for shift := 0; shift < 24; shift += 8 {
			px |= ((a>>shift&255)*of4 + (b>>shift&255)*(4-of4)) / 4 << shift
		}
		return px
	}
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			line, column := (y+5)/40, (x+3)/8
			l := uint32(line*31+column) | 1
			if (y+5)%40 >= 16 || column%9 > 6 {
				continue
			}
			set := func(dx int) bool {
				gx := (x+3)%8 + dx
				return gx >= 0 && gx < 8 && glyph(l, gx, (y+5)%40)
			}
			px := &m.Row(x, x+1, y)[0]
			switch {
			case set(0):
				*px, letters.Row(x, x+1, y)[0] = ink, 1
			case soft && (set(-1) || set(1)):
				*px, letters.Row(x, x+1, y)[0] = mix(ink, *px, 2), 1
			}
		}
	}
	return letters
}

// TestTextOnAPhoto stays as it is, pixel for pixel and with the pixels around it, at every quality, while the photo goes as JPEG.
func TestTextOnAPhoto(t *testing.T) {
	for _, enc := range []Encoding{EncodingTight, EncodingTightPNG, EncodingZRLE} {
		for _, ink := range []uint32{0xffffff, 0x000000, 0xffee00, 0xff0000} {
			for _, soft := range []bool{false, true} {
				m := photoScreen(500, 300)
				letters := caption(m, ink, soft)
				for _, level := range []int{0, 3, 6, 9} {
					name := fmt.Sprintf("%v ink %06x soft %v level %d", enc, ink, soft, level)
					e := &Encoder{JPEG: QualityLevel(level), Level: 2, Gradient: true, Photos: true}
					buf, _ := e.Append(nil, enc, m, m.Rect)
					got := NewImage(m.Rect)
					if _, err := decodeAll(newDecoder(Native), buf, got); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					smeared, clean := 0, 0
					for y := 1; y < 299; y++ {
						for x := 1; x < 499; x++ {
							around := uint32(0)
							for dy := -1; dy <= 1; dy++ {
								for _, l := range letters.Row(x-1, x+2, y+dy) {
									around |= l
								}
							}
							if around != 0 && got.Row(x, x+1, y)[0] != m.Row(x, x+1, y)[0] {
								smeared++
							} else if around != 0 {
								clean++
							}
						}
					}
					if smeared > 0 {
						t.Errorf("%s: %d pixels are smeared, %d are not", name, smeared, clean)
					}
					covered := 0
					for _, r := range e.Lossy {
						covered += r.Dx() * r.Dy()
					}
					if covered < 500*300*3/4 {
						t.Errorf("%s: only %d pixels of a photo go as JPEG", name, covered)
					}
				}
			}
		}
	}
}

// TestPhotosHaveNoLetters: soft ones, grainy ones and those with edges are sent as JPEG, and nothing of them twice.
func TestPhotosHaveNoLetters(t *testing.T) {
	edges := photoScreen(640, 400) // two photos with a jagged edge between them
	other := photoScreen(640, 500)
	for y := range 400 {
		x := 300 + y*y/700 + y*7919%13
		copy(edges.Row(x, 640, y), other.Row(0, 640-x, y+60))
		for i, px := range edges.Row(x, 640, y) {
			edges.Row(x, 640, y)[i] = px >> 1 & 0x7f7f7f
		}
	}
	for name, m := range map[string]*Image{"photo": photoScreen(640, 400), "edges": edges} {
		e := &Encoder{JPEG: QualityLevel(8), Level: 2, Gradient: true}
		all, _ := tightRects(t, e, m)
		for _, s := range all {
			if s.control != tightJPEG {
				t.Errorf("%s: %v is sent as %02x", name, s.r, s.control)
			}
		}
	}
}

// TestWordsAcrossTiles are kept whole.
func TestWordsAcrossTiles(t *testing.T) {
	for _, at := range []image.Point{{5, 35}, {29, 235}, {61, 115}, {125, 235}, {189, 115}} {
		m := photoScreen(256, 320)
		page := NewImage(m.Rect)
		copy(page.Pix, m.Pix)
		caption(page, 0xffffff, false)
		word := image.Rectangle{at, at.Add(image.Pt(56, 16))}.Intersect(m.Rect)
		for y := word.Min.Y; y < word.Max.Y; y++ {
			copy(m.Row(word.Min.X, word.Max.X, y), page.Row(word.Min.X, word.Max.X, y))
		}
		_, got := tightRects(t, &Encoder{JPEG: QualityLevel(3), Level: 2, Gradient: true}, m)
		for y := word.Min.Y; y < word.Max.Y; y++ {
			for x, px := range m.Row(word.Min.X, word.Max.X, y) {
				if px == 0xffffff && got.Row(word.Min.X, word.Max.X, y)[x] != px {
					t.Fatalf("word at %v: %d,%d is smeared", at, word.Min.X+x, y)
				}
			}
		}
	}
}

// TestWordsBesideAPhoto, whose upper or lower rows are in its tiles and the others in a page's, are kept whole.
func TestWordsBesideAPhoto(t *testing.T) {
	const ink, paper = 0x202020, 0xffffff
	words := caption(photoScreen(256, 256), ink, false) // a line of them from row 35 on, 16 rows high
	for _, edge := range []int{64, 128, 192} {
		for _, row := range []int{1, 2, 4, 8, 12, 15} { // of the words, the first below the edge
			for _, photoAbove := range []bool{true, false} {
				m := photoScreen(256, 256)
				for y := range 256 {
					for x := range 256 {
						if y >= edge == photoAbove {
							m.Row(x, x+1, y)[0] = paper
						}
						if line := y - edge + row; line >= 0 && line < 16 && words.Row(x, x+1, 35+line)[0] != 0 {
							m.Row(x, x+1, y)[0] = ink
						}
					}
				}
				_, got := tightRects(t, &Encoder{JPEG: QualityLevel(0), Level: 2, Gradient: true}, m)
				for y := edge - row; y < edge-row+16; y++ {
					for x, px := range m.Row(0, 256, y) {
						if px == ink && got.Row(x, x+1, y)[0] != px {
							t.Fatalf("edge %d, %d rows above it, photo above %v: %d,%d is smeared", edge, row, photoAbove, x, y)
						}
					}
				}
			}
		}
	}
}
