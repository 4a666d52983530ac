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

// seen waits for words on the page, and for the bar to be as it is when the connection is broken, or not; it looks the page over, and
// takes pictures for SIXGATE_SHOTS.
func (m *meeting) seen(t *testing.T, d *desk, web *tabs, name, selector, want string) {
	t.Helper()
	eventually(t, func() error {
		if got := fmt.Sprint(web.do(t, "text", "a", selector)); !strings.Contains(got, want) {
			return fmt.Errorf("%s: the page says %q, not %q", name, got, want)
		}
		return nil
	})
	if bad := web.do(t, "evaluate", "a", "("+lookOver+")()"); bad != "" {
		t.Errorf("%s: %v", name, bad)
	}
	eventually(t, func() error {
		screen := d.look(t)
		warns := 0
		for x := range screen.Rect.Dx() {
			if screen.RGBAAt(x, 3) == (color.RGBA{0x8a, 0x5a, 0x00, 0xff}) {
				warns++
			}
		}
		if name == "broken" != (warns > 100) {
			return fmt.Errorf("%s: %d pixels of the bar warn", name, warns)
		}
		if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
			save(t, filepath.Join(dir, name+" screen.png"), screen)
		}
		return nil
	})
	if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
		web.do(t, "shot", "a", filepath.Join(dir, name+".png"))
	}
}
