//go:build linux

package x11

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/jezek/xgb/xproto"
)

// A big square pointer, with its tip in the middle.
func squarePointer(t *testing.T, p *Panel) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 41, 41))
	draw.Draw(picture, image.Rect(10, 10, 31, 31), image.NewUniform(color.RGBA{0x12, 0x34, 0x56, 0xff}), image.Point{}, draw.Src)
	if err := p.SetPointer(picture, image.Pt(20, 20)); err != nil {
		t.Fatal(err)
	}
}

// sees waits until a place on the screen has a colour, or has it no more.
func (p *painter) sees(at image.Point, colour uint32, want bool) {
	p.t.Helper()
	eventually(p.t.(*testing.T), "the colour on the screen", func() bool {
		m := p.shown()
		return (m.pix[at.Y*m.size.X+at.X] == colour) == want
	})
}

func TestOverlay(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel := p.open().panel(t)
	squarePointer(t, panel)
	p.fill(image.Rect(0, 0, 640, 480), 0x777777)
	for range 5 { // somebody else wants to be on top
		w := p.window()
		xproto.ConfigureWindow(p.conn, w, 15, []uint32{100, 100, 200, 200})
		xproto.MapWindow(p.conn, w)
	}
	panel.Point(image.Pt(150, 150))
	panel.Stroke(image.Pt(110, 200), image.Pt(400, 200))
	p.sees(image.Pt(150, 150), 0x123456, true)
	p.sees(image.Pt(300, 200), inkColour, true)
	p.sees(image.Pt(300, 204), haloColour, true)
	p.sees(image.Pt(310, 150), 0x777777, true)
	w := p.window()
	xproto.ConfigureWindow(p.conn, w, 15, []uint32{100, 100, 200, 200})
	xproto.MapWindow(p.conn, w)
	p.sees(image.Pt(150, 150), 0x123456, true)
	panel.Clear()
	p.sees(image.Pt(300, 200), inkColour, false)
}
