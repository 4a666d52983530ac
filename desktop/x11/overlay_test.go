//go:build linux

package x11

import (
	"fmt"
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

// What is pointed at is above all windows, with a compositor and without, and is no obstacle to the mouse.
func TestOverlay(t *testing.T) {
	for _, composed := range []bool{false, true} {
		t.Run(fmt.Sprint("compositor ", composed), func(t *testing.T) {
			p := startPainter(t, "640x480x24")
			if composed {
				p.compose(t)
			}
			d := p.open()
			panel := d.panel(t)
			squarePointer(t, panel)
			g := p.guest()
			w := g.open(image.Rect(100, 100, 500, 400), 0x777777, true)
			const all = xproto.EventMaskButtonPress | xproto.EventMaskKeyPress | xproto.EventMaskPointerMotion | xproto.EventMaskEnterWindow |
				xproto.EventMaskLeaveWindow | xproto.EventMaskFocusChange | xproto.EventMaskStructureNotify
			p.warp(150, 150)
			p.sees(image.Pt(150, 150), 0x777777, true)
			g.sync(xproto.ChangeWindowAttributesChecked(g.conn, w, xproto.CwEventMask, []uint32{all}).Check())

			panel.Point(image.Pt(150, 150)) // where the mouse is
			panel.Stroke(image.Pt(110, 200), image.Pt(400, 200))
			p.sees(image.Pt(150, 150), 0x123456, true)
			p.sees(image.Pt(300, 200), inkColour, true)
			if !composed { // which may cast a shadow on it
				p.sees(image.Pt(300, 204), haloColour, true)
			}
			p.sees(image.Pt(310, 150), 0x777777, true)
			for at := range 50 {
				panel.Point(image.Pt(150+at, 150+at))
			}
			p.sees(image.Pt(199, 190), 0x123456, true)
			if event, err := g.conn.PollForEvent(); event != nil || err != nil {
				t.Errorf("a window was told %v, %v", event, err)
			}
			p.run("xdotool", "mousemove", "200", "200", "click", "1") // through pointer and stroke
			for clicked := false; !clicked; {
				event, err := g.conn.WaitForEvent()
				if event == nil || err != nil {
					t.Fatal("the click did not arrive", err)
				}
				_, clicked = event.(xproto.ButtonPressEvent)
			}

			menu := g.open(image.Rect(150, 150, 300, 300), 0x335577, true) // somebody else wants to be on top
			p.sees(image.Pt(199, 190), 0x123456, true)
			p.sees(image.Pt(250, 200), inkColour, true)
			panel.Clear()
			p.sees(image.Pt(250, 200), 0x335577, true)
			p.sees(image.Pt(199, 190), 0x123456, true)
			panel.HidePointer()
			p.sees(image.Pt(199, 190), 0x335577, true)
			g.sync(xproto.DestroyWindowChecked(g.conn, menu).Check())
			panel.Point(image.Pt(150, 150))
			p.sees(image.Pt(150, 150), 0x123456, true)
			panel.Close()
			p.sees(image.Pt(150, 150), 0x777777, true)
		})
	}
}

// A flood of strokes is cut to what a screen can show, takes the server little, and fades.
func TestOverlayIsBounded(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel := p.open().panel(t)
	for i := range 100_000 {
		panel.Stroke(image.Pt(i%640, i%480), image.Pt(-1<<20+i%7, 1<<20))
		panel.Point(image.Pt(i%640, i%480))
	}
	panel.Stroke(image.Pt(500, 50), image.Pt(500, 60))
	p.sees(image.Pt(500, 55), inkColour, true)
	o := &panel.overlay
	o.mu.Lock()
	if len(o.marks) > maxMarks {
		t.Errorf("%d strokes are kept", len(o.marks))
	}
	for i := range o.marks {
		o.marks[i].since = o.marks[i].since.Add(-markFor)
	}
	o.mu.Unlock()
	p.sees(image.Pt(500, 55), inkColour, false)
}
