//go:build linux

package x11

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// keyboard types keysyms on whatever layout the X server has.
type keyboard struct {
	conn  *xgb.Conn
	xtest *injector
	log   *slog.Logger
	xkb   xkb
	root  xproto.Window
	note  xproto.Atom // spareNote

	curtain *curtain

	stale  atomic.Bool // the map has changed since it was read
	lights lights

	mu     sync.Mutex
	keymap *keymap
	held   []heldKey // in the order of their presses
	spares spares
}

// heldKey is a key that is down, and what it was pressed for.
type heldKey struct {
	sym  uint32 // 0: a scancode alone
	code byte
	scan byte // the scancode, 0: a keysym alone
}

func (k *keyboard) open(conn *connection, log *slog.Logger) (err error) {
	k.conn, k.root, k.log = conn.Conn, conn.screen.Root, log
	if k.xkb, err = openXKB(conn); err != nil {
		return err
	}
	if k.keymap, err = k.xkb.keymap(); err == nil {
		err = k.returnLost()
	}
	if err == nil {
		err = k.lights.open(k.xkb)
	}
	if err != nil {
		return conn.gone(err)
	}
	return nil
}

// key presses or releases the key for a keysym. A key that is pressed again while it is held is left to the X server's
// own repeat; one that could only be pressed in a changed state is typed at once, again with every press.
func (k *keyboard) key(keysym uint32, down bool) {
	sym := canonical(keysym)
	if sym == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !down {
		k.release(sym)
		return
	}
	if k.curtain.typed() {
		return
	}
	st, err := k.now()
	if err != nil {
		k.log.Warn("keyboard state unknown, a key is lost", "err", err)
		return
	}
	k.press(st, sym, 0)
}

// press types sym, or holds its key until the release of sym, or of scan where that is not 0.
func (k *keyboard) press(st state, sym uint32, scan byte) {
	if k.isHeld(sym) {
		return
	}
	if isModifier(sym) {
		if code, ok := k.keymap.modifierKey(sym); ok {
			k.hold(heldKey{sym, code, scan})
		}
		return
	}
	freed, off := k.altGr(st, sym)
	s, ok := k.find(freed, sym)
	if !ok {
		k.log.Warn("a key cannot be typed: the layout lacks it and has no unused keycode (setxkbmap restores them)")
		return
	}
	if len(off) == 0 && !s.changes(st) {
		k.hold(heldKey{sym, s.code, scan})
		return
	}
	k.tap(st, s, off)
}

// find chooses how to type sym, on a spare key if the layout lacks it.
func (k *keyboard) find(st state, sym uint32) (stroke, bool) {
	s, ok := k.keymap.find(st, sym)
	for _, other := range standIns[sym] {
		if !ok {
			s, ok = k.keymap.find(st, other)
		}
	}
	if !ok && k.bindSpare(sym) {
		s, ok = k.keymap.find(st, sym)
	}
	if ok {
		k.spares.touch(s)
	}
	return s, ok
}

// now asks for the state, and for the keymap if it has changed.
func (k *keyboard) now() (state, error) {
	st, err := k.xkb.state()
	if err != nil {
		return st, err
	}
	k.poll()
	for k.stale.Swap(false) {
		m, err := k.xkb.keymap()
		if err != nil {
			k.stale.Store(true)
			return st, err
		}
		k.keymap = m
		k.spares.adopt(m)
		if st, err = k.xkb.state(); err != nil {
			return st, err
		}
		k.poll()
	}
	return st, nil
}

// poll looks at events that arrived before the last reply and that the watcher has not got round to.
func (k *keyboard) poll() {
	for {
		event, err := k.conn.PollForEvent()
		if event == nil && err == nil {
			return
		}
		k.heard(event)
	}
}

// heard notes it when the map must be read again. Changes of our own are not told apart: so they are seen as done.
func (k *keyboard) heard(event xgb.Event) {
	e, ok := event.(extensionEvent)
	if !ok {
		return
	}
	if k.xkb.mapChanged(e) {
		k.stale.Store(true)
	}
	if k.xkb.lightChanged(e) {
		k.lights.turned()
	}
}

func (k *keyboard) isHeld(sym uint32) bool {
	return slices.ContainsFunc(k.held, func(h heldKey) bool { return h.sym == sym })
}

// byScancode finds the held key that a scancode pressed, -1 when there is none.
func (k *keyboard) byScancode(scan byte) int {
	return slices.IndexFunc(k.held, func(h heldKey) bool { return h.scan == scan })
}

// hold presses a key until its release. When another keysym holds the same key, that is over.
func (k *keyboard) hold(key heldKey) {
	if i := slices.IndexFunc(k.held, func(h heldKey) bool { return h.code == key.code }); i >= 0 {
		k.letGo(i)
	}
	k.xtest.fake(xproto.KeyPress, key.code)
	k.held = append(k.held, key)
}

// release releases the key that was pressed for sym, or else one that also types sym: when Shift went up first, the
// release of "A" arrives as one of "a".
func (k *keyboard) release(sym uint32) {
	i := slices.IndexFunc(k.held, func(h heldKey) bool { return h.sym == sym })
	if i < 0 {
		i = slices.IndexFunc(k.held, func(h heldKey) bool { return k.keymap.has(h.code, sym) })
	}
	if i >= 0 {
		k.letGo(i)
	}
}

func (k *keyboard) letGo(i int) {
	k.xtest.fake(xproto.KeyRelease, k.held[i].code)
	k.held = slices.Delete(k.held, i, i+1)
}

func (k *keyboard) releaseKeys() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.held) > 0 {
		k.letGo(len(k.held) - 1)
	}
}
