//go:build linux

package x11

import (
	"slices"
	"strings"

	"github.com/jezek/xgb/xproto"
)

// tap types a stroke in a state other than the present one, and restores that. The key goes up again before the
// modifiers do, so that the server's repeat cannot type it in the wrong state. off are held keys to let go meanwhile.
func (k *keyboard) tap(st state, s stroke, off []byte) {
	add, drop := s.mods&^st.mods, st.mods&^s.mods
	for _, code := range k.holding(drop & st.base &^ modLock) {
		if !slices.Contains(off, code) {
			off = append(off, code)
		}
	}
	on := k.modifierKeys(add)
	locks := add&k.keymap.numLock | drop&st.locked

	k.fakeAll(xproto.KeyRelease, off)
	if locks != 0 {
		k.lights.mu.Lock()
		defer k.lights.mu.Unlock()
		k.xkb.lock(locks, add)
	}
	if s.group != st.group {
		k.xkb.lockGroup(s.group - st.groupOffset)
	}
	k.fakeAll(xproto.KeyPress, on)

	if i := slices.IndexFunc(k.held, func(h heldKey) bool { return h.code == s.code }); i >= 0 {
		k.letGo(i)
	}
	k.xtest.fake(xproto.KeyPress, s.code)
	k.xtest.fake(xproto.KeyRelease, s.code)

	slices.Reverse(on)
	k.fakeAll(xproto.KeyRelease, on)
	if s.group != st.group {
		k.xkb.lockGroup(st.lockedGroup)
	}
	if locks != 0 {
		k.xkb.lock(locks, st.locked)
	}
	slices.Reverse(off)
	k.fakeAll(xproto.KeyPress, off)
}

func (k *keyboard) fakeAll(kind byte, codes []byte) {
	for _, code := range codes {
		k.xtest.fake(kind, code)
	}
}

// modifierKeys are the keys to hold for Shift and Level3.
func (k *keyboard) modifierKeys(mods byte) (codes []byte) {
	for _, m := range []struct {
		bit byte
		sym uint32
	}{{modShift, symShiftL}, {k.keymap.level3, symLevel3Shift}} {
		if mods&m.bit == 0 {
			continue
		}
		if code, ok := k.keymap.modifierKey(m.sym); ok {
			codes = append(codes, code)
		}
	}
	return codes
}

// holding asks which keys are down that set one of mods.
func (k *keyboard) holding(mods byte) (codes []byte) {
	if mods == 0 {
		return nil
	}
	down, err := xproto.QueryKeymap(k.conn).Reply()
	if err != nil {
		return nil
	}
	for code := 8; code < 256; code++ {
		if down.Keys[code/8]>>(code%8)&1 != 0 && k.keymap.sets(byte(code))&mods != 0 {
			codes = append(codes, byte(code))
		}
	}
	return codes
}

// sets are the modifiers that a key sets while it is held. A map may give AltGr to a key without saying so in its
// modifier map.
func (m *keymap) sets(code byte) byte {
	mods := m.keys[code].mods
	if m.has(code, symLevel3Shift) {
		mods |= m.level3
	}
	return mods
}

// nationalSigns are where ISO 646 lets nations put their letters: what national keyboards have on AltGr.
const nationalSigns = "#@[\\]^`{|}~"

// altGr finds the held keys that a viewer means as AltGr, or that its system pressed along with it, although here they
// make a command of the key; and the state without them. RealVNC's viewer sends AltGr as Alt_R, those on Windows as
// Control_L and Alt_R, and then the keysym that AltGr made.
func (k *keyboard) altGr(st state, sym uint32) (state, []byte) {
	char := character(sym)
	i := slices.IndexFunc(k.held, func(h heldKey) bool { return h.sym == symAltR || h.sym == symLevel3Shift })
	if char == 0 || i < 0 {
		return st, nil
	}
	without := func(st state, h heldKey) state {
		st.mods &^= k.keymap.sets(h.code)
		st.base &^= k.keymap.sets(h.code)
		return st
	}
	control := i > 0 && k.held[i-1].sym == symControlL // at once before it: Windows does that
	alt := k.held[i]
	if k.keymap.sets(alt.code)&k.keymap.level3 != 0 { // here it is AltGr
		if s, ok := k.keymap.search(st, sym); !control || !ok || s.level < 2 {
			return st, nil
		}
		return without(st, k.held[i-1]), []byte{k.held[i-1].code}
	}
	if char < 0x80 && !strings.ContainsRune(nationalSigns, char) {
		return st, nil // a command
	}
	if control {
		return without(without(st, alt), k.held[i-1]), []byte{alt.code, k.held[i-1].code}
	}
	return without(st, alt), []byte{alt.code}
}
