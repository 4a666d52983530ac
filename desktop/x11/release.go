//go:build linux

package x11

import (
	"math"

	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// ReleaseAll lets go of all keys and buttons that XTEST holds down on a display, whoever pressed them there, and gives the
// monitor its own size back: what is left to do for a program that was killed. The keys of real keyboards stay as they are,
// for the server keeps them apart.
func ReleaseAll(display string) error {
	conn, err := dial(display)
	if err != nil {
		return err
	}
	defer conn.shut()
	if err := conn.use("XTEST"); err != nil {
		return err
	}
	xtest.GrabControl(conn.Conn, true)
	in := &injector{conn: conn.Conn}
	for key := int(conn.setup.MinKeycode); key <= min(int(conn.setup.MaxKeycode), math.MaxUint8); key++ {
		in.fake(xproto.KeyRelease, byte(key))
	}
	for button := range byte(pointerButtons) {
		in.fake(xproto.ButtonRelease, button+1)
	}
	if _, err := xproto.GetInputFocus(conn.Conn).Reply(); err != nil { // the server has done all that
		return conn.gone(err)
	}
	var m monitor
	if m.open(conn); !m.works() {
		return nil
	}
	return m.restoreLost()
}
