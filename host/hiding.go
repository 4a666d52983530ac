package host

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"
	"time"

	"sixgate/desktop"
)

// Windows is a desktop that can leave windows out of what the supporter sees, and of where their input goes.
type Windows interface {
	Windows() []desktop.Window       // that are open
	WindowsChanged() <-chan struct{} // capacity 1
	Mask(desktop.Mask)               // from the next Capture on
	// Thumbnail is a small picture of a window; nil where nothing can be seen of it.
	Thumbnail(id uint32, within image.Point) (*image.RGBA, error)
}

// Hiding is what the end user hides of their desktop, before a session and in it. Hiding always works, at once. Showing is a grant: it
// is refused while the supporter has the mouse or the keyboard.
type Hiding struct {
	desktop Windows
	picture chan struct{} // held while a thumbnail is made
	dirty   chan struct{} // capacity 1: something else is hidden than is in force

	using  sync.Mutex // held while the desktop is asked or told, which may take its time: the session bar does not wait for that
	mu     sync.Mutex
	hidden hidden
	rested func(time.Duration) bool // for how long the supporter's input has; nil before a session
	watch  []func()
}

const (
	lookEvery  = 100 * time.Millisecond // at most: programs may change their titles all the time
	readNewFor = 500 * time.Millisecond // a click within that was meant for what was there before the question
	pictureFor = 2 * time.Second        // that a browser waits for its turn
)

// errNotShown is a picture of what is not shown, or not there.
var errNotShown = errors.New("there is no such window, or it is hidden")

// newHiding is nil where the desktop cannot hide anything.
func newHiding(d Desktop) *Hiding {
	w, ok := d.(Windows)
	if !ok {
		return nil
	}
	return &Hiding{desktop: w, picture: make(chan struct{}, 1), dirty: make(chan struct{}, 1)}
}

// run follows the desktop's windows, and puts in force what is hidden, until ctx ends.
func (h *Hiding) run(ctx context.Context) {
	h.look()
	changed, rest := h.desktop.WindowsChanged(), (<-chan time.Time)(nil)
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.dirty:
			h.apply()
		case <-changed:
			h.look()
			changed, rest = nil, time.After(lookEvery)
		case <-rest:
			changed = h.desktop.WindowsChanged()
		}
	}
}

// look takes note of the windows that are open.
func (h *Hiding) look() {
	h.using.Lock()
	defer h.using.Unlock()
	open := h.desktop.Windows()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hidden.follow(open, time.Now()) {
		h.changed()
	}
}

// apply puts in force what is hidden in a session.
func (h *Hiding) apply() {
	h.using.Lock()
	defer h.using.Unlock()
	if now := h.now(); now.live {
		h.desktop.Mask(now.mask())
	}
}

// changed says so to all whom it concerns. h.mu is held.
func (h *Hiding) changed() {
	poke(h.dirty)
	for _, changed := range h.watch {
		changed()
	}
}

// begin says that the end user has consented to a session, whose supporter's input has rested for as long as rested says. What opens
// from now on is new. What is hidden is so when begin returns.
func (h *Hiding) begin(showNew bool, rested func(time.Duration) bool) {
	h.look()
	h.mu.Lock()
	h.hidden.live, h.hidden.showNew, h.rested = true, showNew, rested
	h.changed()
	h.mu.Unlock()
	h.apply()
}

// Watch calls changed after each change from now on. It must not wait for anything, nor change h.
func (h *Hiding) Watch(changed func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watch = append(h.watch, changed)
}

// change makes a change of the end user's, unless it shows more than before and the supporter has just used mouse or keyboard.
func (h *Hiding) change(to func(*hidden)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.hidden.clone()
	to(&next)
	if h.rested != nil && next.more(&h.hidden) && !h.rested(handsOffFor) {
		return errHandsOff
	}
	h.hidden = next
	h.changed()
	return nil
}

// hide hides windows, or leaves new ones hidden.
func (h *Hiding) hide(ids []uint32) error { return h.change(func(n *hidden) { n.set(ids, true) }) }

func (h *Hiding) show(ids []uint32) error { return h.change(func(n *hidden) { n.set(ids, false) }) }

// click shows windows, except new ones whose question nobody can have read.
func (h *Hiding) click(ids []uint32) error {
	return h.change(func(n *hidden) { n.set(n.read(ids, time.Now()), false) })
}

func (h *Hiding) hideAllBut(id uint32) error { return h.change(func(n *hidden) { n.hideAllBut(id) }) }

func (h *Hiding) setProgram(program string, hide bool) error {
	return h.change(func(n *hidden) { n.setProgram(program, hide) })
}

// ask sets whether windows that open in the session stay hidden until the end user answers.
func (h *Hiding) ask(on bool) error { return h.change(func(n *hidden) { n.showNew = !on }) }

// now is what is hidden at this moment. The caller only reads it.
func (h *Hiding) now() hidden {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hidden.clone()
}

// asked are the new windows that the end user has not answered for; none where nothing can be hidden.
func (h *Hiding) asked() []question {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.hidden.asked)
}

// thumbnail is a picture of a window that is shown, one at a time: a browser wants many.
func (h *Hiding) thumbnail(ctx context.Context, id uint32, within image.Point) (*image.RGBA, error) {
	ctx, cancel := context.WithTimeout(ctx, pictureFor)
	defer cancel()
	select {
	case h.picture <- struct{}{}:
		defer func() { <-h.picture }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !h.shows(id) {
		return nil, errNotShown
	}
	img, err := h.desktop.Thumbnail(id, within)
	if err == nil && !h.shows(id) { // it was hidden meanwhile
		return nil, errNotShown
	}
	return img, err
}

func (h *Hiding) shows(id uint32) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	hidden, open := h.hidden.known[id]
	return open && !hidden
}
