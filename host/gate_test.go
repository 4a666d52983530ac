package host

import (
	"image"
	"testing"

	"sixgate/rfbserver"
	"sixgate/session"
)

// screen is the far end: a desktop that notes whether it was touched.
type screen struct{ touched, fresh bool }

func (s *screen) Changed() <-chan struct{}   { return nil }
func (s *screen) Name() string               { return "screen" }
func (s *screen) Screens() []image.Rectangle { return []image.Rectangle{image.Rect(0, 0, 2, 1)} }
func (s *screen) Pointer() image.Point       { s.touched = true; return image.Pt(1, 0) }
func (s *screen) Clipboard() string          { s.touched = true; return "text" }
func (s *screen) SetClipboard(string)        { s.touched = true }
func (s *screen) ClearClipboard()            { s.touched = true }
func (s *screen) Key(uint32, bool)           { s.touched = true }
func (s *screen) MovePointer(image.Point, uint16) {
	s.touched = true
}
func (s *screen) Cursor() (*image.RGBA, image.Point) {
	s.touched = true
	return image.NewRGBA(image.Rect(0, 0, 1, 1)), image.Point{}
}
func (s *screen) Refresh()                        { s.fresh = true }
func (s *screen) Gone() <-chan struct{}           { return nil }
func (s *screen) Close() error                    { return nil }
func (s *screen) PushPointer(image.Point, uint16) { s.touched = true }
func (s *screen) KeyCode(uint32, uint32, bool)    { s.touched = true }
func (s *screen) LEDs() int                       { s.touched = true; return 4 }
func (s *screen) Resize(image.Point) error        { s.touched = true; return nil }
func (s *screen) Capture(take func([]rfbserver.Piece)) error {
	s.touched = true
	take([]rfbserver.Piece{{Rect: image.Rect(0, 0, 2, 1), Pix: []uint32{1, 2}, Stride: 2}})
	return nil
}

const everything = session.View | session.Control | session.Files | session.Clipboard | session.Tunnel

func TestGate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		needs session.Permissions
		use   func(*gate)
	}{
		{"capture", session.View, func(g *gate) { g.Capture(func([]rfbserver.Piece) {}) }},
		{"cursor", session.View, func(g *gate) { g.Cursor() }},
		{"pointer", session.View, func(g *gate) { g.Pointer() }},
		{"move pointer", session.Control, func(g *gate) { g.MovePointer(image.Pt(1, 1), 1) }},
		{"push pointer", session.Control, func(g *gate) { g.PushPointer(image.Pt(1, 1), 0) }},
		{"key", session.Control, func(g *gate) { g.Key('a', true) }},
		{"key code", session.Control, func(g *gate) { g.KeyCode(30, 'a', true) }},
		{"lights", session.Control, func(g *gate) { g.LEDs() }},
		{"resize", session.Control, func(g *gate) { g.Resize(image.Pt(9, 9)) }},
		{"read clipboard", session.Clipboard, func(g *gate) { g.Clipboard() }},
		{"set clipboard", session.Clipboard, func(g *gate) { g.SetClipboard("text") }},
	} {
		for _, allowed := range []session.Permissions{0, everything &^ tt.needs, tt.needs, everything} {
			s := new(screen)
			tt.use(newGate(s, func() session.Permissions { return allowed }))
			if want := allowed.Has(tt.needs); s.touched != want {
				t.Errorf("%s with %v allowed: touched the desktop = %v, want %v", tt.name, allowed, s.touched, want)
			}
		}
	}
}

// presses is a desktop that notes what is held down on it.
type presses struct {
	screen
	keys    map[uint32]bool
	codes   map[uint32]bool
	at      image.Point
	buttons uint16
}

func (p *presses) Key(keysym uint32, down bool)               { p.keys[keysym] = down }
func (p *presses) KeyCode(code, _ uint32, down bool)          { p.codes[code] = down }
func (p *presses) PushPointer(d image.Point, buttons uint16)  { p.at, p.buttons = p.at.Add(d), buttons }
func (p *presses) MovePointer(at image.Point, buttons uint16) { p.at, p.buttons = at, buttons }

func newPresses() *presses {
	return &presses{keys: make(map[uint32]bool), codes: make(map[uint32]bool)}
}

// When control ends in the middle of a drag with Shift held, both end; nothing else happens any more.
func TestGateLetsGo(t *testing.T) {
	d := newPresses()
	allowed := session.Control
	g := newGate(d, func() session.Permissions { return allowed })
	const shift, control = 0xffe1, 0xffe3
	g.Key(shift, true)
	g.KeyCode(30, 'a', true)
	g.MovePointer(image.Pt(3, 4), 1)
	if !d.keys[shift] || !d.codes[30] || d.buttons != 1 {
		t.Fatal("nothing is down")
	}
	allowed = session.View
	g.changed(session.Control, session.View)
	if d.keys[shift] || d.codes[30] || d.buttons != 0 || d.at != image.Pt(3, 4) {
		t.Errorf("without control, keys %v, scancodes %v and buttons %b are held at %v", d.keys, d.codes, d.buttons, d.at)
	}
	d.keys, d.codes, d.at = make(map[uint32]bool), make(map[uint32]bool), image.Point{}
	g.Key(shift, true)
	g.Key(shift, false)
	g.KeyCode(30, 'a', true)
	g.PushPointer(image.Pt(1, 1), 1)
	g.MovePointer(image.Pt(9, 9), 1)
	if len(d.keys) != 0 || len(d.codes) != 0 || d.buttons != 0 || d.at != (image.Point{}) {
		t.Error("without control, the supporter types or points")
	}
}

// A server that has not sent the last picture yet has no other than a blank one when the user shows nothing any more; afterwards
// the desktop is seen anew.
func TestGateBlanks(t *testing.T) {
	s := new(screen)
	allowed := session.View
	g := newGate(s, func() session.Permissions { return allowed })
	var shown []rfbserver.Piece
	look := func() {
		shown = nil
		g.Capture(func(pieces []rfbserver.Piece) { shown = append(shown, pieces...) })
	}
	look()
	allowed = 0
	g.changed(session.View, 0)
	<-g.Changed()
	look()
	if len(shown) != 1 || shown[0].Rect != image.Rect(0, 0, 2, 1) || shown[0].Pix[0] != blank || shown[0].Pix[1] != blank {
		t.Errorf("not to be seen, it shows %v", shown)
	}
	look()
	if shown != nil || s.fresh {
		t.Errorf("not to be seen, it shows %v again", shown)
	}
	allowed = session.View
	g.changed(0, session.View)
	<-g.Changed()
	look()
	if !s.fresh || len(shown) != 1 || shown[0].Pix[0] != 1 {
		t.Errorf("to be seen again, it shows %v", shown)
	}
}
