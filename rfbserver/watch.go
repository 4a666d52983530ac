package rfbserver

import (
	"context"
	"fmt"
	"image"
	"slices"
	"sync/atomic"
	"time"

	"sixgate/rfb"
)

// frame is the least time from one capture to the next.
const frame = time.Second / 60

// watch is what Run knows; nobody else touches it, but for what is atomic.
type watch struct {
	viewers   []*viewer
	rest      *time.Timer // runs while resting
	resting   bool        // the desktop's hints stay in their channel
	next      time.Time   // when it may be captured again
	damage    bool        // it may have changed since it was captured
	clipboard string
	grab      grab
	compare   comparer
	mover     mover

	// Of the last capture.
	take    func([]Piece)
	pieces  []Piece           // as far as they are shown
	news    []Piece           // what changed in them
	moves   []move            // what moved
	changed []image.Rectangle // what else changed
	left    region
	storing atomic.Bool // the picture is newer than what viewers were told

	settle   *time.Timer // runs while settling
	settling bool        // lossy pixels may come to rest
	lossy    atomic.Bool // there are new ones
}

// Run watches the desktop until ctx ends, and then returns nil, or until the desktop fails. It captures
// only while a viewer waits, and sleeps while nothing changes. Run can be called once.
func (s *Server) Run(ctx context.Context) error {
	s.init()
	w := &s.watch
	w.rest = time.NewTimer(0)
	w.resting = true
	w.settle = time.NewTimer(restFor)
	w.settle.Stop()
	defer s.end()
	for ctx.Err() == nil {
		hint := s.sleep(ctx)
		w.expectRest()
		if w.resting && time.Now().Before(w.next) {
			continue // rest is over then
		}
		for _, v := range w.viewers {
			if v.refreshes() {
				w.resting = false // a hint that is there counts
			}
		}
		if hint || s.hinted() {
			w.damage = true
			s.look()
			w.pause()
		}
		if w.damage && slices.ContainsFunc(w.viewers, (*viewer).waits) {
			w.damage = false
			w.captures(time.Now())
			if err := s.capture(); err != nil {
				return fmt.Errorf("the desktop can no longer be captured: %w", err)
			}
		}
		for _, v := range w.viewers {
			v.refreshed(!w.damage)
		}
	}
	return nil
}

// sleep returns when there may be something to do, and tells whether the desktop hinted at a change.
func (s *Server) sleep(ctx context.Context) (hint bool) {
	w := &s.watch
	changed := s.Desktop.Changed()
	if w.resting || len(w.viewers) == 0 {
		changed = nil
	}
	select {
	case <-ctx.Done():
	case <-changed:
		return true
	case <-s.poke:
	case <-w.settle.C:
		s.settle()
	case <-w.rest.C:
		w.resting = false
	case v := <-s.joins:
		s.takeIn(v)
	case v := <-s.leaves:
		w.viewers = slices.DeleteFunc(w.viewers, func(o *viewer) bool { return o == v })
		s.crowd.leave(v)
	case r := <-s.resizer.done:
		s.resized(r)
	}
	return false
}

// hinted takes a hint that is there: a viewer that asks is shown what is there, not what was.
func (s *Server) hinted() bool {
	if s.watch.resting || len(s.watch.viewers) == 0 {
		return false
	}
	select {
	case <-s.Desktop.Changed():
		return true
	default:
		return false
	}
}

// pause lets a frame pass before the next look.
func (w *watch) pause() {
	w.resting = true
	w.rest.Reset(frame)
}

// captures lets a frame pass before the next capture, counted from when this one was due unless it came at another time:
// what changes 60 times a second is shown 60 times, and not one less for every time that a timer was late.
func (w *watch) captures(now time.Time) {
	if now.Sub(w.next) > frame/2 {
		w.next = now
	}
	w.next = w.next.Add(frame)
	w.resting = true
	w.rest.Reset(w.next.Sub(now))
}

// end sends the viewers away.
func (s *Server) end() {
	s.watch.rest.Stop()
	s.watch.settle.Stop()
	close(s.ended)
	for _, v := range s.watch.viewers {
		v.leave(errNoDesktop)
	}
}

// takeIn makes v one of the viewers. Nothing was looked at while there was none.
func (s *Server) takeIn(v *viewer) {
	w := &s.watch
	if len(w.viewers) == 0 {
		w.damage = true
		s.look()
	}
	w.viewers = append(w.viewers, v)
	s.crowd.join(v)
	v.size, v.told = s.picture.size(), s.picture.name
	v.lacks.reset(v.bounds())
	close(v.joined)
}

// look takes over everything but the pixels, and tells the viewers what is new.
func (s *Server) look() {
	w := &s.watch
	s.measure()
	s.picture.trim()
	if name := s.Desktop.Name(); name != s.picture.name {
		s.picture.mu.Lock()
		s.picture.name = name
		s.picture.mu.Unlock()
		for _, v := range w.viewers {
			v.renamed()
		}
	}
	now := cursor{at: s.Desktop.Pointer()}
	now.shape, now.hot = s.Desktop.Cursor()
	if was := s.picture.cursor; now != was {
		s.picture.mu.Lock()
		s.picture.cursor = now
		s.picture.mu.Unlock()
		for _, v := range w.viewers {
			v.cursorChanged(was, now)
		}
	}
	s.grabbed(w.grab.look(now, &s.input))
	if leds := s.Desktop.LEDs(); leds != s.picture.leds {
		s.picture.mu.Lock()
		s.picture.leds = leds
		s.picture.mu.Unlock()
		for _, v := range w.viewers {
			v.ledsChanged()
		}
	}
	if text := s.Desktop.Clipboard(); text != w.clipboard {
		w.clipboard = text
		s.crowd.copied(nil, text)
	}
}

// measure takes over where the screens are.
func (s *Server) measure() {
	screens := s.Desktop.Screens()
	if slices.Equal(screens, s.picture.screens) {
		return
	}
	resized := s.picture.arrange(screens)
	for _, v := range s.watch.viewers {
		v.rearranged(resized, s.resizing.Load())
	}
}

// capture takes over the pixels that changed.
func (s *Server) capture() error {
	w := &s.watch
	w.moves, w.changed = w.moves[:0], w.changed[:0]
	if w.take == nil {
		w.take = s.takeOver
	}
	err := s.Desktop.Capture(w.take)
	if len(w.moves)+len(w.changed) > 0 {
		for _, v := range w.viewers {
			v.damaged(w.moves, w.changed)
		}
	}
	w.storing.Store(false)
	return err
}

// takeOver stores what of the pieces is new. The picture shows the old screen until it is known what moved.
func (s *Server) takeOver(pieces []Piece) {
	w := &s.watch
	w.pieces, w.news = w.pieces[:0], w.news[:0]
	for _, p := range pieces {
		if !p.Rect.In(s.picture.told()) {
			s.measure() // it has just grown: this is the only time that the desktop shows the new part
		}
	}
	for _, p := range pieces {
		if p = cut(p, s.picture.fb.Rect); p.Rect.Empty() {
			continue
		}
		w.pieces = append(w.pieces, p)
		for _, c := range w.compare.compare(s.picture.fb, p.Rect, p.Pix, p.Stride) {
			w.news = append(w.news, cut(p, c))
			w.changed = append(w.changed, c)
		}
	}
	if slices.ContainsFunc(w.viewers, (*viewer).copies) {
		if w.moves = w.mover.find(s.picture.fb, w.pieces, w.changed); len(w.moves) > 0 {
			w.unmoved(s.picture.fb)
		}
	}
	w.storing.Store(true)
	for _, p := range w.news {
		s.picture.store(p.Rect, p.Pix, p.Stride)
	}
	s.picture.warm(w.moves, w.changed, time.Now())
}

// cut returns what of p is in r.
func cut(p Piece, r image.Rectangle) Piece {
	in := p.Rect.Intersect(r)
	if in.Empty() {
		return Piece{}
	}
	return Piece{in, p.Pix[(in.Min.Y-p.Rect.Min.Y)*p.Stride+in.Min.X-p.Rect.Min.X:], p.Stride}
}

// unmoved leaves in w.changed what does not come by moves.
func (w *watch) unmoved(old *rfb.Image) {
	w.changed = w.changed[:0]
	for _, p := range w.news {
		w.left.clear()
		w.left.add(p.Rect)
		for _, m := range w.moves {
			w.left.subtract(m.to)
		}
		for _, r := range w.left.rects {
			p := cut(p, r)
			w.changed = append(w.changed, w.compare.compare(old, p.Rect, p.Pix, p.Stride)...)
		}
	}
}

// told is how far the desktop's screens reached when it was asked last, which may be farther than is shown. Only Run calls it.
func (p *picture) told() image.Rectangle {
	var union image.Rectangle
	for _, s := range p.screens {
		union = union.Union(s)
	}
	return image.Rectangle{Max: union.Max}
}
