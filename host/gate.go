package host

import (
	"context"
	"errors"
	"image"
	"sync"
	"time"

	"sixgate/rfbserver"
	"sixgate/session"
)

// gate stands between the server of the supporter's viewers and the desktop, and is the one place where permissions are
// enforced. It embeds nothing: a new way to touch the desktop does not compile until somebody decides who may use it.
//
// What was pressed while that was allowed is let go of when permission ends: no key stays down.
type gate struct {
	desktop Desktop
	people  people // the desktop, where it tells what the end user does; else nil
	allowed func() session.Permissions
	mode    func() session.Mode // nil: active
	panel   Panel               // the end user's bar; nil: none
	own     hotKeys             // the end user's keys, which a supporter cannot press
	hints   chan struct{}       // capacity 1: the desktop's, and that permissions changed
	waits   chan struct{}       // capacity 1: the supporter had to wait for the end user

	mu      sync.Mutex
	keys    map[uint32]bool // keysyms that are down
	codes   map[uint32]bool // scancodes that are down
	buttons uint16          // that are down
	lapsed  uint16          // buttons that the supporter holds and that do not count
	pen     pen
	touched time.Time // when the supporter last used pointer or keyboard

	blind bool // of Capture: the server was given a blank screen, and the desktop has to be seen anew
}

var _ rfbserver.Desktop = (*gate)(nil)

func newGate(d Desktop, allowed func() session.Permissions) *gate {
	g := &gate{desktop: d, allowed: allowed, hints: make(chan struct{}, 1), waits: make(chan struct{}, 1),
		keys: make(map[uint32]bool), codes: make(map[uint32]bool)}
	g.people, _ = d.(people)
	return g
}

// watch passes on the desktop's hints until ctx ends, and then leaves nothing of the supporter's on the desktop.
func (g *gate) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			g.changed(session.Control|session.Clipboard, 0)
			return
		case <-g.local():
			g.rest()
		case <-g.desktop.Changed():
			g.hint()
		}
	}
}

func (g *gate) hint() { poke(g.hints) }

// poke leaves word in a channel of capacity 1, unless it is there.
func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (g *gate) may(p session.Permissions) bool { return g.allowed().Has(p) }

// changed says that other permissions hold from now on.
func (g *gate) changed(was, now session.Permissions) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ends := was &^ now
	if ends.Has(session.Control) {
		g.letGo()
	}
	if ends.Has(session.Clipboard) {
		g.desktop.ClearClipboard()
	}
	if g.panel != nil && !g.guiding() {
		g.panel.HidePointer()
	}
	g.hint()
}

// untouchedFor tells whether the supporter's pointer and keyboard have rested for that long, with nothing held down.
func (g *gate) untouchedFor(d time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.keys) == 0 && len(g.codes) == 0 && g.buttons == 0 && time.Since(g.touched) >= d
}

func (g *gate) Changed() <-chan struct{} { return g.hints }

func (g *gate) Name() string { return g.desktop.Name() }

func (g *gate) Screens() []image.Rectangle { return g.desktop.Screens() }

// blank is what is shown of a desktop that may not be seen: a viewer that has not been sent the last picture yet gets no more of it.
const blank = 0x1b2430

func (g *gate) Capture(take func(pieces []rfbserver.Piece)) error {
	if !g.may(session.View) {
		if !g.blind {
			g.blind = true
			take(blanks(g.desktop.Screens()))
		}
		return nil
	}
	if g.blind {
		g.blind = false
		g.desktop.Refresh()
	}
	return g.desktop.Capture(take)
}

// blanks covers the screens by one row of pixels, over and over.
func blanks(screens []image.Rectangle) []rfbserver.Piece {
	var all image.Rectangle
	for _, s := range screens {
		all = all.Union(s)
	}
	row := make([]uint32, all.Max.X)
	for i := range row {
		row[i] = blank
	}
	return []rfbserver.Piece{{Rect: image.Rectangle{Max: all.Max}, Pix: row, Stride: 0}}
}

func (g *gate) Cursor() (shape *image.RGBA, hot image.Point) {
	if !g.may(session.View) {
		return nil, image.Point{}
	}
	return g.desktop.Cursor()
}

func (g *gate) Pointer() image.Point {
	if !g.may(session.View) {
		return image.Point{}
	}
	return g.desktop.Pointer()
}

// LEDs would tell a supporter who may only look what the user types: Caps Lock is a keystroke.
func (g *gate) LEDs() int {
	if !g.may(session.Control) {
		return -1
	}
	return g.desktop.LEDs()
}

func (g *gate) Clipboard() string {
	if !g.may(session.Clipboard) {
		return ""
	}
	return g.desktop.Clipboard()
}

// control runs input if the supporter may give any now.
func (g *gate) control(input func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open() {
		input()
	}
}

// open tells whether input comes through, and lets go of what is down if not. g.mu is held.
func (g *gate) open() bool {
	switch {
	case !g.may(session.Control):
	case g.yields():
		poke(g.waits)
	default:
		g.touched = time.Now()
		return true
	}
	g.letGo()
	return false
}

// release lets go of what the supporter holds, for they can no longer do that themselves: the way to them is broken.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.letGo()
}

// letGo releases all keys, and the buttons where the pointer is. g.mu is held.
func (g *gate) letGo() {
	for keysym := range g.keys {
		g.desktop.Key(keysym, false)
	}
	for code := range g.codes {
		g.desktop.KeyCode(code, 0, false)
	}
	if g.buttons != 0 {
		g.desktop.PushPointer(image.Point{}, 0)
	}
	clear(g.keys)
	clear(g.codes)
	g.lapsed |= g.buttons
	g.buttons = 0
}

func (g *gate) MovePointer(p image.Point, buttons uint16) {
	if g.guiding() {
		g.guide(func(image.Point) image.Point { return p }, buttons)
		return
	}
	g.pointed(buttons, func(buttons uint16) {
		if g.panel != nil && g.panel.Covers(p) {
			buttons &= g.buttons // nothing is pressed on the bar
		}
		g.buttons = buttons
		g.desktop.MovePointer(p, buttons)
	})
}

func (g *gate) PushPointer(d image.Point, buttons uint16) {
	if g.guiding() {
		g.guide(func(from image.Point) image.Point { return onScreen(from.Add(d), g.desktop.Screens()) }, buttons)
		return
	}
	g.pointed(buttons, func(buttons uint16) {
		if g.panel != nil && buttons&^g.buttons != 0 && g.panel.Covers(g.desktop.Pointer().Add(d)) {
			buttons &= g.buttons
		}
		g.buttons = buttons
		g.desktop.PushPointer(d, buttons)
	})
}

func (g *gate) Key(keysym uint32, down bool) {
	if g.own.has(keysym, 0) {
		return
	}
	g.control(func() {
		note(g.keys, keysym, down)
		g.desktop.Key(keysym, down)
	})
}

func (g *gate) KeyCode(code, keysym uint32, down bool) {
	if g.own.has(keysym, code) {
		return
	}
	g.control(func() {
		note(g.codes, code, down)
		g.desktop.KeyCode(code, keysym, down)
	})
}

// note keeps in held what is down.
func note(held map[uint32]bool, key uint32, down bool) {
	if down {
		held[key] = true
	} else {
		delete(held, key)
	}
}

func (g *gate) SetClipboard(text string) {
	g.mu.Lock() // not after it was cleared
	defer g.mu.Unlock()
	if g.may(session.Clipboard) {
		g.desktop.SetClipboard(text)
	}
}

func (g *gate) Resize(size image.Point) error {
	if !g.may(session.Control) {
		return errors.ErrUnsupported
	}
	return g.desktop.Resize(size)
}
