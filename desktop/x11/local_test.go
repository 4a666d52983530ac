//go:build linux

package x11

import (
	"fmt"
	"image"
	"testing"
	"time"
)

// stirs tells whether there was local input since it was asked last.
func (d *Desktop) stirs() bool {
	d.input.xkb.state() // with its answer, the events before it have come
	select {
	case <-d.LocalInput():
		return true
	default:
		return false
	}
}

// Whatever is injected is not the end user's: with auto-repeat, keys that the layout lacks, and moves to where the pointer is.
func TestInjectedIsNotLocal(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	quiet := func(what string) {
		t.Helper()
		if d.stirs() {
			t.Errorf("%s is taken for the end user's", what)
		}
	}
	for i := range 9 {
		d.MovePointer(image.Pt(100, 100), 1<<i)
		d.PushPointer(image.Pt(i, -1), 0)
		quiet(fmt.Sprint("button ", i+1))
	}
	for _, keysym := range []uint32{'a', 'A', 0xe9, symShiftL, symCapsLock, keysymOf('Ж'), keysymOf('語')} {
		d.Key(keysym, true)
		d.Key(keysym, true)
		d.Key(keysym, false)
		quiet(fmt.Sprintf("keysym %#x", keysym))
	}
	d.KeyCode(scanShiftL, symShiftL, true)
	d.Key('x', true)
	p.run("xset", "r", "rate", "50", "100")
	time.Sleep(time.Second / 2) // the server repeats it
	quiet("a repeated key")
	p.run("setxkbmap", "de")
	quiet("a change of the layout")
	p.warp(30, 30) // a program does that
	quiet("a warped pointer")
	d.input.releaseAll()
	quiet("letting go")
	if used := d.LastLocal(); !used.IsZero() {
		t.Errorf("local input at %v", used)
	}
}
