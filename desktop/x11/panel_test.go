//go:build linux

package x11

import (
	"image"
	"image/color"
	"image/draw"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
)

const (
	f10 = 0xffc7
	f12 = 0xffc9
)

func openPanel(t *testing.T, p *painter) *Panel {
	t.Helper()
	panel, err := OpenPanel(p.x.Display)
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
	p := startPainter(t, "640x480x24")
	panel := openPanel(t, p)
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
		w := p.window()
		xproto.ConfigureWindow(p.conn, w, 15, []uint32{200, 0, 300, 100}) // x, y, width, height
		xproto.MapWindow(p.conn, w)
	}
	p.showsBar(at, 0x123456, true)
	panel.Close()
	p.showsBar(at, 0x123456, false)
}

func TestPanelHearsTheUser(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel, other := openPanel(t, p), openPanel(t, p)
	if !panel.Grab(f12) || other.Grab(f12) || !other.Grab(f10) || panel.Grab(f10) || panel.Grab(0x1234567) {
		t.Fatal("a key is grabbed twice, or not at all")
	}
	if err := panel.Show(image.NewRGBA(image.Rect(0, 0, 200, 30)), image.Rect(0, 0, 640, 480)); err != nil {
		t.Fatal(err)
	}
	hears := func(want uint32) {
		t.Helper()
		select {
		case got := <-panel.Keys():
			if got != want {
				t.Errorf("heard %#x", got)
			}
		case <-time.After(20 * time.Second):
			t.Error("the key was not heard")
		}
	}
	for _, lock := range []string{"", "Caps_Lock", "Num_Lock"} {
		if lock != "" {
			p.run("xdotool", "key", lock)
		}
		time.Sleep(repeatFor) // a person's pause: sooner it would be the same press
		p.run("xdotool", "key", "F12")
		hears(f12)
		if lock != "" {
			p.run("xdotool", "key", lock)
		}
	}
	p.run("setxkbmap", "de")
	time.Sleep(repeatFor)
	p.run("xdotool", "key", "F12")
	hears(f12)
	p.run("xdotool", "mousemove", "230", "5", "click", "1")
	select {
	case got := <-panel.Clicks():
		if got != image.Pt(10, 5) {
			t.Errorf("clicked at %v", got)
		}
	case <-time.After(20 * time.Second):
		t.Error("the click was not heard")
	}
	panel.Close()
	if !other.Grab(f12) {
		t.Error("a key is still grabbed by a panel that is closed")
	}
}
