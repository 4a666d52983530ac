//go:build linux

package x11

import (
	"image"
	"slices"
	"strings"
	"time"

	"github.com/jezek/xgb/xproto"
)

// blocker is what was seen of grabs so far.
type blocker struct {
	since  time.Time              // when one was first seen; zero: there is none
	popups map[xproto.Window]bool // that were open when there was none
}

// grabFor is how long all keys, or the mouse, must have gone to one program before that is news: what flashes by is none.
const grabFor = 3 * time.Second

// askers are the programs that ask for passwords and lock screens, by parts of their names: what polkit, GnuPG, GNOME's keyring,
// ssh and sudo ask with. They take no input but from the people at the machine, or should get none other.
var askers = []string{
	"polkit", "policykit", "pinentry", "gcr-prompter", "askpass", "kdesu", "gksu",
	"i3lock", "slock", "xsecurelock", "xtrlock", "light-locker", "screenlocker", "screensaver-dialog", "xscreensaver-auth",
}

// Blocked tells whether a supporter cannot work on the screen as usual, because a window asks for a password, or because a
// program has kept all keys or the mouse to itself for some seconds; and which window that is, as far as it may be told. A program
// that holds them for a menu does not count, nor for as long as a button is held: for a drag.
func (d *Desktop) Blocked() (title string, blocked bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.settle(); err != nil {
		return "", false
	}
	for _, w := range slices.Backward(d.stack.windows) {
		if w.mapped && w.asks() {
			return w.name(), true
		}
	}
	b := &d.blocker
	switch {
	case !d.grabbed():
		b.since, b.popups = time.Time{}, d.stack.popups()
	case d.opensPopup():
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = time.Now()
	}
	if b.since.IsZero() || time.Since(b.since) < grabFor {
		return "", false
	}
	if w := d.focused(); w != nil {
		title = w.name()
	}
	return title, true
}

// grabbed tells whether another program has all keys or the mouse, and no button is held. It asks for both for a window that is
// not shown, so that it never gets them.
func (d *Desktop) grabbed() bool {
	c, never := d.conn.Conn, d.mark
	pointer := xproto.QueryPointer(c, d.conn.screen.Root)
	keys := xproto.GrabKeyboard(c, false, never, xproto.TimeCurrentTime, xproto.GrabModeAsync, xproto.GrabModeAsync)
	mouse := xproto.GrabPointer(c, false, never, 0, xproto.GrabModeAsync, xproto.GrabModeAsync, 0, 0, xproto.TimeCurrentTime)
	p, err := pointer.Reply()
	if err != nil {
		return false
	}
	k, err := keys.Reply()
	if err != nil {
		return false
	}
	m, err := mouse.Reply()
	if err != nil {
		return false
	}
	const buttons = xproto.KeyButMaskButton1 | xproto.KeyButMaskButton2 | xproto.KeyButMaskButton3 | xproto.KeyButMaskButton4 | xproto.KeyButMaskButton5
	return p.Mask&buttons == 0 && (k.Status == xproto.GrabStatusAlreadyGrabbed || m.Status == xproto.GrabStatusAlreadyGrabbed)
}

// popups are the menus and the like of others that are open.
func (s *stack) popups() map[xproto.Window]bool {
	open := make(map[xproto.Window]bool)
	for _, w := range s.windows {
		if w.mapped && w.popup && !w.unseen && !s.own.has(s.ofClient(w.id)) {
			open[w.id] = true
		}
	}
	return open
}

// opensPopup tells whether there is one since the grab. One that covers a screen is no menu: so are screens locked.
func (d *Desktop) opensPopup() bool {
	for id := range d.stack.popups() {
		place := d.stack.at[id].place
		if !d.blocker.popups[id] && !slices.ContainsFunc(d.screens, func(s image.Rectangle) bool { return s.In(place) }) {
			return true
		}
	}
	return false
}

// asks tells whether a window is there to ask for a password.
func (w *topWindow) asks() bool {
	program := strings.ToLower(w.of.program)
	return slices.ContainsFunc(askers, func(asker string) bool { return strings.Contains(program, asker) })
}

// name is what may be told of a window.
func (w *topWindow) name() string {
	if w.hidden || w.of.title == "" {
		return w.of.program
	}
	return w.of.title
}

// focused is the window that has the keyboard's focus; nil where none has.
func (d *Desktop) focused() *topWindow {
	focus, err := xproto.GetInputFocus(d.conn.Conn).Reply()
	if err != nil || focus.Focus == xproto.InputFocusNone || focus.Focus == xproto.InputFocusPointerRoot {
		return nil
	}
	return d.stack.at[d.input.curtain.top(focus.Focus)]
}
