// Package rfbserver shows one desktop to any number of VNC viewers: the handshake, what changed for
// each viewer, in which encoding it gets it, and when.
package rfbserver

import "image"

// Desktop is the screen, pointer, keyboard and clipboard that a Server shares.
//
// Changed, Name, Screens, Capture, Cursor, Pointer, Clipboard and LEDs are called by one goroutine of the
// Server; the others, which are input, by those of the viewers, many at once.
type Desktop interface {
	// Changed is a channel of capacity 1 that receives when something below may answer differently
	// from last time: a hint and never a count.
	Changed() <-chan struct{}

	// Name is the desktop's name, in UTF-8.
	Name() string

	// Screens are the monitors' places, never empty. The framebuffer reaches from (0,0) to the
	// greatest corner of their union.
	Screens() []image.Rectangle

	// Capture calls take, once at most, with every rectangle whose pixels may differ from the last
	// Capture, and with the whole screen the first time and after the size changed. The pieces do not
	// overlap and are valid until take returns. take calls Screens when a piece reaches beyond them.
	Capture(take func(pieces []Piece)) error

	// Cursor is the pointer's shape, premultiplied, and its hotspot: the same image for as long as
	// the shape is the same; nil when there is no cursor.
	Cursor() (shape *image.RGBA, hot image.Point)

	// Pointer is where the hotspot is.
	Pointer() image.Point

	// LEDs are the keyboard's lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock; -1: unknown.
	LEDs() int

	// Clipboard is what was last copied on the desktop itself, not by SetClipboard; "" for nothing.
	Clipboard() string

	// MovePointer moves the pointer to p with these buttons held: bit 0 left, 1 middle, 2 right,
	// 3 to 6 wheel up, down, left and right, from 7 back and forward.
	MovePointer(p image.Point, buttons uint16)

	// PushPointer moves the pointer by d, with these buttons held.
	PushPointer(d image.Point, buttons uint16)

	// Key presses or releases the key of an X11 keysym.
	Key(keysym uint32, down bool)

	// KeyCode presses or releases the key of an XT scancode, as the QEMU extended key event has it: bit 7 stands for
	// the prefix 0xe0. The keysym is what that key means on the viewer's keyboard, 0 when it does not know: where
	// the desktop's layout disagrees, the keysym is what was meant.
	KeyCode(code, keysym uint32, down bool)

	// SetClipboard makes text, in UTF-8, what the next paste on the desktop gives.
	SetClipboard(text string)

	// Resize gives the desktop another size, as far as it can: errors.ErrUnsupported where it never can.
	Resize(size image.Point) error
}

// Piece is a rectangle of captured pixels, 0x??RRGGBB, the top byte anything; rows are Stride pixels apart. It is an alias of a
// type without a name, so that a desktop need not know this package.
type Piece = struct {
	Rect   image.Rectangle
	Pix    []uint32
	Stride int
}
