//go:build linux

package conformance

import (
	"errors"
	"image"
	"net"
	"os"
	"testing"

	"sixgate/rfb"
)

// However control ends in the middle of a drag with keys held, nothing stays down.
func TestNothingStaysDown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hand := d.hand(t)
	const control, f12 = 0xffe3, 0xffc9
	for name, ends := range map[string]func(t *testing.T, m *meeting, host *talk, viewer net.Conn){
		"F12":           func(*testing.T, *meeting, *talk, net.Conn) { hand.Key(f12, true); hand.Key(f12, false) },
		"viewer leaves": func(_ *testing.T, _ *meeting, _ *talk, viewer net.Conn) { viewer.Close() },
		"supporter ends it": func(_ *testing.T, m *meeting, _ *talk, _ net.Conn) {
			m.bridge.cmd.Process.Signal(os.Interrupt)
		},
		"the line breaks": func(_ *testing.T, m *meeting, _ *talk, _ net.Conn) {
			m.gateway.cmd.Process.Kill()
			m.bridge.cmd.Process.Kill()
		},
		"host is killed": func(_ *testing.T, _ *meeting, host *talk, _ net.Conn) { host.cmd.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
			host := m.host(t, "", d.Display)
			m.allow(t, host)
			conn := m.viewers.dial(t)
			v, err := rfb.NewClient(conn, rfb.ClientOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(v.Key(control, true), v.Key('x', true), v.Pointer(image.Pt(300, 300), 1)); err != nil {
				t.Fatal(err)
			}
			d.holds(t, 2, 1)
			ends(t, m, host, conn)
			d.holds(t, 0, 0)
		})
	}
}
