//go:build linux

package x11

import (
	"slices"
	"sync"
	"time"

	"github.com/jezek/xgb/xproto"
)

// Requests of XI2.
const (
	xiSelectEvents = 46
	xiQueryVersion = 47

	xiAllDevices = 0
	// RawKeyPress to RawMotion, RawTouchBegin to RawTouchEnd.
	xiRawInput = 1<<13 | 1<<14 | 1<<15 | 1<<16 | 1<<17 | 1<<22 | 1<<23 | 1<<24
)

// holdFor is how long a key or button that is held counts as use: it may have been forgotten under a book.
const holdFor = time.Minute

// maxDown bounds what is noted of keys that are held.
const maxDown = 512

// local is what is done with the mice and keyboards of this machine, and by other programs in their name: all input but
// ours.
type local struct {
	stirred chan struct{} // capacity 1
	conn    *connection   // that tells of it; nil: none does

	mu     sync.Mutex
	last   time.Time
	down   map[rawInput]bool // presses without a release yet
	clicks [16]uint32        // when buttons were pressed last, in the server's time
	click  uint
	onKey  func(code byte, down map[rawInput]bool) // of a press; nil: nobody
}

// watchLocal asks the server to tell of all input (XI 2.2).
func (c *connection) watchLocal(t *tap) error {
	const extension = "XInputExtension"
	if err := c.use(extension); err != nil {
		return err
	}
	opcode := c.Extensions[extension]
	version := le.AppendUint16(le.AppendUint16(request(opcode, xiQueryVersion), 2), 2)
	if _, err := send(c.Conn, version).Reply(); err != nil {
		return c.gone(err)
	}
	t.heed(c.Extensions["XTEST"], opcode)
	req := le.AppendUint32(request(opcode, xiSelectEvents), uint32(c.screen.Root))
	req = le.AppendUint32(req, 1) // mask
	req = le.AppendUint16(le.AppendUint16(req, xiAllDevices), 1)
	tell(c.Conn, le.AppendUint32(req, xiRawInput))
	return nil
}

func (l *local) heard(e rawEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = time.Now()
	press := e.rawInput
	switch e.kind {
	case xproto.KeyPress:
		if l.onKey != nil && !l.down[press] {
			l.onKey(byte(e.detail), l.down)
		}
		l.hold(press)
	case xproto.ButtonPress:
		l.clicks[l.click%uint(len(l.clicks))] = e.time
		l.click++
		l.hold(press)
	case xproto.KeyRelease, xproto.ButtonRelease:
		press.kind-- // the core protocol's numbers
		delete(l.down, press)
	}
	select {
	case l.stirred <- struct{}{}:
	default:
	}
}

// hold notes a press. l.mu is held.
func (l *local) hold(press rawInput) {
	if len(l.down) < maxDown {
		l.down[press] = true
	}
}

func (l *local) works() bool { return l.conn != nil }

// hear has onKey called with each key that is pressed, and with what else is held. It must not wait for anything.
func (l *local) hear(onKey func(code byte, down map[rawInput]bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onKey = onKey
}

// clicked tells whether it was here that a button was pressed at a time of the server.
func (l *local) clicked(at xproto.Timestamp) bool {
	if _, err := xproto.GetInputFocus(l.conn.Conn).Reply(); err != nil { // with its answer, all that was before has been heard
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.clicks[:min(l.click, uint(len(l.clicks)))], uint32(at))
}

// used is when it was last used, which is now while a key or button is held.
func (l *local) used() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); len(l.down) > 0 && now.Sub(l.last) < holdFor {
		return now
	}
	return l.last
}

// LocalInput receives when somebody uses a mouse or keyboard of this machine, or another program acts as if: everything that was
// not put in through d. A server without XI2 tells nothing.
func (d *Desktop) LocalInput() <-chan struct{} { return d.input.local.stirred }

// LastLocal is when that was last; now while a key or button is held.
func (d *Desktop) LastLocal() time.Time { return d.input.local.used() }
