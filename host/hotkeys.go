package host

import (
	"fmt"
	"image"

	"sixgate/session"
)

// Panel is a bar on the end user's screen, keys of their keyboard, and a pointer that is not theirs. None of it goes through the
// desktop that the supporter shares.
type Panel interface {
	// Grab takes a key for itself; false when another program has it, or there is none. Only the end user's own presses count.
	Grab(keysym uint32) bool
	// Keys receives the keysyms of grabbed keys as they are pressed.
	Keys() <-chan uint32
	// Show makes bar what is shown at the top of a screen.
	Show(bar *image.RGBA, screen image.Rectangle) error
	// Covers tells whether the bar is at a place on the desktop.
	Covers(at image.Point) bool
	// Clicks receives where on the bar the mouse was pressed.
	Clicks() <-chan image.Point
	// SetPointer gives the pointer a picture, and says where in it the tip is.
	SetPointer(picture *image.RGBA, tip image.Point) error
	// Point puts the pointer's tip at a place on the desktop.
	Point(at image.Point)
	// Stroke draws on the desktop, for a while.
	Stroke(from, to image.Point)
	// Clear takes the strokes away.
	Clear()
	// HidePointer takes the pointer and the strokes away.
	HidePointer()
	Close() error
}

// Keysyms of the function keys.
const (
	keyF1  = 0xffbe
	keyF10 = keyF1 + 9
	keyF11 = keyF1 + 10
	keyF12 = keyF1 + 11

	withControlShift = 1 << 31 // beside a key's keysym: while both are held
)

// hotKeys are the end user's keys in a session, by keysym.
type hotKeys map[uint32]action

// grabKeys takes F11 for files and F12 for control where they are offered, and to stop the first from F10 downwards that nobody
// else has, and Control-Shift-F12 in any case.
func grabKeys(p Panel, offered session.Permissions) hotKeys {
	keys := hotKeys{}
	if offered.Has(session.Files) && p.Grab(keyF11) {
		keys[keyF11] = toggleFiles
	}
	if offered.Has(session.Control) && p.Grab(keyF12) {
		keys[keyF12] = toggleControl
	}
	for key := uint32(keyF10); key >= keyF1; key-- {
		if p.Grab(key) {
			keys[key] = stop
			break
		}
	}
	if p.Grab(withControlShift | keyF12) {
		keys[withControlShift|keyF12] = stop
	}
	return keys
}

// name is the name of an action's key, "" when it has none.
func (k hotKeys) name(a action) string {
	for key, does := range k {
		if does == a && key&withControlShift == 0 {
			return fmt.Sprintf("F%d", key-keyF1+1)
		}
	}
	return ""
}

// has tells whether a key is the end user's, however a viewer names it: by its keysym or by its XT scancode.
func (k hotKeys) has(keysym, code uint32) bool {
	_, byKeysym := k[keysym]
	_, byCode := k[functionKey(code)]
	return byKeysym || byCode
}

// functionKey is the keysym of the function key of an XT scancode; 0 when it is another key's.
func functionKey(code uint32) uint32 {
	switch {
	case code >= 0x3b && code <= 0x44:
		return keyF1 + code - 0x3b
	case code == 0x57, code == 0x58:
		return keyF11 + code - 0x57
	}
	return 0
}
