package rfbserver

import (
	"image"
	"slices"
	"sync"
)

// What is kept of coded pieces.
const (
	maxShared = 4 << 20 // bytes
	maxPieces = 512
)

// exchange keeps coded pieces for viewers of equal terms: what one of them has coded the others take, and what one of them is
// coding the others wait for. While no two viewers have equal terms nothing is kept.
type exchange struct {
	mu      sync.Mutex
	changed sync.Cond // a piece is no longer being coded
	viewers map[*viewer]terms
	agree   map[terms]int // viewers
	pieces  map[sharedPiece]*shared
	all     []*shared
	bytes   int // of memory, for what is coded
}

type sharedPiece struct {
	terms terms
	r     image.Rectangle
}

// shared is a piece of the picture at a version, coded.
type shared struct {
	sharedPiece
	version uint64
	making  bool
	parcel
}

func (x *exchange) init() {
	x.changed.L = &x.mu
	x.viewers, x.agree, x.pieces = map[*viewer]terms{}, map[terms]int{}, map[sharedPiece]*shared{}
}

// enter says what a viewer's terms are now, and returns whether another has the same.
func (x *exchange) enter(v *viewer, t terms) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if was, ok := x.viewers[v]; !ok || was != t {
		x.leaveLocked(v)
		x.viewers[v] = t
		x.agree[t]++
	}
	return x.agree[t] > 1
}

// leave says that a viewer is gone.
func (x *exchange) leave(v *viewer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.leaveLocked(v)
}

func (x *exchange) leaveLocked(v *viewer) {
	t, ok := x.viewers[v]
	if !ok {
		return
	}
	delete(x.viewers, v)
	if x.agree[t]--; x.agree[t] == 0 {
		delete(x.agree, t)
	}
	if len(x.agree) == len(x.viewers) { // nobody shares any more
		clear(x.pieces)
		x.all, x.bytes = nil, 0
	}
}

// take adds to p what was coded of r at a version. Otherwise, if it returns made, the caller has to code it, and then to
// call publish. Version 0 is none that can be shared.
func (x *exchange) take(p *parcel, t terms, r image.Rectangle, version uint64) (done bool, made *shared) {
	if version == 0 {
		return false, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	key := sharedPiece{t, r}
	e := x.pieces[key]
	for e != nil && e.version == version && e.making { // nobody who makes one waits for anything
		x.changed.Wait()
		e = x.pieces[key]
	}
	switch {
	case e == nil:
	case e.version > version: // the picture has changed since
		return false, nil
	case e.version == version:
		p.b, p.rects, p.lossy = append(p.b, e.b...), p.rects+e.rects, append(p.lossy, e.lossy...)
		return true, nil
	case e.making: // what is out of date: in vain
		x.drop(e)
		e = nil
	}
	if e == nil {
		e = x.another()
		e.sharedPiece = key
		x.pieces[key] = e
		x.all = append(x.all, e)
	}
	e.version, e.making = version, true
	return false, e
}

// publish hands over what was coded: data, of so many rectangles. Its version may be newer than was thought.
func (x *exchange) publish(e *shared, version uint64, data []byte, rects int, lossy []image.Rectangle) {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.changed.Broadcast()
	if x.pieces[e.sharedPiece] != e {
		return
	}
	e.making, e.version = false, version
	if version == 0 {
		x.drop(e)
		return
	}
	x.bytes -= cap(e.b)
	e.b, e.rects, e.lossy = append(e.b[:0], data...), rects, append(e.lossy[:0], lossy...)
	x.bytes += cap(e.b)
	for x.bytes > maxShared {
		x.drop(x.oldest())
	}
}

// another returns a shared to use anew: the oldest, when there are many.
func (x *exchange) another() *shared {
	if len(x.all) < maxPieces && x.bytes < maxShared*3/4 {
		return new(shared)
	}
	e := x.oldest()
	if e == nil {
		return new(shared)
	}
	x.drop(e)
	x.bytes += cap(e.b)
	return e
}

// oldest returns the piece of the lowest version that is not being made: who waits for that would wait for ever.
func (x *exchange) oldest() *shared {
	var oldest *shared
	for _, e := range x.all {
		if !e.making && (oldest == nil || e.version < oldest.version) {
			oldest = e
		}
	}
	return oldest
}

// drop forgets a piece.
func (x *exchange) drop(e *shared) {
	delete(x.pieces, e.sharedPiece)
	x.all = slices.DeleteFunc(x.all, func(o *shared) bool { return o == e })
	x.bytes -= cap(e.b)
	x.changed.Broadcast()
}
