//go:build linux

package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestDemo plays the end user of the demo: the page opens in their browser, is closed in the middle of the session, and comes
// back where it was when they click on the supporter's name.
func TestDemo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, name := range []string{"sixgate-gateway", "sixgate-bridge", "sixgate-host"} {
		program(t, name)
	}
	dir := t.TempDir()
	opened := newBrowser(t, dir)
	page := func(n int) (address string) {
		t.Helper()
		eventually(t, func() error {
			b, err := os.ReadFile(opened)
			addresses := strings.Fields(string(b))
			if err == nil && len(addresses) != n {
				err = fmt.Errorf("the browser was opened for %q", addresses)
			}
			if err == nil {
				address = addresses[n-1]
			}
			return err
		})
		return address
	}
	cmd := exec.Command(program(t, "sixgate-demo"), "--viewer-port", "0", "--picture", filepath.Join(dir, "demo.png"))
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Display, "BROWSER="+filepath.Join(dir, "browser"))
	demo := startCommand(t, "sixgate-demo", cmd)
	demo.until(t, "Sharing this desktop")
	demo.until(t, "The supporter reads out the code:")
	code := strings.TrimSpace(demo.until(t, "\n"))
	web := newTabs(t, "")
	web.do(t, "open", "first", page(1))
	web.do(t, "wait", "first", ".digits")
	web.do(t, "type", "first", code)
	demo.until(t, "The supporter reads out the check digits:")
	digits := strings.TrimSpace(demo.until(t, "\n"))
	web.do(t, "wait", "first", ".card")
	web.do(t, "type", "first", digits)
	web.do(t, "wait", "first", "#allow:not(:disabled)")
	web.do(t, "click", "first", "#allow")
	web.do(t, "wait", "first", "#stop")
	if said := demo.until(t, "Ctrl-C ends everything."); !strings.Contains(said, "vncviewer 127.0.0.1::") {
		t.Errorf("the demo says %q", said)
	}

	web.do(t, "close", "first")
	name := d.stopButton(t)
	name.X = d.screen.Size.X - name.X // the bar is in the middle: its other end
	d.run(t, "xdotool", "mousemove", fmt.Sprint(name.X), fmt.Sprint(name.Y), "click", "1")
	web.do(t, "open", "second", page(2))
	web.do(t, "wait", "second", "#stop")
	if says := fmt.Sprint(web.do(t, "text", "second", "main")); !strings.Contains(says, "Demo Supporter") {
		t.Errorf("the page says %q", says)
	}
	web.do(t, "click", "second", "#stop")
	web.do(t, "wait", "second", "dl")
	demo.until(t, "The session is over.")
	if status := demo.exit(t); status != 0 {
		t.Errorf("the demo left with %d", status)
	}
}

// newBrowser puts a browser into a folder, which stays, as Chromium does, and writes the addresses that it should open to a file.
func newBrowser(t *testing.T, dir string) (opened string) {
	t.Helper()
	opened, running := filepath.Join(dir, "opened"), filepath.Join(dir, "running")
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" >> %s\necho $$ >> %s\nexec sleep 1000\n", opened, running)
	if err := os.WriteFile(filepath.Join(dir, "browser"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pids, _ := os.ReadFile(running)
		for _, field := range strings.Fields(string(pids)) {
			if pid, err := strconv.Atoi(field); err == nil {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	return opened
}
