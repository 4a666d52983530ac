package host

import (
	"image"
	"strings"
	"testing"

	"sixgate/p2p"
	"sixgate/session"
	"sixgate/web"
)

// drawer is a panel that has some of the keys.
type drawer struct {
	has     map[uint32]bool
	grabbed []uint32
	drawn   []string
}

func (d *drawer) Grab(keysym uint32) bool {
	if d.has[keysym] {
		d.grabbed = append(d.grabbed, keysym)
	}
	return d.has[keysym]
}
func (d *drawer) Keys() <-chan uint32                     { return nil }
func (d *drawer) Clicks() <-chan image.Point              { return nil }
func (d *drawer) Show(*image.RGBA, image.Rectangle) error { return nil }
func (d *drawer) Covers(p image.Point) bool               { return p.In(image.Rect(0, 0, 10, 10)) }
func (d *drawer) Close() error                            { return nil }

func (d *drawer) SetPointer(*image.RGBA, image.Point) error { return nil }
func (d *drawer) Point(at image.Point)                      { d.drawn = append(d.drawn, "point "+at.String()) }
func (d *drawer) Stroke(from, to image.Point) {
	d.drawn = append(d.drawn, "stroke "+from.String()+to.String())
}
func (d *drawer) Clear()       { d.drawn = append(d.drawn, "clear") }
func (d *drawer) HidePointer() { d.drawn = append(d.drawn, "hide") }

func TestStopIsTheFirstFreeKey(t *testing.T) {
	for name, tt := range map[string]struct {
		free  []uint32
		stops string
	}{
		"all are free":         {[]uint32{keyF10, keyF11, keyF12, keyF1}, "F10"},
		"another program's":    {[]uint32{keyF12, keyF1 + 7, keyF1 + 6}, "F8"},
		"nothing but F12 left": {[]uint32{keyF12}, ""},
	} {
		d := &drawer{has: map[uint32]bool{}}
		for _, key := range tt.free {
			d.has[key] = true
		}
		keys := grabKeys(d, everything)
		if got := keys.name(stop); got != tt.stops {
			t.Errorf("%s: %q stops, want %q", name, got, tt.stops)
		}
		if len(keys) != len(d.grabbed) {
			t.Errorf("%s: %v were taken for %v", name, d.grabbed, keys)
		}
	}
}

// What can be clicked is where it is painted, in every language and with the longest name, on a small screen.
func TestBar(t *testing.T) {
	keys := hotKeys{keyF10: stop, keyF12: toggleControl, keyF11: toggleFiles}
	for _, language := range []string{"", "C", "en_GB.UTF-8", "de_AT", "it", "fr", "es", "xx"} {
		for _, name := range []string{"Ada", strings.Repeat("Wolfeschlegelsteinhausen ", 20)} {
			c := newConsent(t.Context(), new(screen), newRequest(p2p.Hello{Name: name}), Grant{Permissions: session.View})
			b := bar{web.Words(language), keys, true}
			shown := lay([][]part{b.parts(c)}, 1024)
			off := shown.paint()
			if w := off.Rect.Dx(); w > 1024 {
				t.Errorf("%q: the bar is %d pixels wide", language, w)
			}
			found := map[action]bool{}
			for x := range off.Rect.Dx() {
				does := shown.at(image.Pt(x, 5)).does
				found[does] = true
				if red := off.RGBAAt(x, 1) == barRed; red != (does == stop) {
					t.Fatalf("%q: at %d is red %v, and a click does %d", language, x, red, does)
				}
			}
			if !found[toggleFiles] || !found[toggleControl] || !found[stop] || !found[showPage] {
				t.Errorf("%q: the bar has %v", language, found)
			}
			if shown.at(image.Pt(off.Rect.Dx()+1, 5)).does != nothing {
				t.Errorf("%q: a click beside the bar does something", language)
			}
			c.set(session.ModeActive, session.View|session.Control)
			if on := lay([][]part{b.parts(c)}, 1024).paint(); string(on.Pix) == string(off.Pix) {
				t.Errorf("%q: the bar does not tell control from no control", language)
			}
		}
	}
}

// The supporter presses neither the end user's keys, by whatever name, nor their bar.
func TestGateKeepsBarAndKeys(t *testing.T) {
	d := newPresses()
	g := newGate(d, func() session.Permissions { return session.Control })
	g.panel, g.own = new(drawer), hotKeys{keyF10: stop, keyF12: toggleControl}
	g.Key(keyF12, true)
	g.KeyCode(0x58, 0, true)
	g.KeyCode(0x44, keyF10, true)
	g.KeyCode(0, keyF10, true)
	if len(d.keys) != 0 || len(d.codes) != 0 {
		t.Errorf("keys %v and scancodes %v are pressed", d.keys, d.codes)
	}
	g.Key(keyF11, true) // is nobody's here
	g.KeyCode(0x57, keyF11, true)
	if !d.keys[keyF11] || !d.codes[0x57] {
		t.Error("F11 is not pressed")
	}
	g.MovePointer(image.Pt(5, 5), 1)
	if d.at != image.Pt(5, 5) || d.buttons != 0 {
		t.Errorf("on the bar, buttons %b are pressed at %v", d.buttons, d.at)
	}
	g.MovePointer(image.Pt(50, 50), 1)
	g.MovePointer(image.Pt(5, 5), 1) // a drag that ends there
	if d.buttons != 1 {
		t.Error("a drag ends on the bar")
	}
	g.MovePointer(image.Pt(5, 5), 5)
	if d.buttons != 1 {
		t.Errorf("on the bar, buttons %b are pressed", d.buttons)
	}
}

func TestToggle(t *testing.T) {
	d := newPresses()
	c := newConsent(t.Context(), d, newRequest(ada), Grant{Permissions: session.View | session.Control})
	told := []session.Permissions{}
	c.tell = func(_ session.Mode, now session.Permissions) { told = append(told, now) }
	seen := 0
	c.Watch(func() { seen++ })
	c.gate.MovePointer(image.Pt(1, 1), 1)
	c.toggle(session.Control)
	if c.Allowed() != session.View || d.buttons != 0 {
		t.Errorf("after the key, %v is allowed and buttons %b are down", c.Allowed(), d.buttons)
	}
	c.toggle(session.Control) // the supporter has just used the mouse: this is not the page
	c.toggle(session.Tunnel)  // was not offered
	if c.Allowed() != session.View|session.Control || len(told) != 2 || seen != 2 {
		t.Errorf("%v is allowed, the supporter was told %v, %d changes were seen", c.Allowed(), told, seen)
	}
}
