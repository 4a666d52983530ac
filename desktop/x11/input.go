//go:build linux

package x11

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// input is the pointer and the keyboard of one X display, moved by XTEST on a connection of their own, so that a key
// never waits behind pixels. Its methods may be called concurrently.
type input struct {
	pointer
	keyboard
	monitor monitor
	local   local
	curtain curtain

	conn   *connection
	log    *slog.Logger
	events sync.WaitGroup
}

// openInput connects to a display that has XTEST and XKB. lit is called when the keyboard's lights may have changed.
func openInput(display string, log *slog.Logger, lit func()) (*input, error) {
	in := &input{log: log, local: local{stirred: make(chan struct{}, 1), down: map[rawInput]bool{}}}
	conn, tap, err := dialTapped(display, in.local.heard)
	if err != nil {
		return nil, err
	}
	in.conn, in.lights.changed = conn, lit
	if err := in.open(tap); err != nil {
		conn.shut()
		return nil, err
	}
	in.events.Go(in.watch)
	return in, nil
}

func (in *input) open(t *tap) error {
	if err := in.conn.use("XTEST"); err != nil {
		return err
	}
	if err := in.conn.watchLocal(t); err != nil {
		in.log.Warn("mouse and keyboard of this machine have no priority over the supporter's", "err", err)
	} else {
		in.local.conn = in.conn
	}
	xtest.GrabControl(in.conn.Conn, true) // input goes on while a window manager holds the server
	in.monitor.open(in.conn)
	inject := &injector{conn: in.conn.Conn}
	in.pointer.xtest, in.keyboard.xtest = inject, inject
	in.pointer.root = in.conn.screen.Root
	in.curtain.conn = in.conn
	in.pointer.curtain, in.keyboard.curtain = &in.curtain, &in.curtain
	return in.keyboard.open(in.conn, in.log)
}

// releaseAll lets go of all keys and buttons that are held.
func (in *input) releaseAll() {
	in.releaseKeys()
	in.releaseButtons()
}

// close releases everything, gives the spare keycodes back and disconnects.
func (in *input) close() error {
	in.releaseAll()
	err := in.returnSpares()
	in.conn.Close()
	in.events.Wait()
	return err
}

// watch takes what the server says unasked, so that the connection never fills up.
func (in *input) watch() {
	for {
		event, err := in.conn.WaitForEvent()
		if event == nil && err == nil {
			return // disconnected
		}
		if err != nil {
			in.log.Warn("X server refused an input request", "err", fmt.Sprintf("%T", err)) // its text may tell a key
			continue
		}
		in.heard(event)
	}
}

// breath is how many requests without a reply are made in a row. Xgb keeps a note of each until the server replies to something; when
// a thousand are there while the server ends, it waits for ever.
const breath = 250

// injector presses and moves by XTEST, on behalf of the pointer and of the keyboard.
type injector struct {
	conn *xgb.Conn
	sent atomic.Uint32
}

// fake injects one press or release.
func (i *injector) fake(kind, detail byte) { i.input(kind, detail, xproto.WindowNone, 0, 0) }

// input injects anything. An error, of a server that is going away, shows at the next question to it.
func (i *injector) input(kind, detail byte, root xproto.Window, x, y int16) {
	xtest.FakeInput(i.conn, kind, detail, 0, root, x, y, 0)
	if i.sent.Add(1)%breath == 0 {
		xproto.GetInputFocus(i.conn).Reply()
	}
}
