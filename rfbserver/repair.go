package rfbserver

import (
	"image"
	"math"
	"time"
)

const (
	restFor     = 100 * time.Millisecond // without a change, after which pixels are at rest
	settleEvery = 20 * time.Millisecond  // at most, pixels that come to rest are looked for

	repairArea  = 256 << 10             // pixels that are repaired at a time
	repairFor   = 20 * time.Millisecond // and how long the path may take for them
	repairEvery = 10 * repairFor        // while something changes and the path is narrow
	repairCost  = 2                     // bytes of a pixel
	minRepair   = 1 << 10               // pixels, however slow the path is
)

// settles lets Run look for lossy pixels that come to rest, for there are some now.
func (s *Server) settles() {
	if !s.watch.lossy.Swap(true) {
		s.await()
	}
}

// expectRest begins to wait for the pixels that settles told of.
func (w *watch) expectRest() {
	if !w.settling && w.lossy.Swap(false) {
		w.settling = true
		w.settle.Reset(restFor)
	}
}

// settle lets the viewers repair what has come to rest, and comes back for what has not.
func (s *Server) settle() {
	w := &s.watch
	w.settling = false
	w.lossy.Store(false)
	now := time.Now()
	var next time.Time
	for _, v := range w.viewers {
		if at := v.settle(&s.picture.heat, now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if !next.IsZero() {
		w.settling = true
		w.settle.Reset(max(next.Sub(now), settleEvery))
	}
}

// settle moves lossy pixels that are at rest to where they are repaired from, and returns when the next will be.
func (v *viewer) settle(heat *heat, now time.Time) (next time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b := &v.lacks
	b.resting = b.resting[:0]
	for _, r := range b.lossy.rects {
		r = r.Intersect(heat.area)
		from, all := len(b.resting), true
		for part := range heat.parts(r) {
			at := heat.rests(part)
			if !at.After(now) {
				b.resting = append(b.resting, part)
			} else if all = false; next.IsZero() || at.Before(next) {
				next = at
			}
		}
		if all {
			b.resting = append(b.resting[:from], r)
		}
	}
	for _, r := range b.resting {
		b.lossy.remove(r)
		b.rest.add(r)
	}
	return next
}

// nextRepair makes m an update of lossy pixels at rest, if Run knows of nothing newer.
func (v *viewer) nextRepair(m *message, wanted image.Rectangle) {
	if !v.repairs {
		return
	}
	v.repairs = false
	now := time.Now()
	if now.Sub(v.changed) < restFor && now.Sub(v.repaired) < repairEvery && v.narrow(now) {
		v.server.settles()
		return
	}
	if v.fenced() && v.flow.types(now) && v.flow.busyAt(now) {
		return // until the viewer has all: what is typed next must not wait
	}
	area := int(min(repairArea, max(v.repairRoom(now)/repairCost, minRepair)))
	m.pixels = v.lacks.rest.takeSome(wanted, area, m.pixels)
	if len(m.pixels) > 0 {
		m.update, m.repair = true, true
		v.repaired = now
	}
}

// narrow tells whether the path limits what the viewer gets. v.mu is held.
func (v *viewer) narrow(now time.Time) bool {
	rate := v.flow.rate(now)
	return rate > 0 && over(rate, frameFor) < boundless
}

// repairRoom is how many bytes a repair may have now: as with room, all that viewers ask for who answer no fences. A slow one would
// be taken for a slow path, and sent a little at a time for ever. v.mu is held.
func (v *viewer) repairRoom(now time.Time) int64 {
	if !v.fenced() {
		return math.MaxInt64
	}
	rate := v.flow.rate(now)
	if rate == 0 {
		return firstRoom
	}
	return min(v.room(now), over(rate, repairFor))
}

// interrupts tells whether a repair must stop for something new.
func (v *viewer) interrupts() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.lacks.moves)+len(v.lacks.dirty.rects) > 0
}

// takeSome moves pixels of g that are in r, most of them at most but a row at least, to dst, which it returns.
func (g *region) takeSome(r image.Rectangle, most int, dst []image.Rectangle) []image.Rectangle {
	from := len(dst)
	for _, have := range g.rects {
		c := have.Intersect(r)
		if c.Empty() {
			continue
		}
		if most <= 0 {
			break
		}
		c.Max.Y = min(c.Max.Y, c.Min.Y+max(1, most/c.Dx()))
		most -= area(c)
		dst = append(dst, c)
	}
	for _, c := range dst[from:] {
		g.remove(c)
	}
	return dst
}
