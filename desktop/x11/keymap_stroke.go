//go:build linux

package x11

import "slices"

// stroke is one way to type a keysym: a key and the state in which it is pressed.
type stroke struct {
	code  byte
	level int
	mods  byte
	group int
	cost  int
}

// changes says whether the state must change for it.
func (s stroke) changes(st state) bool { return s.mods != st.mods || s.group != st.group }

// What it costs to change the state, by how likely a program is to notice.
const (
	costShift   = 10
	costLevel3  = 20
	costRelease = 2  // more, to let go what a viewer holds
	costLock    = 15 // CapsLock or NumLock
	costLSGT    = 15 // more than Shift, less than AltGr
	costPadMods = 40 // Shift instead of NumLock: Wine and its like know better
	costGroup   = 100
	costUnreal  = 1000
)

// change is a way to change the modifiers.
type change struct {
	flip byte
	cost int
}

// changes lists what may be done to the modifiers of st to type sym, nothing first.
func (m *keymap) changes(st state, sym uint32) []change {
	all := []change{{}}
	add := func(bit byte, cost int) {
		if bit == 0 {
			return
		}
		for _, c := range all {
			all = append(all, change{c.flip | bit, c.cost + cost})
		}
	}
	for _, c := range []change{{modShift, costShift}, {m.level3, costLevel3}} {
		if st.mods&c.flip != 0 {
			c.cost += costRelease
		}
		if isPad(sym) {
			c.cost += costPadMods
		}
		add(c.flip, c.cost)
	}
	for _, bit := range []byte{modLock, m.numLock} {
		if bit == modLock && st.mods&bit == 0 || st.base&bit != 0 {
			continue // CapsLock is never wanted; a lock key that is held cannot be undone
		}
		add(bit, costLock)
	}
	return all
}

// search finds the cheapest way to type sym: in the current state, else with other modifiers, else in another group.
func (m *keymap) search(st state, sym uint32) (best stroke, ok bool) {
	changes := m.changes(st, sym)
	for _, code := range m.codes[sym] {
		for group := range m.keys[code].groups {
			group, cost := m.enter(st, code, group)
			for _, c := range changes {
				s := stroke{code: code, group: group, mods: st.mods ^ c.flip, cost: cost + c.cost}
				if ok && s.cost >= best.cost {
					continue
				}
				got, level, sure := m.typed(code, group, s.mods)
				if got == sym && sure {
					s.level = level
					best, ok = s, true
				}
			}
		}
	}
	return best, ok
}

// enter says which group to be in to use a group of a key, and what the key and the way there cost.
func (m *keymap) enter(st state, code byte, group int) (enter, cost int) {
	switch {
	case slices.Contains(imaginary, code):
		cost = costUnreal
	case code == lsgt:
		cost = costLSGT
	}
	if m.keys[code].groupOf(st.group) == group {
		return st.group, cost
	}
	return group, cost + costGroup
}

// place finds the key on which sym stands at whatever level, to be pressed with the modifiers as they are.
func (m *keymap) place(st state, sym uint32) (best stroke, ok bool) {
	for _, code := range m.codes[sym] {
		k := &m.keys[code]
		for i, at := range k.syms {
			if at != sym {
				continue
			}
			group, cost := m.enter(st, code, i/k.width)
			level := i % k.width
			if cost += level; !ok || cost < best.cost {
				best, ok = stroke{code: code, level: level, mods: st.mods, group: group, cost: cost}, true
			}
		}
	}
	return best, ok
}

// find chooses how to type sym: what a person at a keyboard with this map would press.
func (m *keymap) find(st state, sym uint32) (stroke, bool) {
	s, ok := m.search(st, sym)
	if ok && !s.changes(st) {
		return s, true
	}
	asIs, has := m.place(st, sym)
	_, _, letter := cases(sym)
	switch {
	case !has:
		return s, ok
	case isPlace(sym) && (sym != symLeftTab || st.mods&modShift != 0):
		return asIs, true
	case st.mods&m.shortcut != 0 && (!ok || letter || st.mods&^s.mods != 0):
		// Control with Shift and a key is not Control with what Shift makes of that key, and a viewer may send either.
		return asIs, true
	case !ok && isPad(sym):
		return asIs, true
	}
	return s, ok
}
