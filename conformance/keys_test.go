//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"testing"
	"time"

	"sixgate/rfb"
)

// TestEndUsersKeys presses the end user's keys and clicks on their bar, as they and as the supporter: only theirs count.
func TestEndUsersKeys(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	v, err := rfb.NewClient(m.viewers.dial(t), rfb.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	to := image.Pt(100, 500)
	points := func(may bool) { // the supporter
		t.Helper()
		point := func() {
			if err := errors.Join(v.Pointer(to, 0), v.Key(0xffe1, true), v.Key(0xffe1, false)); err != nil {
				t.Fatal(err)
			}
		}
		if may {
			eventually(t, func() error { // again and again: the end user's own input goes first for two seconds
				point()
				return d.pointerAt(to)
			})
		} else {
			point()
			if err := v.Request(false, image.Rect(0, 0, 1, 1)); err != nil { // answered after the rest
				t.Fatal(err)
			}
			if d.pointerAt(to) == nil {
				t.Error("without control, the supporter points")
			}
		}
		to.X += 10
	}
	// toggled waits until the bar has changed: its third part is red, the one before tells whether control is on.
	bar := func() string {
		img := d.look(t)
		return string(img.Pix[:34*img.Stride])
	}
	toggled := func(was string) {
		t.Helper()
		eventually(t, func() error {
			if bar() == was {
				return errors.New("the bar is as it was")
			}
			return nil
		})
	}
	points(true)

	// The supporter presses F12 and F10, by keysym and by scancode, and clicks on Stop.
	const f10, f12 = 0xffc7, 0xffc9
	before := bar()
	stop := d.stopButton(t)
	for _, key := range []uint32{f12, f10} {
		if err := errors.Join(v.Key(key, true), v.Key(key, false)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(v.Pointer(stop, 0), v.Pointer(stop, 1), v.Pointer(stop, 0)); err != nil {
		t.Fatal(err)
	}
	d.awaitPointer(t, stop)
	points(true)
	if bar() != before {
		t.Error("the supporter has changed the bar")
	}

	// The end user does.
	d.run(t, "xdotool", "key", "F12")
	toggled(before)
	time.Sleep(2 * time.Second) // until the end user's own input no longer counts
	points(false)
	off := bar()
	d.run(t, "xdotool", "mousemove", fmt.Sprint(stop.X-70), fmt.Sprint(stop.Y), "click", "1") // "Control off"
	toggled(off)
	points(true)
	d.run(t, "xdotool", "key", "F10")
	if reason := m.bridge.event(t, "end").Reason; reason != "ended by user" {
		t.Errorf("the bridge says %q", reason)
	}
	if status := host.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
}

// stopButton is the middle of the session bar's red end.
func (d *desk) stopButton(t *testing.T) image.Point {
	t.Helper()
	picture := d.look(t)
	first, last := -1, -1
	for x := range picture.Rect.Dx() {
		if c := picture.RGBAAt(x, 1); c.R == 0xc6 && c.G == 0x28 && c.B == 0x28 {
			if last = x; first < 0 {
				first = x
			}
		}
	}
	if first < 0 {
		t.Fatal("there is no session bar")
	}
	return image.Pt((first+last)/2, 17)
}
