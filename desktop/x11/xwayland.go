//go:build linux

package x11

import (
	"fmt"
	"strings"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// refuseXwayland returns an error on the X server inside a Wayland session: it has the windows of X programs alone, and
// shows a black screen. From 23.1 on it has an extension that says so; before, its monitors were named for it.
func (c *connection) refuseXwayland() error {
	refusal := fmt.Errorf("the X display %s is a part of a Wayland session, whose screen it cannot show: log out, and choose a session with Xorg (X11) when you log in", c.display)
	const name = "XWAYLAND"
	if ext, err := xproto.QueryExtension(c.Conn, uint16(len(name)), name).Reply(); err == nil && ext.Present {
		return refusal
	}
	if _, ok := c.firstEvent["RANDR"]; !ok {
		return nil
	}
	reply, err := randr.GetMonitors(c.Conn, c.screen.Root, true).Reply()
	if err != nil {
		return nil
	}
	for _, m := range reply.Monitors {
		if is, err := xproto.GetAtomName(c.Conn, m.Name).Reply(); err == nil && strings.HasPrefix(is.Name, name) {
			return refusal
		}
	}
	return nil
}
