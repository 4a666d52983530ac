//go:build linux

package x11

import (
	"image"
	"testing"
	"time"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// The X server gives the numbers of a program that has left to the next one. What was said of a window is not said of the one that
// has its number then.
func TestNumbersAreGivenOutAgain(t *testing.T) {
	p := startPainter(t, "320x240x24")
	d := p.open()
	at := image.Rect(50, 50, 150, 150)
	first := p.guest()
	shown := first.open(at, 0x335577, false)
	d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(shown): false}, HideUnknown: true})
	if hatches(t, d, at.Min.Add(image.Pt(9, 9))) {
		t.Fatal("a window that may be shown is hidden")
	}
	whileSeeing(t, d, func() {
		first.c.shut()
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			next := p.guest()
			if next.open(at, secretColour, false) == shown {
				next.sync(xproto.MapWindowChecked(next.conn, shown).Check())
				time.Sleep(100 * time.Millisecond) // in which it would be seen
				return
			}
			next.c.shut()
		}
		t.Error("the server gave the number to nobody")
	})
}
