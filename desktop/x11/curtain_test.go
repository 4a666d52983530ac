//go:build linux

package x11

import (
	"image"
	"testing"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// heard is what a window got, as "press 1, release 1, key": until a message that is sent to it now.
func (g *guest) heard(w xproto.Window) (events []string) {
	g.t.Helper()
	stop := xproto.ClientMessageEvent{Format: 32, Window: w, Type: xproto.AtomWmName, Data: xproto.ClientMessageDataUnionData32New(make([]uint32, 5))}
	xproto.SendEvent(g.conn, false, w, xproto.EventMaskNoEvent, string(stop.Bytes()))
	for {
		event, err := g.conn.WaitForEvent()
		switch e := event.(type) {
		case nil:
			g.t.Fatal(err)
		case xproto.ButtonPressEvent:
			events = append(events, "press "+string(rune('0'+e.Detail)))
		case xproto.ButtonReleaseEvent:
			events = append(events, "release "+string(rune('0'+e.Detail)))
		case xproto.MotionNotifyEvent:
			if n := len(events); n == 0 || events[n-1] != "motion" {
				events = append(events, "motion")
			}
		case xproto.KeyPressEvent:
			events = append(events, "key")
		case xproto.KeyReleaseEvent:
			events = append(events, "key up")
		case xproto.ClientMessageEvent:
			return events
		}
	}
}

func (g *guest) listen(w xproto.Window) {
	const all = xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskPointerMotion | xproto.EventMaskKeyPress | xproto.EventMaskKeyRelease
	g.sync(xproto.ChangeWindowAttributesChecked(g.conn, w, xproto.CwEventMask, []uint32{all}).Check())
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %q, want %q", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
}

// Nothing that a supporter does arrives in a hidden window, and what is let go of always does.
func TestHiddenWindowsGetNoInput(t *testing.T) {
	p := startPainter(t, "640x480x24")
	hider, shower := p.guest(), p.guest()
	hidden := hider.open(image.Rect(0, 0, 200, 200), 0x111111, false)
	shown := shower.open(image.Rect(150, 0, 400, 200), 0x222222, false) // in front of a part of it
	hider.listen(hidden)
	shower.listen(shown)
	d := p.open()
	d.MovePointer(image.Pt(300, 100), 0)
	d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(hidden): true, uint32(shown): false}})
	if d.HiddenAt(image.Pt(170, 100)) || !d.HiddenAt(image.Pt(100, 100)) || d.HiddenAt(image.Pt(100, 300)) {
		t.Error("it is not known where the hidden window is")
	}
	did := func() {
		d.LEDs()
		d.input.conn.Sync()
	}

	d.MovePointer(image.Pt(300, 100), 1)
	d.MovePointer(image.Pt(100, 100), 1) // a drag into it stays outside
	d.MovePointer(image.Pt(100, 100), 0)
	did()
	same(t, "drag", shower.heard(shown), "motion", "press 1", "release 1")

	d.MovePointer(image.Pt(100, 100), 1) // pressed on it, and dragged out
	d.MovePointer(image.Pt(300, 100), 1)
	d.MovePointer(image.Pt(300, 100), 0)
	d.MovePointer(image.Pt(300, 101), 4)
	d.PushPointer(image.Pt(-200, 0), 5)
	d.PushPointer(image.Pt(-200, 0), 0)
	did()
	same(t, "press and drag out", shower.heard(shown), "motion", "press 3", "release 3")
	same(t, "the hidden window", hider.heard(hidden))

	if d.FocusHidden() {
		t.Error("the pointer is not on it")
	}
	d.Key('a', true)
	p.run("xdotool", "mousemove", "100", "100") // the end user's hand
	if !d.FocusHidden() {
		t.Error("the pointer is on it, and no window has the focus")
	}
	shower.heard(shown)
	hider.heard(hidden)
	d.Key('b', true)
	d.KeyCode(0x1e, 0, true)
	d.Key('b', false)
	d.KeyCode(0x1e, 0, false)
	d.PushPointer(image.Point{}, 1)
	d.PushPointer(image.Point{}, 0)
	d.Key('a', false)
	did()
	same(t, "keys and clicks", hider.heard(hidden), "key up")

	p.run("xdotool", "mousemove", "300", "100")
	shower.sync(xproto.SetInputFocusChecked(shower.conn, xproto.InputFocusParent, hidden, xproto.TimeCurrentTime).Check())
	if !d.FocusHidden() {
		t.Error("it has the focus")
	}
	d.Key('c', true)
	shower.sync(xproto.SetInputFocusChecked(shower.conn, xproto.InputFocusParent, shown, xproto.TimeCurrentTime).Check())
	if d.FocusHidden() {
		t.Error("it has no focus")
	}
	shower.heard(shown)
	d.Key('d', true)
	d.Key('d', false)
	did()
	same(t, "keys", shower.heard(shown), "key", "key up")
	d.Mask(desktop.Mask{})
	if d.HiddenAt(image.Pt(100, 100)) {
		t.Error("nothing is hidden any more")
	}
}
