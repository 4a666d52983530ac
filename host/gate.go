package host

import (
	"image"

	"sixgate/rfbserver"
	"sixgate/session"
)

// gate stands between the server of the supporter's viewers and the desktop, and is the one place where permissions are
// enforced. It embeds nothing: a new way to touch the desktop does not compile until somebody decides who may use it.
type gate struct {
	desktop rfbserver.Desktop
	allowed func() session.Permissions
}

var _ rfbserver.Desktop = gate{}

func (g gate) may(p session.Permissions) bool { return g.allowed().Has(p) }

func (g gate) Changed() <-chan struct{} { return g.desktop.Changed() }

func (g gate) Name() string { return g.desktop.Name() }

func (g gate) Screens() []image.Rectangle { return g.desktop.Screens() }

func (g gate) Capture(each func(r image.Rectangle, pix []uint32, stride int)) error {
	if !g.may(session.View) {
		return nil
	}
	return g.desktop.Capture(each)
}

func (g gate) Cursor() (shape *image.RGBA, hot image.Point) {
	if !g.may(session.View) {
		return nil, image.Point{}
	}
	return g.desktop.Cursor()
}

func (g gate) Pointer() image.Point {
	if !g.may(session.View) {
		return image.Point{}
	}
	return g.desktop.Pointer()
}

func (g gate) Clipboard() string {
	if !g.may(session.Clipboard) {
		return ""
	}
	return g.desktop.Clipboard()
}

func (g gate) MovePointer(p image.Point, buttons uint16) {
	if g.may(session.Control) {
		g.desktop.MovePointer(p, buttons)
	}
}

func (g gate) Key(keysym uint32, down bool) {
	if g.may(session.Control) {
		g.desktop.Key(keysym, down)
	}
}

func (g gate) SetClipboard(text string) {
	if g.may(session.Clipboard) {
		g.desktop.SetClipboard(text)
	}
}
