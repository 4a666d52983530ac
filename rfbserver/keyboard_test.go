package rfbserver

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"sixgate/rfb"
)

// expect runs what and compares the input that reaches the desktop.
func (d *paper) expect(t *testing.T, what func(), want ...string) {
	t.Helper()
	before := len(d.inputs())
	what()
	synctest.Wait()
	if got := d.inputs()[before:]; strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("%q; want %q", got, want)
	}
}

// A viewer that may use scancodes holds keys by them, and lets go of each as it was pressed.
func TestKeyCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		s := share(t, &Server{Desktop: d})
		v := attach(t, s, rfb.EncodingRaw, rfb.EncodingQEMUKey)
		other := attach(t, s)
		d.expect(t, func() { v.KeyCode(30, 'a', true); v.KeyCode(30, 'a', false) }, "a true", "a false") // not told yet
		v.KeyCode(30, 'a', true)
		v.update()
		other.update()
		const a = 30
		d.expect(t, func() { v.KeyCode(a, 'a', false) }, "a false") // pressed as a keysym
		d.expect(t, func() { v.KeyCode(a, 'a', true); v.KeyCode(a, 'A', true) }, "#30 a true", "#30 A true")
		d.expect(t, func() { v.KeyCode(a, 'A', false) }, "#30 a false") // what was pressed
		d.expect(t, func() { v.KeyCode(a, 'a', true); v.Key('a', true); v.Key('a', false) }, "#30 a true", "#30 a true", "#30 a false")
		d.expect(t, func() { v.KeyCode(0, 'x', true); v.KeyCode(0, 'x', false) }, "x true", "x false")
		d.expect(t, func() { v.KeyCode(0, 0, true); v.KeyCode(0, 0, false) })
		d.expect(t, func() { v.KeyCode(7, 0, true); v.KeyCode(7, 'q', false) }, fmt.Sprintf("#7 %c true", 0), fmt.Sprintf("#7 %c false", 0))
		d.expect(t, func() { v.KeyCode(8, 'z', false) }, "#8 z false") // the desktop knows better
		d.expect(t, func() { v.KeyCode(a, 'a', true); other.Key('a', true); v.KeyCode(a, 'a', false) }, "#30 a true", "a true")
		d.expect(t, func() { other.Key('a', false) }, "a false")
		d.expect(t, func() { v.KeyCode(42, 0xffe1, true); v.KeyCode(a, 'A', true); v.Key('b', true); v.leave() },
			fmt.Sprintf("#42 %c true", 0xffe1), "#30 A true", "b true", "b false", "#30 A false", fmt.Sprintf("#42 %c false", 0xffe1))
	})
}

func TestLEDs(t *testing.T) {
	for _, enc := range []rfb.Encoding{rfb.EncodingQEMULED, rfb.EncodingVMwareLED} {
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(10, 10)
			d.lights = 4
			s := share(t, &Server{Desktop: d})
			v, deaf := attach(t, s, rfb.EncodingRaw, enc), attach(t, s)
			deaf.update()
			if u := v.update(); !u.LEDsChanged || v.LEDs() != 4 {
				t.Errorf("%v: at first %+v, %d", enc, u, v.LEDs())
			}
			v.ask(true)
			deaf.ask(true)
			d.set(func() { d.lights = 2 })
			if u := v.update(); !u.LEDsChanged || v.LEDs() != 2 || len(u.Rects) != 0 {
				t.Errorf("%v: %+v, %d", enc, u, v.LEDs())
			}
			v.ask(true)
			d.set(func() { d.lights = -1 })
			synctest.Wait()
			d.set(func() { d.lights = 1; d.name = "another" })
			if v.update(); v.LEDs() != 1 {
				t.Errorf("%v: told of no lights: %d", enc, v.LEDs())
			}
			d.draw(d.screens[0], 5)
			if u := deaf.update(); u.LEDsChanged || len(u.Rects) != 1 {
				t.Errorf("%v: told one that does not know it: %+v", enc, u)
			}
		})
	}
}
