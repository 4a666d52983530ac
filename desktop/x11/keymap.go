//go:build linux

package x11

import "slices"

// Modifier bits of the core protocol that mean the same under every map.
const (
	modShift   = 1 << 0
	modLock    = 1 << 1
	modControl = 1 << 2
)

// keymap is the X server's keymap, with its keysyms in canonical form.
type keymap struct {
	first, last byte // keycodes
	types       []keyType
	keys        [256]key
	scancodes   [256]byte // the keycode of each XT scancode; 0: there is no such key

	codes    map[uint32][]byte // the keys that type a keysym in some group at some level
	level3   byte              // modifier bits that this map chose; 0 where it has none
	numLock  byte
	shortcut byte // with one of these held a key is a command, not a text
	groups   int  // most that a key has
}

// index finds keysyms and modifiers; to be called after every change of keys.
func (m *keymap) index() {
	m.codes = make(map[uint32][]byte, 512)
	m.groups = 0
	for code := range m.keys {
		m.groups = max(m.groups, m.keys[code].groups)
		for _, sym := range m.keys[code].syms {
			if at := m.codes[sym]; sym != 0 && !slices.Contains(at, byte(code)) {
				m.codes[sym] = append(at, byte(code))
			}
		}
	}
	m.level3 = m.modifiers(symLevel3Shift)
	m.numLock = m.modifiers(symNumLock)
	m.shortcut = modControl | (m.modifiers(symAltL, symMetaL, symSuperL, symHyperL) &^ (m.level3 | m.numLock | modShift | modLock))
}

// modifiers gives the modifier bits that the keys with these keysyms set.
func (m *keymap) modifiers(syms ...uint32) (mods byte) {
	for _, sym := range syms {
		for _, code := range m.codes[sym] {
			mods |= m.keys[code].mods
		}
	}
	return mods
}

// groupOf is the group of a key that is used while group is in effect: XKB wraps, clamps or redirects one that it lacks.
func (k *key) groupOf(group int) int {
	const clamp, redirect = 0x40, 0x80
	switch {
	case group < k.groups:
		return group
	case k.outOfRange&0xc0 == clamp:
		return k.groups - 1
	case k.outOfRange&0xc0 == redirect:
		if to := int(k.outOfRange>>4) & 3; to < k.groups {
			return to
		}
		return 0
	}
	return group % k.groups
}

// levelOf is the level that the modifiers choose, and which of them were used up by choosing.
func (t *keyType) levelOf(mods byte) (level int, used byte) {
	for _, e := range t.entries {
		if mods&t.mask == e.mods {
			return e.level, t.mask &^ e.preserve
		}
	}
	return 0, t.mask
}

// typed is what a key types in a state, and the level at which it stands. sure is false when programs differ on it: a
// letter on a key that ignores CapsLock is made a capital by some.
func (m *keymap) typed(code byte, group int, mods byte) (sym uint32, level int, sure bool) {
	k := &m.keys[code]
	if k.groups == 0 {
		return 0, 0, false
	}
	group = k.groupOf(group)
	level, used := m.types[k.types[group]].levelOf(mods)
	if level >= k.width {
		return 0, level, false
	}
	sym = k.syms[group*k.width+level]
	return sym, level, mods&modLock == 0 || used&modLock != 0 || !hasCase(sym)
}

// has says whether a key types the keysym at any level of any group.
func (m *keymap) has(code byte, sym uint32) bool { return slices.Contains(m.codes[sym], code) }

// Keys of the evdev keycodes that stand in for modifiers that no real key has: the map gives them keysyms, keyboards
// and programs that look at keycodes do not know them.
var imaginary = []byte{92, 203, 204, 205, 206, 207}

// lsgt is the key between left Shift and Z. Layouts for keyboards without it also put "<" there.
const lsgt = 94

// modifierKey finds the key to press for a modifier: a real one, if need be of one of its stand-ins.
func (m *keymap) modifierKey(sym uint32) (code byte, ok bool) {
	for _, real := range []bool{true, false} {
		for _, s := range append([]uint32{sym}, standIns[sym]...) {
			for _, c := range m.codes[s] {
				if real != slices.Contains(imaginary, c) {
					return c, true
				}
			}
		}
	}
	return 0, false
}
