package rfbserver

import "image"

// move says that a part of the screen shows at to what was shown at to.Sub(by).
type move struct {
	to image.Rectangle
	by image.Point
}

func (m move) from() image.Rectangle { return m.to.Sub(m.by) }

// maxMoves is how many moves are kept for a viewer that is slow to take them.
const maxMoves = 32

// backlog is what a viewer lacks: what it shows is the picture once it has carried out moves, in this order, but for
// what is dirty. Working memory is kept between uses.
type backlog struct {
	moves []move
	dirty region
	lossy region // shown, but not exactly
	rest  region // what was lossy and has come to rest

	resting []image.Rectangle // scratch
}

// change says that r, which must lie inside of what the viewer shows, is not what the viewer has.
func (b *backlog) change(r image.Rectangle) {
	if r.Empty() {
		return
	}
	b.dirty.add(r)
	b.lossy.remove(r)
	b.rest.remove(r)
}

// move says that the picture moved; what else changed with it follows. Where the viewer has something else than the picture,
// so will the copy.
func (b *backlog) move(m move, bounds image.Rectangle) {
	for b.shorten() {
	}
	can := move{m.to.Intersect(bounds).Intersect(bounds.Add(m.by)), m.by}
	if !can.to.Empty() {
		b.dirty.carry(can)
		b.lossy.carry(can)
		b.rest.carry(can)
		b.moves = append(b.moves, can)
	}
	b.spread(m.to.Intersect(bounds), can.to)
	if len(b.moves) > maxMoves {
		b.flatten()
	}
}

// spread makes dirty what is in r and not in but.
func (b *backlog) spread(r, but image.Rectangle) {
	var parts [4]image.Rectangle
	for _, part := range appendDifference(parts[:0], r, but) {
		b.change(part)
	}
}

// shorten makes one of the last two moves where that makes few pixels dirty: a window that was dragged twice was dragged once.
func (b *backlog) shorten() bool {
	n := len(b.moves)
	if n < 2 {
		return false
	}
	first, second := b.moves[n-2], b.moves[n-1]
	both := move{second.from().Intersect(first.to).Add(second.by), first.by.Add(second.by)}
	if both.to.Empty() || b.clean(first.to, both.to)+b.clean(second.to, both.to) > area(both.to)/16 {
		return false
	}
	b.spread(first.to, both.to)
	b.spread(second.to, both.to)
	if b.moves[n-2] = both; both.by == (image.Point{}) {
		n-- // there and back again
	}
	b.moves = b.moves[:n-1]
	return true
}

// clean counts the pixels that are in r, not in but, and not dirty.
func (b *backlog) clean(r, but image.Rectangle) (n int) {
	var parts [4]image.Rectangle
	for _, part := range appendDifference(parts[:0], r, but) {
		n += area(part) - b.dirty.covers(part)
	}
	return n
}

// flatten makes pixels of the moves.
func (b *backlog) flatten() {
	for _, m := range b.moves {
		b.change(m.to)
	}
	b.moves = b.moves[:0]
}

// takeMoves adds the moves to dst, which it returns, unless all that they would draw is dirty, or too little is not.
func (b *backlog) takeMoves(dst []move) []move {
	for b.shorten() {
	}
	saved := 0
	for _, m := range b.moves {
		saved += area(m.to) - b.dirty.covers(m.to)
	}
	if saved < minMove/4 {
		b.flatten()
	}
	dst = append(dst, b.moves...)
	b.moves = b.moves[:0]
	return dst
}

// reset makes all of the picture dirty.
func (b *backlog) reset(bounds image.Rectangle) {
	b.moves = b.moves[:0]
	b.dirty.clear()
	b.lossy.clear()
	b.rest.clear()
	b.dirty.add(bounds)
}
