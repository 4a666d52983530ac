//go:build linux

package x11

import (
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// lightNames are what every keymap calls the lights that people know, in the order of their bits.
var lightNames = [...]string{"Scroll Lock", "Num Lock", "Caps Lock"}

// lights are those of the keyboard.
type lights struct {
	changed func()
	stale   atomic.Bool // the server told of a change since
	names   [len(lightNames)]xproto.Atom

	mu sync.Mutex // held also while a lock is off for the time of one key: that is nobody's news
	on int        // as last asked for; -1: unknown
}

func (l *lights) open(x xkb) error {
	var asked [len(lightNames)]xproto.InternAtomCookie
	for i, name := range lightNames {
		asked[i] = xproto.InternAtom(x.conn, false, uint16(len(name)), name)
	}
	for i := range asked {
		reply, err := asked[i].Reply()
		if err != nil {
			return err
		}
		l.names[i] = reply.Atom
	}
	l.on = -1
	l.stale.Store(true)
	return nil
}

// turned notes that a light went on or off.
func (l *lights) turned() {
	l.stale.Store(true)
	l.changed()
}

// leds asks for the lights, if one has changed.
func (k *keyboard) leds() int {
	l := &k.lights
	if l.stale.Swap(false) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.on = k.xkb.lights(l.names[:])
	}
	return l.on
}

// lights are those of the indicators with these names that are on, one bit each; -1 when the server does not say.
func (x xkb) lights(names []xproto.Atom) (on int) {
	asked := make([]*xgb.Cookie, len(names))
	for i, name := range names {
		const anyClass, anyID = 0x300, 0x400
		req := le.AppendUint16(x.request(xkbGetNamedLight), anyClass)
		req = le.AppendUint16(le.AppendUint16(req, anyID), 0)
		asked[i] = send(x.conn, le.AppendUint32(req, uint32(name)))
	}
	for i, cookie := range asked {
		reply, err := cookie.Reply()
		if err != nil {
			return -1
		}
		if found := reply[12] != 0; found && reply[13] != 0 {
			on |= 1 << i
		}
	}
	return on
}
