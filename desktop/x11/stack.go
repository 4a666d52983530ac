//go:build linux

package x11

import (
	"image"
	"math"
	"slices"
	"time"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// topWindow is a child of the root window: a window, the frame that a window manager puts around one, or a menu.
type topWindow struct {
	id     xproto.Window
	place  image.Rectangle // with its border
	mapped bool
	popup  bool // override-redirect: no window manager has a say in it

	unread      bool              // what follows is not known yet, or has changed
	resized     bool              // its size is not known
	unseen      bool              // InputOnly, or the server's own: nothing of it is on the screen
	alpha       bool              // has pixels that a compositor makes translucent
	dimmed      bool              // is translucent as a whole under a compositor
	shape       []image.Rectangle // from its corner; nil: all of it
	client      xproto.Window     // the window that it frames, or itself; WindowNone: none that a person would name
	of          client            // the client's, or its own where it has none
	hidden      bool
	hiddenPopup bool // hidden because it belongs to a hidden window
}

// stack is all windows on the root window, at one moment of the picture's connection. The Desktop's mu guards it.
type stack struct {
	own     *owners
	root    xproto.Window
	screen  image.Rectangle // the root window
	base    uint32          // resources of the connection itself
	mask    uint32          // of the part of a resource's number that its client chooses
	manager uint32          // the base of the window manager, 0: none

	windows    []*topWindow // from back to front
	at         map[xproto.Window]*topWindow
	composited bool
	veil       desktop.Mask

	veiled  region // what can be seen of hidden windows
	ghosts  ghosts
	version int  // of veiled and the ghosts
	dirty   bool // there is something to decide
}

// hides tells whether anything can be hidden.
func (s *stack) hides() bool { return s.veil.Hides() }

// ofClient gives the base of the resources of the client that made a window, which no other client can use.
func (s *stack) ofClient(w xproto.Window) uint32 { return uint32(w) &^ s.mask }

// apply brings the stack from before a change to after it. What a hidden window leaves remains as a ghost, until damage of
// the interval after this one has painted it over.
func (s *stack) apply(c tiding, interval int) (known bool) {
	w := s.at[c.window]
	moved := false // something that is on the screen
	known = true
	g := ghost{interval: interval, since: time.Now(), lag: compositorLag}
	if c.kind == shown || c.kind == unshown || c.kind == destroyed {
		g.lag = compositorFade
		s.ghosts.fade(g)
	}
	s.dirty = s.dirty || c.kind != configured && c.kind != gravitated && c.kind != circulated
	switch c.kind {
	case created:
		w = &topWindow{id: c.window, place: c.place, popup: c.on, unread: true, hidden: s.hides()}
		s.windows, s.at[c.window] = append(s.windows, w), w
		s.know(w)
		if id := uint32(c.window); !s.veil.Known[id] { // numbers are given out again: this is not the window that may be shown
			delete(s.veil.Known, id)
		}
	case composited:
		s.composited = c.on
		moved = true
	case reparented:
		moved = s.reparent(c)
	default:
		if w == nil {
			return true // below a frame
		}
		was := *w
		carried := s.carried(w, c)
		known = s.alter(w, c)
		if was.mapped || w.mapped {
			if was.place != w.place {
				s.ghosts.dragged(was.place, w.place, g)
				s.version++
			}
			s.see(g, carried)
		}
		return known
	}
	if moved {
		s.see(g, nil)
	}
	return known
}

// carried is where a window that is moved brings the pixels that it had: what was to be seen of it before, and still is. What
// is above may be a window of ours that shows nothing, and keeps the pixels below it as they are.
func (s *stack) carried(w *topWindow, c tiding) region {
	if c.kind != configured || w.hidden || !w.mapped || len(s.veiled) == 0 || c.place.Size() != w.place.Size() || s.composited {
		return nil
	}
	by := c.place.Min.Sub(w.place.Min)
	seen := region{w.place.Intersect(s.screen)}
	for _, above := range s.windows[s.index(w)+1:] {
		if above.mapped {
			seen = seen.without(above.place).without(above.place.Sub(by))
		}
	}
	for i, r := range seen {
		seen[i] = r.Add(by)
	}
	return seen
}

// alter does to a window what happened to it; false when it went above one that is not known.
func (s *stack) alter(w *topWindow, c tiding) bool {
	switch c.kind {
	case destroyed:
		s.remove(w)
	case shown:
		w.mapped, w.popup = true, c.on
	case unshown:
		w.mapped = false
	case configured:
		w.place, w.popup = c.place, c.on
		return s.restack(w, c.other)
	case gravitated:
		w.place = w.place.Sub(w.place.Min).Add(c.place.Min)
	case circulated:
		if c.on {
			return s.restack(w, s.windows[len(s.windows)-1].id)
		}
		return s.restack(w, xproto.WindowNone)
	case reshaped, dimmed:
		w.unread = true
	}
	return true
}

func (s *stack) index(w *topWindow) int { return slices.Index(s.windows, w) }

// restack puts a window right above another.
func (s *stack) restack(w *topWindow, below xproto.Window) bool {
	from := s.index(w)
	if below == w.id || from > 0 && s.windows[from-1].id == below || from == 0 && below == xproto.WindowNone {
		return true
	}
	s.windows = slices.Delete(s.windows, from, from+1)
	to := 0
	if below != xproto.WindowNone {
		i := slices.IndexFunc(s.windows, func(o *topWindow) bool { return o.id == below })
		if i < 0 {
			s.windows = append(s.windows, w)
			return false
		}
		to = i + 1
	}
	s.windows = slices.Insert(s.windows, to, w)
	return true
}

// reparent takes a window into a frame or out of it, and tells whether that is seen.
func (s *stack) reparent(c tiding) bool {
	w := s.at[c.window]
	if c.other == s.root {
		if w != nil {
			return false
		}
		// Its size is not told: the frame's is more than enough until we have asked.
		size := image.Pt(math.MaxInt16, math.MaxInt16)
		for _, frame := range s.windows {
			if frame.client == c.window {
				size = frame.place.Size()
				frame.client, frame.unread, frame.hidden = xproto.WindowNone, true, s.hides()
			}
		}
		w = &topWindow{id: c.window, place: image.Rectangle{c.place.Min, c.place.Min.Add(size)}, popup: c.on, unread: true, resized: true, hidden: s.hides()}
		s.windows, s.at[c.window] = append(s.windows, w), w
		return true
	}
	if w == nil {
		return false
	}
	s.remove(w)
	frame := s.at[c.other]
	switch {
	case frame == nil: // into a part of a frame: one of those that have nothing in them yet
		for _, f := range s.windows {
			if f.client == xproto.WindowNone && s.ofClient(f.id) == s.ofClient(c.other) && !f.unseen {
				f.unread, f.hidden = true, s.hides()
			}
		}
	case frame.client == xproto.WindowNone, frame.client == frame.id && !frame.of.managed && frame.of.program == "":
		frame.client, frame.of = w.id, w.of
		frame.hidden = s.hides() && (w.hidden || w.unread || frame.unread)
		frame.unread = frame.unread || w.unread
	}
	return true
}

func (s *stack) remove(w *topWindow) {
	delete(s.at, w.id)
	s.windows = slices.DeleteFunc(s.windows, func(o *topWindow) bool { return o == w })
}

// know says what the number of a window tells of it.
func (s *stack) know(w *topWindow) {
	if by := s.ofClient(w.id); by == 0 || by == s.base {
		w.unseen, w.unread, w.hidden = true, false, false
	} else if s.own.has(by) {
		w.hidden = false
	}
}

// see finds out what can be seen of hidden windows now. What could be seen and cannot any more leaves ghosts, but where a
// window carried its own pixels to.
func (s *stack) see(as ghost, carried region) {
	was := s.veiled
	s.veiled = s.visible()
	if slices.Equal(was, s.veiled) {
		return
	}
	s.version++
	for _, left := range was.minus(s.veiled, nil).minus(carried, nil) {
		as.place = left
		s.ghosts.add(as)
	}
}

// visible is where hidden windows are and nothing opaque is in front of them.
func (s *stack) visible() (veiled region) {
	if !slices.ContainsFunc(s.windows, func(w *topWindow) bool { return w.hidden && w.mapped }) {
		return nil
	}
	var front, one region
	for _, w := range slices.Backward(s.windows) {
		switch {
		case !w.mapped || w.unseen:
		case w.hidden:
			one = region{w.place}.minus(front, one[:0])
			veiled = append(veiled, one...)
			front = append(front, w.place)
		default:
			front = w.opaque(front, s.composited)
		}
	}
	return veiled
}

// opaque adds where nothing can be seen through a window.
func (w *topWindow) opaque(to region, underCompositor bool) region {
	if w.unread || underCompositor && (w.alpha || w.dimmed) {
		return to
	}
	if w.shape == nil {
		return append(to, w.place)
	}
	for _, r := range w.shape {
		to = append(to, r.Add(w.place.Min).Intersect(w.place))
	}
	return to
}
