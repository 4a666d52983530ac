package host

import (
	"errors"
	"image"
	"sync"

	"sixgate/rfbserver"
	"sixgate/session"
)

// gate stands between the server of the supporter's viewers and the desktop, and is the one place where permissions are
// enforced. It embeds nothing: a new way to touch the desktop does not compile until somebody decides who may use it.
//
// What was pressed while that was allowed is let go of at any time: no key stays down when permission ends.
type gate struct {
	desktop rfbserver.Desktop
	allowed func() session.Permissions

	mu      sync.Mutex
	keys    map[uint32]bool // keysyms that are down
	codes   map[uint32]bool // scancodes that are down
	buttons uint16          // that are down
}

var _ rfbserver.Desktop = (*gate)(nil)

func (g *gate) may(p session.Permissions) bool { return g.allowed().Has(p) }

func (g *gate) Changed() <-chan struct{} { return g.desktop.Changed() }

func (g *gate) Name() string { return g.desktop.Name() }

func (g *gate) Screens() []image.Rectangle { return g.desktop.Screens() }

func (g *gate) Capture(take func(pieces []rfbserver.Piece)) error {
	if !g.may(session.View) {
		return nil
	}
	return g.desktop.Capture(take)
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

func (g *gate) MovePointer(p image.Point, buttons uint16) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.may(session.Control) {
		g.letGo()
		return
	}
	g.buttons = buttons
	g.desktop.MovePointer(p, buttons)
}

func (g *gate) Key(keysym uint32, down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.may(session.Control) && (down || !g.keys[keysym]) {
		return
	}
	if g.keys == nil {
		g.keys = make(map[uint32]bool)
	}
	if delete(g.keys, keysym); down {
		g.keys[keysym] = true
	}
	g.desktop.Key(keysym, down)
}

func (g *gate) PushPointer(d image.Point, buttons uint16) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.may(session.Control) {
		g.letGo()
		return
	}
	g.buttons = buttons
	g.desktop.PushPointer(d, buttons)
}

// letGo releases the buttons that are down, where the pointer is.
func (g *gate) letGo() {
	if g.buttons != 0 {
		g.buttons = 0
		g.desktop.PushPointer(image.Point{}, 0)
	}
}

func (g *gate) KeyCode(code, keysym uint32, down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.may(session.Control) && (down || !g.codes[code]) {
		return
	}
	if g.codes == nil {
		g.codes = make(map[uint32]bool)
	}
	if delete(g.codes, code); down {
		g.codes[code] = true
	}
	g.desktop.KeyCode(code, keysym, down)
}

func (g *gate) Resize(size image.Point) error {
	if !g.may(session.Control) {
		return errors.ErrUnsupported
	}
	return g.desktop.Resize(size)
}

func (g *gate) SetClipboard(text string) {
	if g.may(session.Clipboard) {
		g.desktop.SetClipboard(text)
	}
}
