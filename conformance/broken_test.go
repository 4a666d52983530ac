//go:build linux

package conformance

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sixgate/session"
)

// broken has the gateway say nothing any more, and when the bridge has noticed does what is to be done then. Afterwards it goes on.
func (m *meeting) broken(t *testing.T, meanwhile func()) {
	t.Helper()
	began := time.Now()
	m.gateway.cmd.Process.Signal(syscall.SIGSTOP)
	defer m.gateway.cmd.Process.Signal(syscall.SIGCONT)
	e := m.bridge.event(t, "state")
	for e.State != session.Broken.String() {
		e = m.bridge.event(t, "state")
	}
	if e.Since.Before(began.Add(-5*time.Second)) || e.Since.After(time.Now()) {
		t.Errorf("the connection broke at %v, and is said to be since %v", began, e.Since)
	}
	t.Logf("noticed after %v", time.Since(began).Round(time.Millisecond))
	meanwhile()
}

// reads waits for words on the page, looks it over, and takes a picture for SIXGATE_SHOTS.
func (b *tabs) reads(t *testing.T, name, selector, want string) {
	t.Helper()
	eventually(t, func() error {
		if got := fmt.Sprint(b.do(t, "text", "a", selector)); !strings.Contains(got, want) {
			return fmt.Errorf("%s: the page says %q, not %q", name, got, want)
		}
		return nil
	})
	if bad := b.do(t, "evaluate", "a", "("+lookOver+")()"); bad != "" {
		t.Errorf("%s: %v", name, bad)
	}
	if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
		b.do(t, "shot", "a", filepath.Join(dir, name+".png"))
	}
}

// warns waits until the bar says that the connection is broken, or no longer does.
func (d *desk) warns(t *testing.T, want bool) {
	t.Helper()
	eventually(t, func() error {
		screen := d.look(t)
		amber := 0
		for x := range screen.Rect.Dx() {
			if screen.RGBAAt(x, 3) == (color.RGBA{0x8a, 0x5a, 0x00, 0xff}) {
				amber++
			}
		}
		if want != (amber > 100) {
			return fmt.Errorf("%d pixels of the bar warn", amber)
		}
		return nil
	})
}
