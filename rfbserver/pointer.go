package rfbserver

import (
	"image"
	"slices"
)

// places are where a viewer has put the pointer lately, as many as it can between two looks at the desktop. The desktop
// shows them one after the other, and none of them is news to the viewer.
type places struct {
	at [64]image.Point
	n  int // how many were ever noted
}

func (p *places) note(at image.Point) {
	p.at[p.n%len(p.at)] = at
	p.n++
}

func (p *places) has(at image.Point) bool {
	return slices.Contains(p.at[:min(p.n, len(p.at))], at)
}

// point moves the pointer, with the buttons that this viewer or another one holds.
func (v *viewer) point(p image.Point, buttons uint16) {
	in := &v.server.input
	size := v.server.picture.size()
	v.held.at = image.Pt(min(p.X, size.X-1), min(p.Y, size.Y-1))
	v.held.buttons, v.held.pushes = buttons, false
	v.mu.Lock()
	v.put.note(v.held.at)
	v.mu.Unlock()
	in.note(v.held.at)
	in.desktop.MovePointer(v.held.at, in.hold(v, buttons))
}

// note remembers where viewers have put the pointer, whoever of them.
func (in *input) note(at image.Point) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.put.note(at)
	in.moves++
}

// hold notes which buttons v holds, and returns all that are held.
func (in *input) hold(v *viewer, buttons uint16) (all uint16) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.buttons[v] = buttons; buttons == 0 {
		delete(in.buttons, v)
	}
	for _, b := range in.buttons {
		all |= b
	}
	return all
}

// repointed tells whether someone else has put the pointer where it is: then the viewer does not know. v.mu is held.
func (v *viewer) repointed(at image.Point) bool {
	if v.put.has(at) || !at.In(v.bounds()) {
		return false
	}
	v.put = places{}
	return true
}
