// Package rfbserver shows one desktop to any number of VNC viewers: the handshake, what changed for
// each viewer, in which encoding it gets it, and when.
package rfbserver

import "image"

// Desktop is the screen, pointer, keyboard and clipboard that a Server shares.
//
// Changed, Name, Screens, Capture, Cursor, Pointer and Clipboard are called by one goroutine of the
// Server; MovePointer, Key and SetClipboard by those of the viewers, many at once.
type Desktop interface {
	// Changed is a channel of capacity 1 that receives when something below may answer differently
	// from last time: a hint and never a count.
	Changed() <-chan struct{}

	// Name is the desktop's name, in UTF-8.
	Name() string

	// Screens are the monitors' places, never empty. The framebuffer reaches from (0,0) to the
	// greatest corner of their union.
	Screens() []image.Rectangle

	// Capture calls each for every rectangle whose pixels may differ from the last Capture, and for
	// the whole screen the first time and after the size changed. Pixels are 0x??RRGGBB, the top
	// byte is anything, rows are stride pixels apart; pix is valid until each returns.
	Capture(each func(r image.Rectangle, pix []uint32, stride int)) error

	// Cursor is the pointer's shape, premultiplied, and its hotspot: the same image for as long as
	// the shape is the same; nil when there is no cursor.
	Cursor() (shape *image.RGBA, hot image.Point)

	// Pointer is where the hotspot is.
	Pointer() image.Point

	// Clipboard is what was last copied on the desktop itself, not by SetClipboard; "" for nothing.
	Clipboard() string

	// MovePointer moves the pointer to p with these buttons held: bit 0 left, 1 middle, 2 right,
	// 3 to 6 wheel up, down, left and right, from 7 back and forward.
	MovePointer(p image.Point, buttons uint16)

	// Key presses or releases the key of an X11 keysym.
	Key(keysym uint32, down bool)

	// SetClipboard makes text, in UTF-8, what the next paste on the desktop gives.
	SetClipboard(text string)
}
