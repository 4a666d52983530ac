//go:build linux

package conformance

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sixgate/bench/scene"
	"sixgate/rfb"
)

// moves are what moves old pixels to new places on a real desktop: each prepares it, and returns a step of it.
var moves = []struct {
	name    string
	prepare func(*testing.T, *desk) (step func() error)
	times   int // how many times more pixels must come as copies than in any other way
}{
	{"a terminal scrolls", terminal, 10},
	{"a page scrolls in Chromium", chromiumPage, 3},
	{"a window is dragged", dragged, 10},
}

// TestMoves counts what a viewer is told by CopyRect while real programs scroll and move, and what in other ways.
func TestMoves(t *testing.T) {
	for _, tt := range moves {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newPhotoDesk(t)
			step := tt.prepare(t, d)
			testMoves(t, d, share(t, d), step, tt.times)
		})
	}
}

// TestMovesThroughTheMirror is the same through a host, a gateway and a bridge.
func TestMovesThroughTheMirror(t *testing.T) {
	t.Parallel()
	d := newPhotoDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--quality=-1")
	m.allow(t, m.host(t, "", d.Display))
	for _, tt := range moves {
		t.Run(tt.name, func(t *testing.T) {
			testMoves(t, d, m.viewers, tt.prepare(t, d), tt.times)
		})
	}
}

func testMoves(t *testing.T, d *desk, s *server, step func() error, times int) {
	t.Helper()
	plain := follow(t, s, rfb.ClientOptions{Password: s.password, Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingCursor}})
	v := attach(t, s, rfb38, 1)
	v.lists(rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingCursor, rfb.EncodingDesktopSize)
	v.shows(d, same)
	clear(v.tally)
	v.walks(d, step)
	coded := tally{}
	for e, n := range v.tally {
		if e != rfb.EncodingCopyRect && e != rfb.EncodingCursor {
			coded.pixels += n.pixels
			coded.bytes += n.bytes
		}
	}
	copied := v.tally[rfb.EncodingCopyRect]
	t.Logf("copied %d pixels by %d bytes, coded %d by %d", copied.pixels, copied.bytes, coded.pixels, coded.bytes)
	if copied.pixels < times*coded.pixels {
		t.Errorf("%d pixels were copied, %d coded", copied.pixels, coded.pixels)
	}
	watch(t, d, plain.picture, same)
}

// walks follows twenty steps, and takes the next when the picture is the screen's: how fast that is does not matter.
func (v *script) walks(d *desk, step func() error) {
	v.Helper()
	for range 20 {
		if err := step(); err != nil {
			v.Fatal(err)
		}
		v.follows(d, same)
	}
}

// newPhotoDesk is a desktop with a photo on it, and a small page in the corner.
func newPhotoDesk(t *testing.T) *desk {
	t.Helper()
	dir := t.TempDir() // goes after the display, with whatever programs write
	d := &desk{Server: newDisplay(t, deskSize), dir: dir}
	d.screen = openScreen(t, d.Display)
	photo, err := d.screen.Upload(scene.Photo(d.screen.Size, image.Point{}, 7))
	if err == nil {
		err = d.screen.Background(photo)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.page = newPage(t, d.screen, image.Rect(1200, 700, 1260, 760))
	return d
}

// run runs an X program to its end.
func (d *desk) run(t *testing.T, program string, args ...string) error {
	out, err := d.Run(t.Context(), program, args...)
	if err != nil {
		err = fmt.Errorf("%s %v: %w: %s", program, args, err, out)
	}
	return err
}

// awaitWindow returns when there is a window of a title.
func (d *desk) awaitWindow(t *testing.T, title string) {
	t.Helper()
	eventually(t, func() error { return d.run(t, "xdotool", "search", "--onlyvisible", "--name", title) })
}

// terminal has an xterm, which prints a line at a time and scrolls for each.
func terminal(t *testing.T, d *desk) (step func() error) {
	fifo, printed := filepath.Join(d.dir, "lines"), filepath.Join(d.dir, "full")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	lines, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lines.Close() })
	err = d.Spawn("xterm", "-fn", "fixed", "-geometry", "120x46+17+19", "-e", "sh", "-c", "ls -l /etc /usr/lib; touch "+printed+"; exec cat "+fifo)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := os.Stat(printed); return err })
	d.settle(t)
	n := 0
	return func() error {
		n++
		_, err := fmt.Fprintf(lines, "%d lines have been printed, and %x is no number that comes again\n", n, n*n*104729)
		return err
	}
}

// chromiumPage has a page in Chromium, which the wheel scrolls.
func chromiumPage(t *testing.T, d *desk) (step func() error) {
	page := new(strings.Builder)
	page.WriteString("<!doctype html><title>ready</title><body style='margin: 2em; font: 16px/1.5 sans-serif'>")
	for i := range 200 {
		fmt.Fprintf(page, "<h3 style='color: hsl(%d, 70%%, 40%%)'>Paragraph %d</h3><p>%s", i*37%360, i, strings.Repeat(fmt.Sprintf("The %d lazy dogs. ", i*i), 30))
	}
	file := filepath.Join(d.dir, "page.html")
	if err := os.WriteFile(file, []byte(page.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	err := d.Spawn(chromium, "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir="+filepath.Join(d.dir, "profile"),
		"--window-position=60,40", "--window-size=900,640", "--app=file://"+file)
	if err != nil {
		t.Fatal(err)
	}
	d.awaitWindow(t, "ready")
	if err := d.run(t, "xdotool", "mousemove", "400", "300"); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	return func() error { return d.run(t, "xdotool", "click", "5") }
}

// dragged has a terminal with a frame by openbox, which the pointer takes by its title.
func dragged(t *testing.T, d *desk) (step func() error) {
	printed := filepath.Join(d.dir, "printed")
	if err := d.Spawn("openbox", "--sm-disable"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { // until it is there to give windows a frame
		out, err := d.Run(t.Context(), "xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
		if err == nil && !strings.Contains(string(out), "window id") {
			err = fmt.Errorf("openbox: %s", out)
		}
		return err
	})
	err := d.Spawn("xterm", "-title", "dragged", "-fn", "fixed", "-geometry", "90x40+80+70", "-e", "sh", "-c", "ls -l /etc /usr/lib; touch "+printed+"; exec sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := os.Stat(printed); return err })
	d.awaitWindow(t, "dragged")
	d.settle(t)
	out, err := d.Run(t.Context(), "xwininfo", "-name", "dragged") // xdotool counts the frame twice
	if err != nil {
		t.Fatal(err)
	}
	var at image.Point
	for line := range strings.Lines(string(out)) {
		fmt.Sscanf(line, " Absolute upper-left X: %d", &at.X)
		fmt.Sscanf(line, " Absolute upper-left Y: %d", &at.Y)
	}
	at = at.Add(image.Pt(150, -8))
	if err := d.run(t, "xdotool", "mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "mousedown", "1", "mousemove_relative", "15", "15"); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	return func() error { return d.run(t, "xdotool", "mousemove_relative", "9", "5") }
}
