package rfbserver

import (
	"image"
	"slices"
	"time"
)

const (
	hotGap  = 500 * time.Millisecond // from one change to the next, while something moves
	hotFrom = 3                      // changes, each within hotGap of the one before
)

// heat knows of each block of a picture how often it changed lately.
type heat struct {
	area    image.Rectangle
	blocks  []warmth
	columns int
}

// warmth is of a block.
type warmth struct {
	touched time.Time     // when anything in it changed last
	changed time.Time     // when much of it did
	gap     time.Duration // between that and the time before
	count   int           // of such changes in a row, each within hotGap
}

// arrange forgets all, and makes room for a picture of that size.
func (h *heat) arrange(size image.Rectangle) {
	across, down := blocksOf(size)
	h.area, h.columns = size, across
	h.blocks = slices.Grow(h.blocks[:0], across*down)[:across*down]
	clear(h.blocks)
}

// parts cuts r at the borders of blocks.
func (h *heat) parts(r image.Rectangle) func(yield func(image.Rectangle) bool) {
	return func(yield func(image.Rectangle) bool) {
		for y := r.Min.Y; y < r.Max.Y; y = (y/blockSide + 1) * blockSide {
			for x := r.Min.X; x < r.Max.X; x = (x/blockSide + 1) * blockSide {
				block := image.Rect(x, y, (x/blockSide+1)*blockSide, (y/blockSide+1)*blockSide)
				if !yield(block.Intersect(r)) {
					return
				}
			}
		}
	}
}

func (h *heat) of(p image.Point) *warmth {
	return &h.blocks[p.Y/blockSide*h.columns+p.X/blockSide]
}

// change notes that the pixels of r changed. Only where they are a good part of a block, something may move.
func (h *heat) change(r image.Rectangle, now time.Time) {
	for part := range h.parts(r) {
		w := h.of(part.Min)
		w.touched = now
		if 4*area(part) < blockSide*blockSide || w.changed == now {
			continue
		}
		w.gap = now.Sub(w.changed)
		if w.count++; w.gap > hotGap {
			w.count = 1
		}
		w.changed = now
	}
}

// touch notes that r shows something else that was there before.
func (h *heat) touch(r image.Rectangle, now time.Time) {
	for part := range h.parts(r) {
		h.of(part.Min).touched = now
	}
}

// rests is when r, which is of one block, will be at rest: for one that moves, not before the next picture of a slow film
// should have come.
func (h *heat) rests(r image.Rectangle) time.Time {
	w := h.of(r.Min)
	at := w.touched.Add(restFor)
	if w.count >= hotFrom {
		if late := w.changed.Add(w.gap + w.gap/2); late.After(at) {
			return late
		}
	}
	return at
}

// moving tells whether most of r changes fast.
func (h *heat) moving(r image.Rectangle, now time.Time) bool {
	moving := 0
	for part := range h.parts(r) {
		if w := h.of(part.Min); w.count >= hotFrom && now.Sub(w.changed) < hotGap {
			moving += area(part)
		}
	}
	return 2*moving > area(r)
}

// moving tells whether most of r, which may reach beyond the picture, changes fast.
func (p *picture) moving(r image.Rectangle) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	r = r.Intersect(p.heat.area)
	return !r.Empty() && p.heat.moving(r, time.Now())
}
