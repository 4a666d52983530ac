//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sixgate/desktop/x11"
	"sixgate/rfb"
)

// hand opens the end user's own mouse and keyboard: for the host, whatever is done with them is somebody else's doing than its own.
func (d *desk) hand(t *testing.T) *x11.Desktop {
	t.Helper()
	hand, err := x11.Open(d.Display, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hand.Close() })
	return hand
}

// holds waits until that many keys and buttons are down.
func (d *desk) holds(t *testing.T, keys, buttons int) {
	t.Helper()
	eventually(t, func() error {
		k, b, err := d.screen.Held()
		if err == nil && (k != keys || b != buttons) {
			err = fmt.Errorf("%d keys and %d buttons are down, not %d and %d", k, b, keys, buttons)
		}
		return err
	})
}

// alert waits for the bridge to pass on an alert.
func (m *meeting) alert(t *testing.T, kind string) event {
	t.Helper()
	for {
		if e := m.bridge.event(t, "alert"); e.Kind == kind {
			return e
		}
	}
}

// TestEndUserGoesFirst has both use the mouse at once.
func TestEndUserGoesFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.run(t, "xsetroot", "-cursor_name", "left_ptr") // where none is seen and the pointer goes elsewhere, the server suspects a game
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	m.allow(t, m.host(t, "", d.Display))
	v, err := rfb.NewClient(m.viewers.dial(t), rfb.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	hand := d.hand(t)
	if err := errors.Join(v.Key(0xffe3, true), v.Key('x', true), v.Pointer(image.Pt(100, 500), 1)); err != nil {
		t.Fatal(err)
	}
	d.holds(t, 2, 1)
	hand.PushPointer(image.Pt(3, 3), 0)
	d.holds(t, 0, 0) // what the supporter held

	// The supporter does not stop, but nothing of it arrives below a line that the end user stays above.
	const line = 600
	over := make(chan struct{})
	var flood sync.WaitGroup
	flood.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
				v.Pointer(image.Pt(200+i%100, line+i%50), uint16(i)&1)
				v.Key('a', i&1 == 0)
			}
		}
	})
	for i := range 150 {
		hand.PushPointer(image.Pt(1-2*(i&1), 0), 0)
		if at, err := d.screen.Pointer(); err != nil || at.Y >= line {
			t.Fatalf("the supporter moved the pointer to %v, %v", at, err)
		}
		if keys, buttons, err := d.screen.Held(); err != nil || keys+buttons != 0 {
			t.Fatalf("the supporter holds %d keys and %d buttons, %v", keys, buttons, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	m.alert(t, "paused")
	rested := time.Now()
	eventually(t, func() error {
		at, err := d.screen.Pointer()
		if err == nil && at.Y < line {
			err = fmt.Errorf("the pointer is still at %v", at)
		}
		return err
	})
	if waited := time.Since(rested); waited < 1500*time.Millisecond {
		t.Errorf("the supporter went on after %v", waited)
	}
	m.alert(t, "resumed")
	close(over)
	flood.Wait()
}

// TestGuidance points and draws for an end user, until the host is killed.
func TestGuidance(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1", "--mode=guidance")
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	v, err := rfb.NewClient(m.viewers.dial(t), rfb.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	before := d.look(t)
	at, err := d.screen.Pointer()
	if err != nil {
		t.Fatal(err)
	}
	points := []image.Point{{900, 450}, {600, 500}, {700, 600}, {900, 550}, {750, 430}}
	for i, p := range points {
		if err := v.Pointer(p, uint16(min(i, 1))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(v.Pointer(image.Pt(500, 650), 0), v.Key('a', true), v.Key('a', false)); err != nil {
		t.Fatal(err)
	}
	shows := func(p image.Point, r, g, b uint8) {
		t.Helper()
		eventually(t, func() error {
			c := d.look(t).RGBAAt(p.X, p.Y)
			if c.R != r || c.G != g || c.B != b {
				return fmt.Errorf("at %v the screen is %v", p, c)
			}
			return nil
		})
	}
	shows(image.Pt(650, 550), 0xff, 0x3b, 0x30) // in the middle of a stroke
	shows(image.Pt(504, 662), 0xc6, 0x28, 0x28) // below the pointer's tip
	keep(t, "guidance", d.look(t))
	if err := d.pointerAt(at); err != nil {
		t.Error(err)
	}
	host.cmd.Process.Kill()
	at = image.Pt(504, 662)
	was := before.RGBAAt(at.X, at.Y)
	shows(at, was.R, was.G, was.B)
}
