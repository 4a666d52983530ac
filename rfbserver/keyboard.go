package rfbserver

import "slices"

// maxHeld is how many keys a viewer holds at most: more than anyone has fingers, fewer than would matter.
const maxHeld = 64

// key is a key as a viewer presses it: by its place on the keyboard, if the viewer knows it, or else by its meaning.
type key struct {
	code   uint32 // an XT scancode; 0: unknown
	keysym uint32 // 0: unknown
}

// shared is what k is counted by: two viewers mean the same key, one of which knows its place.
func (k key) shared() uint32 {
	if k.keysym != 0 {
		return k.keysym
	}
	return k.code | 1<<31 // no keysym has that bit
}

// heldAs finds the key among those that the viewer holds, or returns -1. A viewer may press it in one way and release it
// in the other, when it learns in between that scancodes are understood. A key with a code is that key, whatever it means
// by now.
func (h *held) heldAs(k key) int {
	same := func(have key) bool { return have.code == k.code && (k.code != 0 || have.keysym == k.keysym) }
	if i := slices.IndexFunc(h.keys, same); i >= 0 || k.keysym == 0 {
		return i
	}
	return slices.IndexFunc(h.keys, func(have key) bool {
		return have.keysym == k.keysym && (have.code == 0 || k.code == 0)
	})
}

// press presses or releases a key. A release that belongs to no press goes on to the desktop, which knows
// better: "A" may be pressed and "a" released when Shift was let go first.
func (v *viewer) press(k key, down bool) {
	if k == (key{}) {
		return
	}
	in := &v.server.input
	i := v.held.heldAs(k)
	if i >= 0 && v.held.keys[i].code != k.code {
		k = v.held.keys[i]
	}
	switch {
	case down && i < 0:
		if len(v.held.keys) == maxHeld {
			v.press(v.held.keys[0], false)
		}
		v.held.keys = append(v.held.keys, k)
		in.count(k, 1)
	case !down:
		others := 0
		if i >= 0 {
			k = v.held.keys[i]
			v.held.keys = slices.Delete(v.held.keys, i, i+1)
			others = in.count(k, -1)
		} else {
			others = in.count(k, 0)
		}
		if others > 0 {
			return
		}
	}
	if k.code != 0 {
		in.desktop.KeyCode(k.code, k.keysym, down)
	} else {
		in.desktop.Key(k.keysym, down)
	}
}

// count adds n to the number of viewers that hold the key, and returns it.
func (in *input) count(k key, n int) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	id := k.shared()
	n += in.keys[id]
	if in.keys[id] = n; n <= 0 {
		delete(in.keys, id)
	}
	return n
}
