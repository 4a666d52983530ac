//go:build linux

package x11

import "errors"

const maxGroups = 4 // of a key

// keyType says which level of a key the modifiers choose.
type keyType struct {
	mask    byte // the modifiers it looks at
	levels  int
	entries []typeEntry
}

type typeEntry struct {
	mods     byte
	level    int
	preserve byte // of mods: what a client is to see as not used up
}

// key is what one keycode types.
type key struct {
	types      [maxGroups]byte // of each group, indices of keymap.types
	groups     int
	outOfRange byte // how a group that the key does not have becomes one that it has: XKB's group info
	width      int  // levels a group
	syms       []uint32
	mods       byte // the modifier map: the modifiers it sets while held
}

var errShortMap = errors.New("the X server sent a broken keymap: load one with setxkbmap")

// mapReader takes a reply apart. Past its end it gives zeros and remembers.
type mapReader struct {
	rest  []byte
	short bool
}

func (r *mapReader) take(n int) []byte {
	if n > len(r.rest) {
		r.short, r.rest = true, nil
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// parseKeymap reads the reply to GetMap: types, keysyms and the modifier map of all keys.
func parseKeymap(reply []byte) (*keymap, error) {
	r := mapReader{rest: reply}
	head := r.take(40)
	m := &keymap{first: head[10], last: head[11]}
	for range head[15] {
		m.types = append(m.types, r.keyType())
	}
	for i := range int(head[20]) {
		k, err := r.key()
		if err != nil || r.short || int(head[17])+i > 255 {
			return nil, errShortMap
		}
		m.keys[int(head[17])+i] = k
	}
	for range head[33] {
		b := r.take(2)
		m.keys[b[0]].mods = b[1]
	}
	if r.short || m.first < 8 || m.last < m.first {
		return nil, errShortMap
	}
	for _, k := range m.keys {
		for g := range k.groups {
			if int(k.types[g]) >= len(m.types) {
				return nil, errShortMap
			}
		}
	}
	m.index()
	return m, nil
}

func (r *mapReader) keyType() keyType {
	b := r.take(8) // mask, real modifiers, virtual modifiers x2, levels, entries, preserve, pad
	t := keyType{mask: b[0], levels: int(b[4])}
	n, preserve := int(b[5]), b[6] != 0
	active := make([]bool, n)
	for i := range n {
		e := r.take(8) // active, mask, level, real modifiers, virtual modifiers x2, pad x2
		active[i] = e[0] != 0
		t.entries = append(t.entries, typeEntry{mods: e[1], level: int(e[2])})
	}
	if preserve {
		for i := range n {
			t.entries[i].preserve = r.take(4)[0]
		}
	}
	live := t.entries[:0]
	for i, e := range t.entries {
		if active[i] { // the others name a virtual modifier that no key sets
			live = append(live, e)
		}
	}
	t.entries = live
	return t
}

func (r *mapReader) key() (key, error) {
	b := r.take(8) // four types, group info, width, keysyms x2
	k := key{types: [maxGroups]byte(b[:maxGroups]), groups: int(b[4] & 0x0f), outOfRange: b[4] & 0xf0, width: int(b[5])}
	n := int(le.Uint16(b[6:]))
	if k.groups > maxGroups || n != k.groups*k.width {
		return key{}, errShortMap
	}
	syms := r.take(4 * n)
	for ; len(syms) > 0; syms = syms[4:] {
		k.syms = append(k.syms, canonical(le.Uint32(syms)))
	}
	return k, nil
}
