//go:build linux

package x11

import "github.com/jezek/xgb/xproto"

// Blocked tells whether another program keeps all keys or the mouse for itself, so that no other window can be worked on, and
// which one as far as that can be known.
func (d *Desktop) Blocked() (title string, blocked bool) {
	c, never := d.clipboard.conn, d.clipboard.window // is not shown, so it gets no grab either
	keys := xproto.GrabKeyboard(c.Conn, false, never, xproto.TimeCurrentTime, xproto.GrabModeAsync, xproto.GrabModeAsync)
	mouse := xproto.GrabPointer(c.Conn, false, never, 0, xproto.GrabModeAsync, xproto.GrabModeAsync, 0, 0, xproto.TimeCurrentTime)
	k, err := keys.Reply()
	if err != nil {
		return "", false
	}
	m, err := mouse.Reply()
	if err != nil {
		return "", false
	}
	return "", k.Status == xproto.GrabStatusAlreadyGrabbed || m.Status == xproto.GrabStatusAlreadyGrabbed
}
