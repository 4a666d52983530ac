package rfbserver

import (
	"image"
	"slices"
	"sync"
	"sync/atomic"

	"sixgate/rfb"
)

// crewArea is how many pixels an update must have for several cores to be put to work.
const crewArea = 2 * pieceArea

// crew codes the pieces of an update. Large updates it codes on several cores: once a viewer's zlib streams are open nothing that
// is coded depends on what was coded before. They are sent in their order all the same: gvnccapture takes its picture when the
// lower right corner has come. Its goroutines begin and end with an update.
type crew struct {
	viewer     *viewer
	own        *coder // of who asks for the pieces
	terms      terms
	withCursor bool
	repairs    bool // the pieces: without loss
	varies     bool // terms.jpeg, with what moves
	shared     bool // other viewers have equal terms
	pieces     []image.Rectangle
	hands      int // goroutines; 0: who asks for a piece codes it
	given      int // pieces that were asked for
	last       int // pieces that will be: all, or those that were begun when it was stopped

	begun       atomic.Int64 // pieces, and one more for each hand that looked for another in vain
	work        func()
	full, empty chan *parcel
	early       []*parcel // that came before those of pieces before theirs
	done        sync.WaitGroup
}

// begin sets to work on the pieces, with as many hands at most.
func (c *crew) begin(pieces []image.Rectangle, hands int) {
	c.pieces, c.given, c.last = pieces, 0, len(pieces)
	c.hands = min(hands, len(pieces))
	if c.hands == 0 {
		return
	}
	if c.work == nil {
		c.work = c.code
		n := hands + 1 // one for who writes
		c.full, c.empty = make(chan *parcel, n), make(chan *parcel, n)
		for range n {
			c.empty <- new(parcel)
		}
	}
	c.begun.Store(0)
	c.done.Add(c.hands)
	for range c.hands {
		go c.work()
	}
}

// code is what one of the hands does.
func (c *crew) code() {
	defer c.done.Done()
	for {
		p := <-c.empty // first: where the viewer is slow, nothing else must be held
		i := int(c.begun.Add(1)) - 1
		if i >= len(c.pieces) {
			c.empty <- p
			return
		}
		p.clear()
		p.piece = i
		c.codePiece(p, c.pieces[i])
		c.full <- p
	}
}

// codePiece adds a piece to p: coded now, or by another viewer's crew.
func (c *crew) codePiece(p *parcel, r image.Rectangle) {
	s := c.viewer.server
	t := c.termsOf(r)
	var made *shared
	if c.shared {
		var done bool
		if done, made = s.exchange.take(p, t, r, s.picture.version(r, c.withCursor)); done {
			return
		}
	}
	o := c.own
	if c.hands > 0 {
		o = <-s.coders
	}
	o.use(t)
	at, rects, lossy := len(p.b), p.rects, len(p.lossy)
	version := o.copy(&s.picture, r, c.withCursor)
	o.append(p, t.encoding)
	if made != nil {
		s.exchange.publish(made, version, p.b[at:], p.rects-rects, p.lossy[lossy:])
	}
	if c.hands > 0 {
		s.coders <- o
	}
}

// termsOf is how a piece is coded: what moves is worth less than what stays.
func (c *crew) termsOf(r image.Rectangle) terms {
	t := c.terms
	switch {
	case c.repairs:
		t.jpeg.Quality = 0
	case c.varies && c.viewer.server.picture.moving(r):
		t.jpeg = t.jpeg.Moving()
	}
	return t
}

// more tells whether there are pieces to ask for.
func (c *crew) more() bool { return c.given < c.last }

// next adds a piece to p.
func (c *crew) next(p *parcel) {
	if c.hands == 0 {
		c.codePiece(p, c.pieces[c.given])
	} else {
		q := c.await()
		p.b, p.rects, p.lossy = append(p.b, q.b...), p.rects+q.rects, append(p.lossy, q.lossy...)
		c.empty <- q
	}
	c.given++
}

// await returns the parcel of the next piece. It is being made: whoever begins a piece has a parcel for it.
func (c *crew) await() *parcel {
	for {
		for i, q := range c.early {
			if q.piece == c.given {
				c.early = slices.Delete(c.early, i, i+1)
				return q
			}
		}
		c.early = append(c.early, <-c.full)
	}
}

// stop has no more pieces begun. Those that were, the first ones, are still to be asked for.
func (c *crew) stop() {
	if c.hands == 0 {
		c.last = c.given
		return
	}
	c.last = min(c.last, int(c.begun.Swap(int64(len(c.pieces)))))
}

// end waits until nobody works any more.
func (c *crew) end() {
	if c.hands == 0 {
		return
	}
	for c.stop(); c.given < c.last; c.given++ { // there is an error, and what is coded goes nowhere
		c.empty <- c.await()
	}
	c.done.Wait()
}

// assemble says how m is coded: by how many, and whether for other viewers as well. Both need open streams, so it adds
// what opens them.
func (v *viewer) assemble(p *parcel, m *message, pieces []image.Rectangle) {
	o, s := &v.out, v.server
	c := &o.crew
	c.viewer, c.own, c.terms, c.withCursor = v, &o.coder, m.terms(), !m.wishes.cursor
	c.repairs, c.varies = m.repair, m.jpeg.Quality > 0 && !m.wishes.exact
	hands := 0
	if n := cap(s.coders); n > 1 && totalArea(m.pixels) >= crewArea && c.terms.encoding != rfb.EncodingRaw {
		hands = n
	}
	c.shared = s.exchange.enter(v, c.terms) && len(pieces) > 0
	if (hands > 0 || c.shared) && !o.encoder.IsOpen(c.terms.encoding) && !v.open(p, c, pieces) {
		hands, c.shared = 0, false
	}
	c.begin(pieces, hands)
}

// open adds the beginnings of the zlib streams, for which it needs some pixels of one of the pieces.
func (v *viewer) open(p *parcel, c *crew, pieces []image.Rectangle) bool {
	for _, r := range pieces {
		if r.Dx() >= rfb.OpeningPixels {
			c.own.copy(&v.server.picture, image.Rect(r.Min.X, r.Min.Y, r.Min.X+rfb.OpeningPixels, r.Min.Y+1), c.withCursor)
			var n int
			p.b, n = c.own.encoder.AppendOpening(p.b, c.terms.encoding, &c.own.piece)
			p.rects += n
			return true
		}
	}
	return false
}
