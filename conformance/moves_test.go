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

// moves are what moves old pixels to new places on a real desktop: each prepares it, and returns what happens then.
var moves = []struct {
	name    string
	prepare func(*testing.T, *desk) (play func() error)
	times   int // how many times more pixels must come as copies than in any other way
}{
	{"a terminal scrolls", terminal, 10},
	{"a page scrolls in Chromium", chromiumPage, 10},
	{"a window is dragged", dragged, 10},
}

// TestMoves counts what a viewer is told by CopyRect while real programs scroll and move, and what in other ways.
func TestMoves(t *testing.T) {
	for _, tt := range moves {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newPhotoDesk(t)
			play := tt.prepare(t, d)
			testMoves(t, d, share(t, d), play, tt.times)
		})
	}
}

// TestMovesThroughTheMirror is the same through a host, a gateway and a bridge.
func TestMovesThroughTheMirror(t *testing.T) {
	d := newPhotoDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--quality=-1")
	m.allow(t, m.host(t, "", d.Display))
	for _, tt := range moves {
		t.Run(tt.name, func(t *testing.T) {
			testMoves(t, d, m.viewers, tt.prepare(t, d), tt.times)
		})
	}
}

func testMoves(t *testing.T, d *desk, s *server, play func() error, times int) {
	t.Helper()
	plain := follow(t, s, rfb.ClientOptions{Password: s.password, Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingCursor}})
	v := attach(t, s, rfb38, 1)
	v.lists(rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingCursor, rfb.EncodingDesktopSize)
	v.shows(d, same)
	clear(v.tally)
	v.during(d, play)
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

// during follows what act does to the desktop, and until the picture is the screen's.
func (v *script) during(d *desk, act func() error) {
	v.Helper()
	acted := make(chan error, 1)
	go func() {
		acted <- act()
		d.page.Fill(image.Rect(0, 0, 5, 5), 0xc0ffee) // the update that follows begins after acted
	}()
	for {
		v.patient()
		v.update()
		v.asks(true)
		select {
		case err := <-acted:
			if err != nil {
				v.Fatal(err)
			}
			v.settles(d, same)
			return
		default:
		}
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

// terminal has an xterm that prints a line at a time, and scrolls for each.
func terminal(t *testing.T, d *desk) (play func() error) {
	begin, printed, ended := filepath.Join(d.dir, "begin"), filepath.Join(d.dir, "full"), filepath.Join(d.dir, "ended")
	if err := unix.Mkfifo(begin, 0o600); err != nil {
		t.Fatal(err)
	}
	err := d.Spawn("xterm", "-fn", "fixed", "-geometry", "120x46+17+19", "-e", "sh", "-c", "ls -l /etc /usr/lib; touch "+printed+"; read line < "+begin+
		"; ls -l /usr/bin | head -n 80 | while read line; do echo $line; sleep 0.03; done; touch "+ended+"; exec sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := os.Stat(printed); return err })
	d.settle(t)
	return func() error {
		if err := os.WriteFile(begin, []byte("now\n"), 0); err != nil {
			return err
		}
		return d.run(t, "sh", "-c", "while [ ! -e "+ended+" ]; do sleep 0.05; done")
	}
}

// chromiumPage has a page in Chromium, which the wheel scrolls.
func chromiumPage(t *testing.T, d *desk) (play func() error) {
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
	return func() error { return d.run(t, "xdotool", "click", "--repeat", "20", "--delay", "90", "5") }
}

// dragged has a terminal with a frame by openbox, which the pointer takes by its title.
func dragged(t *testing.T, d *desk) (play func() error) {
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
	return func() error {
		out, err := d.Run(t.Context(), "xwininfo", "-name", "dragged") // xdotool counts the frame twice
		if err != nil {
			return err
		}
		var at image.Point
		for line := range strings.Lines(string(out)) {
			fmt.Sscanf(line, " Absolute upper-left X: %d", &at.X)
			fmt.Sscanf(line, " Absolute upper-left Y: %d", &at.Y)
		}
		at = at.Add(image.Pt(150, -8))
		drag := []string{"mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "mousedown", "1"}
		for i := range 60 {
			drag = append(drag, "mousemove", fmt.Sprint(at.X+5*i), fmt.Sprint(at.Y+3*i), "sleep", "0.03")
		}
		return d.run(t, "xdotool", append(drag, "mouseup", "1")...)
	}
}
