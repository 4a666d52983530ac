//go:build linux

package x11

import (
	"image"
	"image/color"
	"image/draw"
	"testing"
	"time"
)

// panel opens one that tells the end user's input from ours.
func (d *Desktop) panel(t *testing.T) *Panel {
	t.Helper()
	panel, err := d.OpenPanel()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { panel.Close() })
	return panel
}

// showsBar waits until the corners of the bar are seen, or are not.
func (p *painter) showsBar(at image.Rectangle, colour uint32, want bool) {
	p.t.Helper()
	for end := time.After(20 * time.Second); ; {
		m := p.shown()
		seen := true
		for _, c := range []image.Point{at.Min, {at.Max.X - 1, at.Max.Y - 1}} {
			seen = seen && m.pix[c.Y*m.size.X+c.X] == colour
		}
		if seen == want {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-end:
			p.t.Fatalf("the bar is seen = %v", seen)
		}
	}
}

func TestPanelIsOnTop(t *testing.T) {
	for _, composed := range []bool{false, true} {
		p := startPainter(t, "640x480x24")
		if composed {
			p.compose(t)
		}
		panel, g := p.open().panel(t), p.guest()
		bar := image.NewRGBA(image.Rect(0, 0, 200, 30))
		draw.Draw(bar, bar.Rect, image.NewUniform(color.RGBA{0x12, 0x34, 0x56, 0xff}), image.Point{}, draw.Src)
		if err := panel.Show(bar, image.Rect(0, 0, 640, 480)); err != nil {
			t.Fatal(err)
		}
		at := image.Rect(220, 0, 420, 30)
		p.showsBar(at, 0x123456, true)
		if !panel.Covers(at.Min) || panel.Covers(at.Max) {
			t.Error("it does not know where it is")
		}
		for range 30 { // somebody wants to be above it
			g.open(image.Rect(200, 0, 500, 100), 0x335577, true)
		}
		p.sees(image.Pt(450, 50), 0x335577, true)
		p.showsBar(at, 0x123456, true)
		panel.Close()
		p.showsBar(at, 0x123456, false)
	}
}
