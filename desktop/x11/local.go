//go:build linux

package x11

import (
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

	mu    sync.Mutex
	last  time.Time
	down  map[rawEvent]bool // presses without a release yet
	onKey func(code byte)   // of a press; nil: nobody
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
	press := e
	switch e.kind {
	case xproto.KeyPress, xproto.ButtonPress:
		if again := l.down[e]; !again && e.kind == xproto.KeyPress && l.onKey != nil {
			l.onKey(byte(e.detail))
		}
		if len(l.down) < maxDown {
			l.down[e] = true
		}
	case xproto.KeyRelease, xproto.ButtonRelease:
		press.kind-- // the core protocol's numbers
		delete(l.down, press)
	}
	select {
	case l.stirred <- struct{}{}:
	default:
	}
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
