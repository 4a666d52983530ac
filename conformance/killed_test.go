//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"testing"

	"sixgate/rfb"
)

// A host that is killed in the middle of a drag, with a key held, leaves nothing down.
func TestKilledHostHoldsNothing(t *testing.T) {
	d := newDesk(t)
	held := func(keys, buttons int) {
		t.Helper()
		eventually(t, func() error {
			k, b, err := d.screen.Held()
			if err == nil && (k != keys || b != buttons) {
				err = fmt.Errorf("%d keys and %d buttons are down, not %d and %d", k, b, keys, buttons)
			}
			return err
		})
	}
	host := start(t, "", "sixgate-host", "vnc", "--display", d.Display, "--port", "0", "--no-password")
	s := new(server)
	if _, err := fmt.Sscanf(host.until(t, "\n"), "listening on 127.0.0.1:%d", &s.port); err != nil {
		t.Fatal(err)
	}
	viewer, err := rfb.NewClient(s.dial(t), rfb.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const control = 0xffe3
	if err := errors.Join(viewer.Key(control, true), viewer.Key('x', true), viewer.Pointer(image.Pt(300, 300), 1)); err != nil {
		t.Fatal(err)
	}
	held(2, 1)
	host.cmd.Process.Kill()
	held(0, 0)
}
