//go:build linux

package x11

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb/xproto"
)

// hotKeys are those keys of the keyboard that mean something to the panel.
//
// What counts is that such a key was pressed here, as the server tells it of every device, before any program has it: so
// no program that has grabbed the whole keyboard, as menus and games do, keeps it from us, no modifier that a supporter holds makes
// another key of it, and what they inject is none of it. The grabs are there only so that no other program gets the
// key as well. Where the server does not tell (no XI2), they are all there is.
type hotKeys struct {
	table atomic.Pointer[hotTable]

	mu    sync.Mutex
	keys  []hotKey
	heard map[xproto.Keycode]time.Time // when a grabbed key was last pressed, or repeated
}

// hotKey is a key and where it is on the keyboard.
type hotKey struct {
	sym  uint32 // maybe with ControlShift
	code xproto.Keycode
}

func (k hotKey) isChord() bool { return k.sym&ControlShift != 0 }

// hotTable says what keycodes mean.
type hotTable struct {
	plain, chord [256]uint32 // alone, and with Control and Shift
	mods         [256]uint16 // the modifiers that a key makes
}

// ControlShift is added to a keysym to mean its key while Control and Shift are held.
const ControlShift = 1 << 31

const (
	repeatFor = 300 * time.Millisecond // a key that is held says so again

	lockMods  = xproto.ModMaskLock | xproto.ModMask2 // Caps Lock and Num Lock: on whether or not somebody holds them
	chordMods = xproto.ModMaskControl | xproto.ModMaskShift
)

// Grab makes the key of a keysym one of the panel's, and takes it from all other programs, unless one of them has it or the
// keyboard lacks it. With ControlShift it is the panel's in any case.
func (p *Panel) Grab(keysym uint32) bool {
	h := &p.hot
	h.mu.Lock()
	defer h.mu.Unlock()
	code, ok := p.keycodes()[keysym&^ControlShift]
	if !ok {
		return false
	}
	key := hotKey{keysym, code}
	if !p.take(key) && (!key.isChord() || p.local == nil) {
		return false
	}
	h.keys = append(h.keys, key)
	p.heed()
	return true
}

// masks are the states of the modifiers in which a key is grabbed.
func (k hotKey) masks() []uint16 {
	var mods uint16
	if k.isChord() {
		mods = chordMods
	}
	return []uint16{mods, mods | xproto.ModMaskLock, mods | xproto.ModMask2, mods | lockMods}
}

// take grabs a key, in all states or in none.
func (p *Panel) take(key hotKey) bool {
	masks := key.masks()
	for i, mask := range masks {
		err := xproto.GrabKeyChecked(p.conn.Conn, false, p.conn.screen.Root, mask, key.code, xproto.GrabModeAsync, xproto.GrabModeAsync).Check()
		if err != nil {
			p.giveBack(key, masks[:i])
			return false
		}
	}
	return true
}

func (p *Panel) giveBack(key hotKey, masks []uint16) {
	for _, mask := range masks {
		xproto.UngrabKey(p.conn.Conn, key.code, p.conn.screen.Root, mask)
	}
}

// keycodes are the keys that give keysyms by themselves.
func (p *Panel) keycodes() map[uint32]xproto.Keycode {
	first := p.conn.setup.MinKeycode
	count := min(int(p.conn.setup.MaxKeycode)-int(first)+1, math.MaxUint8)
	m, err := xproto.GetKeyboardMapping(p.conn.Conn, first, byte(count)).Reply()
	if err != nil || m.KeysymsPerKeycode == 0 {
		return nil
	}
	codes := make(map[uint32]xproto.Keycode)
	level := int(m.KeysymsPerKeycode)
	for i := len(m.Keysyms)/level - 1; i >= 0; i-- { // the first key of a keysym is the one
		codes[uint32(m.Keysyms[i*level])] = first + xproto.Keycode(i)
	}
	return codes
}

// heed makes the table of the keys as they are now. p.hot.mu is held.
func (p *Panel) heed() {
	t := new(hotTable)
	for _, key := range p.hot.keys {
		if key.isChord() {
			t.chord[key.code] = key.sym
		} else {
			t.plain[key.code] = key.sym
		}
	}
	if m, err := xproto.GetModifierMapping(p.conn.Conn).Reply(); err == nil {
		for i, code := range m.Keycodes {
			t.mods[code] |= 1 << (i / int(m.KeycodesPerModifier))
		}
	}
	p.hot.table.Store(t)
}

// pressed says that a key was pressed on this machine while others were down.
func (p *Panel) pressed(code byte, down map[rawInput]bool) {
	t := p.hot.table.Load()
	if t == nil {
		return
	}
	var mods uint16
	for held := range down {
		if held.kind == xproto.KeyPress {
			mods |= t.mods[byte(held.detail)]
		}
	}
	keysym := uint32(0)
	switch mods &^ lockMods {
	case 0:
		keysym = t.plain[code]
	case chordMods:
		keysym = t.chord[code]
	}
	if keysym != 0 {
		pass(p.keys, keysym)
	}
}

// grabbed says that a grabbed key was pressed, or repeated.
func (p *Panel) grabbed(e xproto.KeyPressEvent) {
	h := &p.hot
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.heard == nil {
		h.heard = make(map[xproto.Keycode]time.Time)
	}
	held := now.Sub(h.heard[e.Detail]) < repeatFor
	h.heard[e.Detail] = now
	t := h.table.Load()
	if t == nil || held {
		return
	}
	keysym := t.plain[e.Detail]
	if e.State&chordMods == chordMods {
		keysym = t.chord[e.Detail]
	}
	if keysym != 0 {
		pass(p.keys, keysym)
	}
}

// remap takes the keys where another layout has them, and gives back those where they were. A key that the layout lacks, or that
// another program has there, stays where it was.
func (p *Panel) remap() {
	h := &p.hot
	h.mu.Lock()
	defer h.mu.Unlock()
	codes := p.keycodes()
	before := slices.Clone(h.keys)
	for i := range h.keys {
		key := &h.keys[i]
		to := hotKey{key.sym, codes[key.sym&^ControlShift]}
		if to.code != 0 && to.code != key.code && p.take(to) {
			*key = to
		}
	}
	for _, was := range before {
		if !slices.ContainsFunc(h.keys, func(key hotKey) bool { return key.code == was.code && key.isChord() == was.isChord() }) {
			p.giveBack(was, was.masks())
		}
	}
	p.heed()
}
