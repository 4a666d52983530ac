//go:build linux

package x11

import (
	"slices"
	"time"
)

// grace is how long a keysym stays on its spare key after it was typed. Programs look at the keymap only when they come
// to a key press, which is late on a busy machine, and must not find another keysym there by then. A layout leaves 19
// keycodes of four levels, so only a burst of 76 new characters in this time ever waits.
const grace = time.Second

const spareLevels = 4 // plain, Shift, Level3, Shift and Level3

// spares are keycodes that the layout leaves empty, lent to keysyms that it lacks.
type spares struct {
	keys []spareKey
}

// spareKey is a borrowed keycode. A letter takes a pair of its levels, small and capital.
type spareKey struct {
	code byte
	syms [spareLevels]uint32
	used [spareLevels]time.Time
}

// touch notes that a stroke was typed.
func (s *spares) touch(t stroke) {
	for i := range s.keys {
		if s.keys[i].code == t.code {
			s.keys[i].used[t.level] = time.Now()
		}
	}
}

// adopt keeps those keys that a new map still has as we made them; the others are no longer ours.
func (s *spares) adopt(m *keymap) {
	s.keys = slices.DeleteFunc(s.keys, func(k spareKey) bool {
		now := &m.keys[k.code]
		return now.groups != 1 || now.width > spareLevels || !slices.Equal(now.syms, k.syms[:now.width])
	})
}

// bindSpare puts a keysym on a spare key.
func (k *keyboard) bindSpare(sym uint32) bool {
	typ, levels := k.keymap.spareType()
	syms := []uint32{sym}
	if small, capital, both := cases(sym); both {
		syms = []uint32{small, capital}
	}
	before := len(k.spares.keys)
	key, level, ok := k.spares.place(k.keymap, len(syms), levels, k.held)
	if !ok {
		return false
	}
	key.used[level] = time.Time{}
	copy(key.syms[level:], syms)
	k.keymap.keys[key.code] = key.as(typ, levels)
	k.keymap.index()
	k.xkb.setKey(k.keymap, key.code, typ, key.syms[:levels])
	if len(k.spares.keys) > before {
		k.noteSpares()
	}
	return true
}

// as is the key as the keymap has it.
func (s *spareKey) as(typ byte, levels int) key {
	return key{types: [maxGroups]byte{typ, typ, typ, typ}, groups: 1, width: levels, syms: slices.Clone(s.syms[:levels])}
}

// place finds n levels for a keysym: new ones as long as there are some, else the pair that was not used for longest,
// as soon as its grace is over.
func (s *spares) place(m *keymap, n, levels int, held []heldKey) (at *spareKey, level int, ok bool) {
	for code := int(m.last); code >= int(m.first); code-- {
		if k := &m.keys[code]; k.groups == 0 && k.mods == 0 {
			s.keys = append(s.keys, spareKey{code: byte(code)})
			return &s.keys[len(s.keys)-1], 0, true
		}
	}
	for level := 0; level < levels; level += n {
		for i := range s.keys {
			if k := &s.keys[i]; !slices.ContainsFunc(k.syms[level:level+n], func(sym uint32) bool { return sym != 0 }) {
				return k, level, true
			}
		}
	}
	var oldest time.Time
	for i := range s.keys {
		if slices.ContainsFunc(held, func(h heldKey) bool { return h.code == s.keys[i].code }) {
			continue
		}
		for l := 0; l < levels; l += 2 {
			if used := later(s.keys[i].used[l], s.keys[i].used[l+1]); at == nil || used.Before(oldest) {
				at, level, oldest = &s.keys[i], l, used
			}
		}
	}
	if at == nil {
		return nil, 0, false
	}
	time.Sleep(time.Until(oldest.Add(grace)))
	at.syms[level], at.syms[level+1] = 0, 0
	return at, level, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// spareType finds a type whose levels Shift and Level3 choose and nothing else; XKB's second type, which always is
// there, has Shift only.
func (m *keymap) spareType() (typ byte, levels int) {
	const twoLevel = 1
	for i, t := range m.types {
		plain, _ := t.levelOf(0)
		shift, _ := t.levelOf(modShift)
		third, _ := t.levelOf(m.level3)
		both, _ := t.levelOf(modShift | m.level3)
		if m.level3 != 0 && t.mask == modShift|m.level3 && t.levels == spareLevels && plain == 0 && shift == 1 && third == 2 && both == 3 {
			return byte(i), spareLevels
		}
	}
	return twoLevel, 2
}

// returnSpares leaves the keymap as it was. It waits out the grace of the last key typed.
func (k *keyboard) returnSpares() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.spares.keys) == 0 {
		return nil
	}
	var last time.Time
	for _, s := range k.spares.keys {
		for _, used := range s.used {
			last = later(last, used)
		}
	}
	time.Sleep(time.Until(last.Add(grace)))
	k.stale.Store(true)
	if _, err := k.now(); err != nil { // finds out which are still ours
		return err
	}
	for _, s := range k.spares.keys {
		k.xkb.setKey(k.keymap, s.code, 0, nil)
	}
	k.spares.keys = nil
	k.noteSpares()
	_, err := k.xkb.state() // and by the answer, that the server has done it
	return err
}
