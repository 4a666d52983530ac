//go:build linux

package x11

import (
	"image"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
)

const (
	f10 = 0xffc7
	f11 = 0xffc8
	f12 = 0xffc9
)

// hears waits for a key.
func (p *Panel) hears(t *testing.T, want uint32) {
	t.Helper()
	select {
	case got := <-p.Keys():
		if got != want {
			t.Errorf("heard %#x, not %#x", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%#x was not heard", want)
	}
}

// hearsNothing says that of what was before; then F10 is pressed, and comes next.
func (p *Panel) hearsNothing(t *testing.T, x *painter) {
	t.Helper()
	x.run("xdotool", "key", "F10")
	p.hears(t, f10)
}

func TestPanelHearsTheUser(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel, other := p.open().panel(t), p.open().panel(t)
	if !panel.Grab(f12) || other.Grab(f12) || !other.Grab(f11) || panel.Grab(f11) || panel.Grab(0x1234567) {
		t.Fatal("a key is grabbed twice, or not at all")
	}
	if !panel.Grab(f10) || !panel.Grab(ControlShift|f12) {
		t.Fatal("a key cannot be had")
	}
	for _, lock := range []string{"Caps_Lock", "Num_Lock"} {
		p.run("xdotool", "key", "F12")
		panel.hears(t, f12)
		p.run("xdotool", "key", lock)
	}
	p.run("xdotool", "key", "F12")
	panel.hears(t, f12)
	p.run("setxkbmap", "de")
	p.run("xdotool", "key", "F12")
	panel.hears(t, f12)
	p.run("xdotool", "key", "ctrl+shift+F12")
	panel.hears(t, ControlShift|f12)
	for _, others := range []string{"shift+F12", "ctrl+F12", "alt+F10", "ctrl+shift+F10", "F11", "ctrl+shift+alt+F12"} {
		p.run("xdotool", "key", others)
	}
	panel.hearsNothing(t, p)
	p.run("xdotool", "keydown", "F12")
	panel.hears(t, f12)
	time.Sleep(time.Second) // it repeats
	p.run("xdotool", "keyup", "F12")
	panel.hearsNothing(t, p)

	if err := panel.Show(image.NewRGBA(image.Rect(0, 0, 200, 30)), image.Rect(0, 0, 640, 480)); err != nil {
		t.Fatal(err)
	}
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

// Whatever the supporter presses or holds, the panel's keys and clicks are the end user's.
func TestPanelDoesNotHearTheSupporter(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	panel := d.panel(t)
	if !panel.Grab(f12) || !panel.Grab(f10) || !panel.Grab(ControlShift|f12) {
		t.Fatal("a key cannot be had")
	}
	if err := panel.Show(image.NewRGBA(image.Rect(0, 0, 200, 30)), image.Rect(0, 0, 640, 480)); err != nil {
		t.Fatal(err)
	}
	const scanF12 = 0x58
	const xf86Switch12 = 0x1008fe0c // on the same key, with Control and Alt
	tap := func() {
		for _, keysym := range []uint32{f12, f10, xf86Switch12} {
			d.Key(keysym, true)
			d.Key(keysym, false)
		}
		d.KeyCode(scanF12, f12, true)
		d.KeyCode(scanF12, f12, false)
	}
	tap()
	panel.hearsNothing(t, p)
	d.Key(symControlL, true)
	d.Key(symShiftL, true)
	tap()
	// While the supporter holds Control and Shift, the end user's key is what it always is.
	p.run("xdotool", "key", "F12")
	panel.hears(t, f12)
	d.Key('x', true)
	panel.hearsNothing(t, p)
	d.input.releaseAll()
	d.MovePointer(image.Pt(230, 5), 0)
	d.MovePointer(image.Pt(230, 5), 1)
	d.MovePointer(image.Pt(230, 5), 0)
	p.run("xdotool", "mousemove", "250", "7", "click", "1")
	if at := <-panel.Clicks(); at != image.Pt(30, 7) {
		t.Errorf("the supporter clicked on the bar at %v", at)
	}
}

// Nobody takes a key away later: not by grabbing the key, nor by grabbing all keys.
func TestPanelKeepsItsKeys(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel := p.open().panel(t)
	if !panel.Grab(f12) || !panel.Grab(f10) {
		t.Fatal("a key cannot be had")
	}
	code := panel.keycodes()[f12]
	for _, mask := range []uint16{0, xproto.ModMaskLock, xproto.ModMaskAny} {
		if xproto.GrabKeyChecked(p.conn, false, xproto.Window(p.root), mask, code, xproto.GrabModeAsync, xproto.GrabModeAsync).Check() == nil {
			t.Errorf("somebody else grabbed F12 in state %#x", mask)
		}
	}
	grab, err := xproto.GrabKeyboard(p.conn, false, xproto.Window(p.root), xproto.TimeCurrentTime, xproto.GrabModeAsync, xproto.GrabModeAsync).Reply()
	if err != nil || grab.Status != xproto.GrabStatusSuccess {
		t.Fatal("the keyboard is not grabbed", err)
	}
	p.run("xdotool", "key", "F12")
	panel.hears(t, f12)
}

// Where another layout has the keys, they are where it says; where they were is free again.
func TestPanelFollowsTheLayout(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel := p.open().panel(t)
	if !panel.Grab(f12) || !panel.Grab(f11) || !panel.Grab(ControlShift|f12) {
		t.Fatal("a key cannot be had")
	}
	codes := panel.keycodes()
	was11, was12 := codes[f11], codes[f12]
	p.run("xmodmap", "-e", "keycode 95 = F12", "-e", "keycode 96 = F5", "-e", "keycode 93 = F11")
	grabbed := func(code xproto.Keycode) bool {
		c := xproto.GrabKeyChecked(p.conn, false, xproto.Window(p.root), 0, code, xproto.GrabModeAsync, xproto.GrabModeAsync)
		if c.Check() != nil {
			return true
		}
		xproto.UngrabKey(p.conn, code, xproto.Window(p.root), 0)
		return false
	}
	eventually(t, "the keys at their new places", func() bool { return grabbed(was11) && !grabbed(was12) && grabbed(93) })
	p.run("xdotool", "key", "95")
	panel.hears(t, f12)
	p.run("xdotool", "key", "93")
	panel.hears(t, f11)
	p.run("xdotool", "key", "ctrl+shift+95")
	panel.hears(t, ControlShift|f12)
}

// A server that does not tell of all input has grabs to go by.
func TestPanelWithGrabsAlone(t *testing.T) {
	p := startPainter(t, "640x480x24")
	panel, err := openPanel(p.x.Display, new(local))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { panel.Close() })
	if !panel.Grab(f12) || !panel.Grab(ControlShift|f12) {
		t.Fatal("a key cannot be had")
	}
	p.run("xdotool", "key", "F12")
	panel.hears(t, f12)
	p.run("xdotool", "keydown", "ctrl", "keydown", "shift")
	time.Sleep(repeatFor) // a person's pause: sooner it would be the same press
	p.run("xdotool", "key", "F12")
	panel.hears(t, ControlShift|f12)
}
