//go:build linux

package x11

import (
	"testing"
	"time"
)

func awaitLights(t *testing.T, d *Desktop, want int) {
	t.Helper()
	for end := time.After(20 * time.Second); d.LEDs() != want; {
		select {
		case <-d.Changed():
		case <-end:
			t.Fatalf("lights %b, want %b", d.LEDs(), want)
		}
	}
}

func TestLights(t *testing.T) {
	p := startPainter(t, "320x200x24")
	p.run("setxkbmap", "-layout", "de")
	d := p.open()
	awaitLights(t, d, 0)
	tap := func(sym uint32) { d.Key(sym, true); d.Key(sym, false) }
	tap(symCapsLock)
	awaitLights(t, d, 1<<2)
	p.run("xdotool", "key", "Num_Lock") // somebody at the desk
	awaitLights(t, d, 1<<2|1<<1)
	p.run("setxkbmap", "-layout", "us", "-option", "grp_led:scroll")
	tap(symNumLock)
	awaitLights(t, d, 1<<2)
	tap(symCapsLock)
	awaitLights(t, d, 0)
}

// On a spare key CapsLock must be off. That it is for the time of one key is nobody's news: a viewer would turn its own off.
func TestLightsWhileTyping(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	d.Key(symCapsLock, true)
	d.Key(symCapsLock, false)
	awaitLights(t, d, 1<<2)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 300 {
			d.Key('é', true)
			d.Key('é', false)
		}
	}()
	for typing := true; typing; {
		select {
		case <-done:
			typing = false
		default:
		}
		d.input.lights.stale.Store(true) // to ask at any time
		if on := d.LEDs(); on != 1<<2 {
			t.Errorf("lights %b", on)
		}
	}
	awaitLights(t, d, 1<<2)
}
