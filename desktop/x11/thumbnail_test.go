//go:build linux

package x11

import (
	"image"
	"image/color"
	"testing"

	"sixgate/desktop"
)

func TestThumbnails(t *testing.T) {
	for _, composed := range []bool{false, true} {
		p := startPainter(t, "640x480x24")
		if composed {
			p.compose(t)
		}
		g := p.guest()
		w := g.open(image.Rect(100, 100, 500, 300), 0x2050a0, false)
		half := g.open(image.Rect(300, 50, 600, 400), 0x609030, false)
		gone := g.open(image.Rect(350, 150, 360, 160), 0x111111, false)
		g.raise(half)
		secret := g.open(image.Rect(100, 100, 120, 300), secretColour, false)
		outside := g.open(image.Rect(-300, -300, -100, -100), 0x123456, false)
		d := p.open()
		eventually(t, "all of the compositor's doing", func() bool {
			m, err := d.Thumbnail(uint32(gone), image.Pt(100, 100))
			return err == nil && (m != nil) == composed
		})
		d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(secret): true}})
		// at is what a thumbnail of 100x50 has at a place, once the compositor has drawn.
		at := func(id uint32, x, y int) (px color.RGBA) {
			t.Helper()
			eventually(t, "the thumbnail", func() bool {
				m, err := d.Thumbnail(id, image.Pt(100, 100))
				if err != nil || m == nil || m.Rect.Dx() > 100 || m.Rect.Dy() > 100 {
					t.Fatalf("%v, %v", m, err)
				}
				px = m.RGBAAt(x, y)
				return px != color.RGBA{A: 0xff}
			})
			return px
		}
		if px := at(uint32(w), 25, 25); px != (color.RGBA{0x20, 0x50, 0xa0, 0xff}) {
			t.Errorf("composed %v: %v", composed, px)
		}
		want, covered := color.RGBA{0xb9, 0xc0, 0xc9, 0xff}, color.RGBA{0xb9, 0xc0, 0xc9, 0xff}
		if composed {
			want = color.RGBA{0x20, 0x50, 0xa0, 0xff}
		}
		if px := at(uint32(w), 90, 25); px != want {
			t.Errorf("composed %v: where another window is, %v", composed, px)
		}
		if px := at(uint32(w), 1, 25); px != want && px != covered {
			t.Errorf("composed %v: where a hidden window is, %v", composed, px)
		}
		if px := at(uint32(secret), 1, 25); px.R > px.G {
			t.Errorf("composed %v: of a hidden window, %v", composed, px)
		}
		if m, err := d.Thumbnail(uint32(gone), image.Pt(100, 100)); err != nil || (m != nil) != composed {
			t.Errorf("composed %v: of a covered window, %v, %v", composed, m, err)
		}
		if m, err := d.Thumbnail(uint32(outside), image.Pt(100, 100)); err != nil || m != nil && !composed {
			t.Errorf("composed %v: of a window outside, %v, %v", composed, m, err)
		}
		if m, err := d.Thumbnail(12345, image.Pt(100, 100)); m != nil || err != nil {
			t.Errorf("of no window, %v, %v", m, err)
		}
	}
}
