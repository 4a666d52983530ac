//go:build linux

package x11

import (
	"image"
	"testing"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// blockedBy looks twice, the second time some seconds later as far as it knows. It has heard by then of all that others did.
func (d *Desktop) blockedBy() (title string, blocked bool) {
	d.mu.Lock()
	d.sendMark()
	d.tidings.await(d.marks)
	d.mu.Unlock()
	if title, blocked = d.Blocked(); blocked {
		return title, blocked
	}
	d.mu.Lock()
	if !d.blocker.since.IsZero() {
		d.blocker.since = d.blocker.since.Add(-grabFor)
	}
	d.mu.Unlock()
	return d.Blocked()
}

func TestBlocked(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	g := p.guest()
	says := func(what, title string, blocked bool) {
		t.Helper()
		if got, is := d.blockedBy(); got != title || is != blocked {
			t.Errorf("%s: blocked = %v by %q", what, is, got)
		}
	}
	root := g.c.screen.Root
	grabKeys := func() {
		t.Helper()
		r, err := xproto.GrabKeyboard(g.conn, false, root, xproto.TimeCurrentTime, xproto.GrabModeAsync, xproto.GrabModeAsync).Reply()
		if err != nil || r.Status != xproto.GrabStatusSuccess {
			t.Fatal("no grab", err)
		}
	}
	freeKeys := func() { g.sync(xproto.UngrabKeyboardChecked(g.conn, xproto.TimeCurrentTime).Check()) }
	grabMouse := func() {
		t.Helper()
		r, err := xproto.GrabPointer(g.conn, false, root, xproto.EventMaskButtonPress, xproto.GrabModeAsync, xproto.GrabModeAsync, 0, 0, xproto.TimeCurrentTime).Reply()
		if err != nil || r.Status != xproto.GrabStatusSuccess {
			t.Fatal("no grab", err)
		}
	}
	freeMouse := func() { g.sync(xproto.UngrabPointerChecked(g.conn, xproto.TimeCurrentTime).Check()) }
	named := func(w xproto.Window, title, class string) {
		xproto.ChangeProperty(g.conn, xproto.PropModeReplace, w, xproto.AtomWmName, xproto.AtomString, 8, uint32(len(title)), []byte(title))
		class = class + "\x00" + class + "\x00"
		g.sync(xproto.ChangePropertyChecked(g.conn, xproto.PropModeReplace, w, xproto.AtomWmClass, xproto.AtomString, 8, uint32(len(class)), []byte(class)).Check())
	}
	w := g.open(image.Rect(100, 100, 300, 200), 0x777777, false)
	named(w, "Secure window", "game")
	says("nothing is grabbed", "", false)

	grabKeys()
	if _, blocked := d.Blocked(); blocked {
		t.Error("a moment is enough")
	}
	says("all keys are grabbed", "", true)
	g.sync(xproto.SetInputFocusChecked(g.conn, xproto.InputFocusParent, w, xproto.TimeCurrentTime).Check())
	says("with the focus", "Secure window", true)
	freeKeys()
	says("the keys are free", "", false)
	grabMouse()
	says("the mouse is grabbed", "Secure window", true)
	freeMouse()
	says("the mouse is free", "", false)

	// A menu and a drag are no news; a screen that is locked is.
	grabKeys()
	grabMouse()
	menu := g.open(image.Rect(50, 50, 150, 300), 0x123456, true)
	says("a menu is open", "", false)
	g.sync(xproto.DestroyWindowChecked(g.conn, menu).Check())
	says("the menu is gone, the grab is not", "Secure window", true)
	locker := g.open(image.Rect(0, 0, 640, 480), 0, true)
	says("the screen is locked", "Secure window", true)
	g.sync(xproto.DestroyWindowChecked(g.conn, locker).Check())
	freeKeys()
	freeMouse()
	d.MovePointer(image.Pt(200, 150), 1)
	grabKeys() // as a window manager does while it moves a window
	says("a button is held", "", false)
	d.MovePointer(image.Pt(200, 150), 0)
	freeKeys()
	says("the button is up", "", false)

	// A question for a password is news at once; of a hidden one, its program is all that is told.
	ask := g.open(image.Rect(200, 200, 400, 300), 0x222222, false)
	named(ask, "Authentication required", "polkit-gnome-authentication-agent-1")
	says("a password is asked for", "Authentication required", true)
	d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(ask): true}})
	says("a hidden window asks for a password", "Polkit-gnome-authentication-agent-1", true)
	g.sync(xproto.UnmapWindowChecked(g.conn, ask).Check())
	says("the question is gone", "", false)
	d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(w): true}})
	grabKeys()
	says("a hidden window has all keys", "Game", true)
}
