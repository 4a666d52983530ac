package rfbserver

import (
	"image"

	"sixgate/rfb"
)

// grab finds out that a program wants to know by how much the pointer is moved, and not to where, as games and other
// people's screens in a window do: it hides the pointer, and puts it back to one place whenever a viewer has moved it.
// A viewer that only says places would soon be at the edge of its window, so those that can say movements are asked to
// until the pointer shows again. (QEMU Pointer Motion Change lets the server choose, and the server alone.)
type grab struct {
	shape  *image.RGBA // that hidden is about
	hidden bool
	moves  int         // of the viewers, when the pointer was seen last
	place  image.Point // to which it is put back
	times  int         // in a row
	on     bool
}

// grabAfter is how often the pointer must be put back: more often than by chance.
const grabAfter = 3

// look takes over where the pointer is and what it looks like, and tells whether movements are wanted now.
func (g *grab) look(c cursor, in *input) bool {
	if c.shape != g.shape || c.shape == nil {
		g.shape, g.hidden = c.shape, invisible(c.shape)
	}
	in.mu.Lock()
	moves, theirs := in.moves, in.put.has(c.at)
	in.mu.Unlock()
	if !g.hidden {
		g.moves, g.times, g.on = moves, 0, false
		return false
	}
	if g.on || moves == g.moves || theirs {
		return g.on
	}
	if g.moves = moves; c.at != g.place {
		g.place, g.times = c.at, 0
	}
	g.times++
	g.on = g.times >= grabAfter
	return g.on
}

// invisible tells whether nothing of a shape can be seen.
func invisible(shape *image.RGBA) bool {
	if shape == nil {
		return true
	}
	for y := range shape.Rect.Dy() {
		for x := range shape.Rect.Dx() {
			if shape.Pix[y*shape.Stride+4*x+3] != 0 {
				return false
			}
		}
	}
	return true
}

// grabbed tells the viewers whether movements are wanted.
func (s *Server) grabbed(relative bool) {
	if relative == s.picture.relative {
		return
	}
	s.picture.mu.Lock()
	s.picture.relative = relative
	s.picture.mu.Unlock()
	for _, v := range s.watch.viewers {
		v.mu.Lock()
		v.due.motion = true
		v.signal()
		v.mu.Unlock()
	}
}

// pointed does what a PointerEvent says. A viewer that was ever asked for movements may say either, whatever it has been
// asked since and has not read: places are within the framebuffer, and movements around 0x7fff, which is far from there.
func (v *viewer) pointed(p image.Point, buttons uint16) {
	v.typed()
	v.mu.Lock()
	moves := v.movesToo && p.X > maxSide && p.Y > maxSide
	v.mu.Unlock()
	if moves {
		v.push(rfb.Motion(p), buttons)
	} else {
		v.point(p, buttons)
	}
}

// push moves the pointer by d, with the buttons that this viewer or another one holds.
func (v *viewer) push(d image.Point, buttons uint16) {
	in := &v.server.input
	v.held.buttons, v.held.pushes = buttons, true
	in.desktop.PushPointer(d, in.hold(v, buttons))
}
