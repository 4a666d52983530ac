package host

import (
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
	keys    map[uint32]bool // that are down
	buttons uint16          // that are down
	at      image.Point     // where they were last
}

var _ rfbserver.Desktop = (*gate)(nil)

func (g *gate) may(p session.Permissions) bool { return g.allowed().Has(p) }

func (g *gate) Changed() <-chan struct{} { return g.desktop.Changed() }

func (g *gate) Name() string { return g.desktop.Name() }

func (g *gate) Screens() []image.Rectangle { return g.desktop.Screens() }

func (g *gate) Capture(each func(r image.Rectangle, pix []uint32, stride int)) error {
	if !g.may(session.View) {
		return nil
	}
	return g.desktop.Capture(each)
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
		if g.buttons == 0 {
			return
		}
		p, buttons = g.at, 0
	}
	g.at, g.buttons = p, buttons
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

func (g *gate) SetClipboard(text string) {
	if g.may(session.Clipboard) {
		g.desktop.SetClipboard(text)
	}
}
