package rfbserver

import (
	"image"
	"testing"
)

// wide is a desktop that is larger than what is shown of it, and that must not be called while it is captured.
type wide struct {
	Desktop
	capturing bool
	asked     int
}

func (d *wide) Screens() []image.Rectangle {
	if d.capturing {
		d.asked++
	}
	return []image.Rectangle{image.Rect(0, 0, maxSide+1, 1)}
}

func (d *wide) Capture(take func([]Piece)) error {
	d.capturing = true
	defer func() { d.capturing = false }()
	take([]Piece{{image.Rect(0, 0, maxSide+1, 1), make([]uint32, maxSide+1), maxSide + 1}})
	return nil
}

// What is cut off is no news: a desktop that holds its own lock while it is captured would wait for itself.
func TestDesktopLargerThanShown(t *testing.T) {
	d := new(wide)
	s := &Server{Desktop: d}
	s.init()
	s.measure()
	if err := s.capture(); err != nil || d.asked != 0 {
		t.Errorf("asked for its screens %d times while it was captured, %v", d.asked, err)
	}
}
