package host

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sixgate/session"
)

// While the supporter guides, what they point at is drawn, and the desktop is not touched.
func TestGateGuides(t *testing.T) {
	d, panel := new(screen), new(drawer)
	mode, allowed := session.ModeGuidance, session.View
	g := newGate(d, func() session.Permissions { return allowed })
	g.mode, g.panel = func() session.Mode { return mode }, panel
	saw := func(want string) {
		t.Helper()
		if got := strings.Join(panel.drawn, ", "); got != want {
			t.Errorf("drawn is %s\nwant     %s", got, want)
		}
		panel.drawn = nil
	}
	g.MovePointer(image.Pt(1, 0), 0)
	g.MovePointer(image.Pt(1, 0), 1)
	g.MovePointer(image.Pt(2, 5), 1)
	g.MovePointer(image.Pt(2, 5), 0)
	saw("point (1,0), point (1,0), stroke (1,0)(1,0), point (2,5), stroke (1,0)(2,5), point (2,5)")
	g.MovePointer(image.Pt(2, 5), 4)
	g.MovePointer(image.Pt(2, 6), 4)
	saw("point (2,5), clear, point (2,6)")
	g.PushPointer(image.Pt(-1, -9), 0)
	g.PushPointer(image.Pt(100, 100), 0) // the screen is 2 by 1
	saw("point (1,0), point (1,0)")
	g.Key('a', true)
	g.KeyCode(30, 'a', true)
	g.Resize(image.Pt(9, 9))
	if d.touched {
		t.Error("the desktop was touched")
	}

	mode = session.ModeMonitor
	g.changed(session.View, session.View)
	saw("hide")
	g.MovePointer(image.Pt(1, 0), 1)
	g.PushPointer(image.Pt(1, 0), 1)
	saw("")
	mode, allowed = session.ModeGuidance, 0 // the screen is not shown at the moment
	g.changed(session.View, 0)
	saw("hide")
	g.MovePointer(image.Pt(1, 0), 1)
	saw("")
	if d.touched {
		t.Error("the desktop was touched")
	}
}

// The pointer's picture has its tip where it says, and the name beside it.
func TestPaintPointer(t *testing.T) {
	for _, name := range []string{"Ada", strings.Repeat("Wolfeschlegelsteinhausen ", 20), ""} {
		picture, tip := paintPointer(name)
		if at := tip.Add(image.Pt(4, 12)); picture.RGBAAt(at.X, at.Y) != barRed {
			t.Errorf("%q: the arrow is not at its tip %v", name, tip)
		}
		if size := picture.Rect.Size(); size.X > 500 || size.Y > 100 {
			t.Errorf("%q: the pointer has %v pixels", name, size)
		}
		if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" && name == "Ada" {
			f, err := os.Create(filepath.Join(dir, "pointer.png"))
			if err != nil {
				t.Fatal(err)
			}
			png.Encode(f, picture)
			f.Close()
		}
	}
}
