package host

import (
	"image"
	"testing"

	"sixgate/session"
)

// screen is the far end: a desktop that notes whether it was touched.
type screen struct{ touched bool }

func (s *screen) Changed() <-chan struct{}   { return nil }
func (s *screen) Name() string               { return "screen" }
func (s *screen) Screens() []image.Rectangle { return []image.Rectangle{image.Rect(0, 0, 2, 1)} }
func (s *screen) Pointer() image.Point       { s.touched = true; return image.Pt(1, 0) }
func (s *screen) Clipboard() string          { s.touched = true; return "text" }
func (s *screen) SetClipboard(string)        { s.touched = true }
func (s *screen) Key(uint32, bool)           { s.touched = true }
func (s *screen) MovePointer(image.Point, uint16) {
	s.touched = true
}
func (s *screen) Cursor() (*image.RGBA, image.Point) {
	s.touched = true
	return image.NewRGBA(image.Rect(0, 0, 1, 1)), image.Point{}
}
func (s *screen) Capture(each func(image.Rectangle, []uint32, int)) error {
	s.touched = true
	each(image.Rect(0, 0, 2, 1), []uint32{1, 2}, 2)
	return nil
}

func TestGate(t *testing.T) {
	const everything = session.View | session.Control | session.Files | session.Clipboard | session.Tunnel
	for _, tt := range []struct {
		name  string
		needs session.Permissions
		use   func(gate)
	}{
		{"capture", session.View, func(g gate) { g.Capture(func(image.Rectangle, []uint32, int) {}) }},
		{"cursor", session.View, func(g gate) { g.Cursor() }},
		{"pointer", session.View, func(g gate) { g.Pointer() }},
		{"move pointer", session.Control, func(g gate) { g.MovePointer(image.Pt(1, 1), 1) }},
		{"key", session.Control, func(g gate) { g.Key('a', true) }},
		{"read clipboard", session.Clipboard, func(g gate) { g.Clipboard() }},
		{"set clipboard", session.Clipboard, func(g gate) { g.SetClipboard("text") }},
	} {
		for _, allowed := range []session.Permissions{0, everything &^ tt.needs, tt.needs, everything} {
			s := new(screen)
			tt.use(gate{s, func() session.Permissions { return allowed }})
			if want := allowed.Has(tt.needs); s.touched != want {
				t.Errorf("%s with %v allowed: touched the desktop = %v, want %v", tt.name, allowed, s.touched, want)
			}
		}
	}
}
