//go:build linux

package x11

import (
	"bufio"
	"context"
	"image"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/desktop/xvfb"
)

func TestNoDisplayNamesCauseAndRemedy(t *testing.T) {
	indexed, err := xvfb.Start(t.Context(), "320x200x8")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(indexed.Close)
	blind, err := xvfb.Start(t.Context(), "320x200x24", "-extension", "DAMAGE")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(blind.Close)
	t.Setenv("DISPLAY", "")
	for _, tt := range []struct{ display, cause, remedy string }{
		{"", "$DISPLAY is not set", "pass --display"},
		{":4711", "no X display at :4711: cannot connect", "pass --display"},
		{"nonsense", "bad display string", "pass --display"},
		{indexed.Display + ".3", "the server has 1 screens", "pass another --display"},
		{indexed.Display, "a colour map", "set it to 16 or 24 bits"},
		{blind.Display, "has no DAMAGE extension", "--backend portable"},
	} {
		d, err := Open(tt.display, slog.New(slog.DiscardHandler))
		if err == nil {
			d.Close()
			t.Errorf("%s opened", tt.display)
		} else if !strings.Contains(err.Error(), tt.cause) || !strings.Contains(err.Error(), tt.remedy) {
			t.Errorf("%s: %v", tt.display, err)
		}
	}
}

func TestServerEnds(t *testing.T) {
	x, err := xvfb.Start(context.Background(), "320x200x24")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	d, err := Open(x.Display, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{}
	if _, err := m.capture(d); err != nil {
		t.Fatal(err)
	}
	settle(d)
	x.Close()
	select {
	case <-d.Changed():
	case <-time.After(20 * time.Second):
		t.Fatal("Changed does not tell that the server is gone")
	}
	if _, err = m.capture(d); err == nil {
		t.Fatal("captured from a server that is gone")
	}
	if !strings.Contains(err.Error(), x.Display+" is gone") || !strings.Contains(err.Error(), "start again") {
		t.Error(err)
	}
	d.MovePointer(image.Pt(1, 1), 1) // these have nobody to tell
	d.Key('a', true)
	d.SetClipboard("text")
	if s := d.Screens(); len(s) != 1 || s[0] != image.Rect(0, 0, 320, 200) {
		t.Errorf("screens %v", s)
	}
	d.Pointer()
	d.Clipboard()
	d.Cursor()
	if err := d.Close(); err != nil {
		t.Log(err) // what was held cannot be released
	}
}

func TestXwaylandIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	weston := exec.Command("weston", "--backend=headless-backend.so", "--xwayland", "--socket=test", "--width=320", "--height=200")
	weston.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
	says, err := weston.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	weston.Stderr = weston.Stdout
	if err := weston.Start(); err != nil {
		t.Fatal(err, "(install the Debian packages weston and xwayland)")
	}
	var rest sync.WaitGroup
	t.Cleanup(func() {
		weston.Process.Signal(os.Interrupt)
		rest.Wait()
		weston.Wait()
	})
	display, complaints := "", strings.Builder{}
	for lines := bufio.NewScanner(io.TeeReader(says, &complaints)); display == "" && lines.Scan(); {
		_, display, _ = strings.Cut(lines.Text(), "xserver listening on display ")
	}
	if display == "" {
		t.Fatal(complaints.String())
	}
	rest.Go(func() { io.Copy(io.Discard, says) })
	d, err := Open(display, slog.New(slog.DiscardHandler)) // the first to connect starts the X server
	if err == nil {
		d.Close()
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), "Wayland") || !strings.Contains(err.Error(), "choose a session with Xorg") {
		t.Error(err)
	}
}
