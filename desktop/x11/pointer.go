//go:build linux

package x11

import (
	"image"
	"math"
	"sync"

	"github.com/jezek/xgb/xproto"
)

// pointerButtons is how many buttons there are: left, middle, right, wheel up, down, left and right, back, forward.
const pointerButtons = 9

// pointer moves the X pointer and presses its buttons.
type pointer struct {
	xtest   *injector
	root    xproto.Window
	curtain *curtain

	mu      sync.Mutex
	pressed uint16 // bit n: X button n+1
	refused uint16 // pressed on a hidden window, and not let go since
}

// movePointer puts the pointer at p, or at the nearest place on the screen, and brings the buttons to what the bits say.
func (d *pointer) movePointer(p image.Point, buttons uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.curtain.at(p) {
		d.refuse(buttons)
		return
	}
	x, y := int16(max(0, min(p.X, math.MaxInt16))), int16(max(0, min(p.Y, math.MaxInt16)))
	d.xtest.input(xproto.MotionNotify, 0, d.root, x, y)
	d.press(buttons)
}

// pushPointer moves the pointer by so many pixels from where it is, and brings the buttons to what the bits say.
func (d *pointer) pushPointer(by image.Point, buttons uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.curtain.pushed(by) {
		d.refuse(buttons)
		return
	}
	const relative = 1
	x, y := int16(max(-math.MaxInt16, min(by.X, math.MaxInt16))), int16(max(-math.MaxInt16, min(by.Y, math.MaxInt16)))
	if x != 0 || y != 0 {
		d.xtest.input(xproto.MotionNotify, relative, xproto.WindowNone, x, y)
	}
	d.press(buttons)
}

// refuse lets go of buttons, and presses none: neither now nor when the pointer has left the hidden window.
func (d *pointer) refuse(buttons uint16) {
	d.refused |= buttons &^ d.pressed
	d.press(buttons)
}

func (d *pointer) press(buttons uint16) {
	d.refused &= buttons
	buttons &^= d.refused
	for i := range byte(pointerButtons) {
		switch was, is := d.pressed>>i&1, buttons>>i&1; {
		case is > was:
			d.xtest.fake(xproto.ButtonPress, i+1)
		case is < was:
			d.xtest.fake(xproto.ButtonRelease, i+1)
		}
	}
	d.pressed = buttons
}

func (d *pointer) releaseButtons() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.press(0)
}
