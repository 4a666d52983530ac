//go:build linux

package x11

import (
	"slices"
	"time"
)

// veiling says whether pieces have to be hatched, or have been.
func (d *Desktop) veiling() bool { return d.begun && (d.stack.hides() || len(d.hatched) > 0) }

// nextInterval begins one: what is damaged from here on is fetched the next time.
func (d *Desktop) nextInterval() {
	d.interval++
	d.began, d.begins = d.begins, time.Now()
}

// planVeil adds to the damage what was hatch and is not to be any more, and what is to be and was not. It takes out what is
// and will be: nobody sees what is drawn there.
func (d *Desktop) planVeil() error {
	s := &d.stack
	if len(s.ghosts.at) > 0 { // all that happened in the interval has to be known before its damage takes any away
		d.sendMark()
		d.tidings.await(d.marks)
	}
	if err := d.settle(); err != nil {
		return err
	}
	if s.ghosts.drawn(d.damaged, d.interval, d.began, s.composited) {
		s.version++
	}
	d.damaged = slices.DeleteFunc(d.damaged, d.hatched.covers)
	if d.hatchIs != s.version {
		d.wanted = s.hatched(d.wanted[:0])
		d.damaged = append(d.damaged, d.hatched.minus(d.wanted, nil)...)
		d.damaged = append(d.damaged, d.wanted.minus(d.hatched, nil)...)
	}
	return nil
}

// veilPieces hatches what the pieces have of hidden windows. The stack is brought to a moment after that at which the server read
// their pixels: where hidden windows were then, they still are, or have left a ghost.
func (d *Desktop) veilPieces() {
	s := &d.stack
	planned := s.version
	lost := d.catchUp()
	d.wanted = s.hatched(d.wanted[:0])
	if lost { // nobody knows where anything is
		for _, p := range d.pieces {
			d.wanted = append(d.wanted, p.Rect)
		}
	}
	for _, p := range d.pieces {
		d.hatched = d.hatched.without(p.Rect)
		for _, r := range d.wanted {
			if in := r.Intersect(p.Rect); !in.Empty() {
				hatch(p, in)
				d.hatched = append(d.hatched, in)
			}
		}
	}
	if d.hatchIs = -1; s.version == planned && !lost { // the same, in fewer rectangles
		d.hatched, d.hatchIs = append(d.hatched[:0], d.wanted...), planned
	}
	if wait := d.nudge(time.Now()); wait > 0 {
		d.wake.Reset(wait)
	}
}

// catchUp brings the stack to the last mark. Where that fails, it is looked at anew before the next picture.
func (d *Desktop) catchUp() (lost bool) {
	d.tidings.await(d.marks)
	changes, lost := d.tidings.take()
	for _, c := range changes {
		lost = !d.stack.apply(c, d.interval) || lost
	}
	if lost {
		d.tidings.lose()
	}
	return lost
}

// hatched appends what is to be hatched to an empty region.
func (s *stack) hatched(to region) region {
	to = append(to, s.veiled...)
	for _, ghost := range s.ghosts.at {
		to = to.and(ghost.place)
	}
	return to
}
