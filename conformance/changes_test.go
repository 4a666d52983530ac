//go:build linux

package conformance

import (
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sixgate/bench/scene"
)

// TestChanges keeps viewers attached while the desktop changes under them: each must show every change.
func TestChanges(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	type viewer struct {
		name    string
		picture func() (*image.RGBA, error)
		judge   compare
	}
	var viewers []viewer
	for _, tt := range staying {
		if slices.Contains([]string{"libvncclient/raw", "libvncclient/hextile", "libvncclient/zlib", "libvncclient/zrle", "libvncclient/tight",
			"libvncclient/tight-jpeg", "tigervnc/zrle", "tigervnc/tight-jpeg"}, tt.name) {
			viewers = append(viewers, viewer{tt.name, tt.start(t, s), tt.judge})
		}
	}
	changed, err := d.screen.Upload(scene.Photo(image.Pt(300, 200), image.Pt(5000, 900), 3))
	if err != nil {
		t.Fatal(err)
	}
	lines := filepath.Join(t.TempDir(), "lines")
	drawn := func(draw func()) func() error { return func() error { draw(); return nil } }
	for _, change := range []struct {
		name string
		do   func() error
	}{
		{"nothing", drawn(func() {})},
		{"text", func() error { return d.page.Write(image.Pt(9, 60), "a line that was not there") }},
		{"one pixel", drawn(func() { d.page.Fill(image.Rect(406, 308, 407, 309), 0xff0001) })},
		{"scroll", drawn(func() { d.page.Scroll(13) })},
		{"photo", drawn(func() { d.page.Show(changed) })},
		{"move a window over another", drawn(func() { d.page.Move(image.Pt(411, 203)) })},
		{"a terminal prints and scrolls", func() error {
			err := d.Spawn("xterm", "-fn", "fixed", "-geometry", "60x20+600+420", "-e", "sh", "-c", "seq 1 400; touch "+lines+"; exec sleep 1000")
			if err == nil {
				eventually(t, func() error { _, err := os.Stat(lines); return err })
				d.settle(t)
			}
			return err
		}},
		{"a smaller screen", func() error { return resize(t, d, "1001x699") }},
		{"after that", drawn(func() { d.page.Fill(image.Rect(0, 0, 50, 50), 0x123456) })},
		{"the old size", func() error { return resize(t, d, "1283x797") }},
	} {
		if err := change.do(); err != nil {
			t.Fatalf("%s: %v", change.name, err)
		}
		for _, v := range viewers {
			ok := t.Run(change.name+"/"+v.name, func(t *testing.T) { watch(t, d, v.picture, v.judge) })
			if !ok {
				t.FailNow() // what follows would only wait for the same
			}
		}
	}
}

// resize gives the screen a new mode, at most as big as the one it started with.
func resize(t *testing.T, d *desk, size string) error {
	var w, h string
	if size != "1283x797" {
		w, h = size[:4], size[5:]
		timings := []string{"--newmode", size, "10", w, w, w, w, h, h, h, h}
		for _, args := range [][]string{timings, {"--addmode", "screen", size}} {
			if _, err := d.Run(t.Context(), "xrandr", args...); err != nil {
				return err
			}
		}
	}
	_, err := d.Run(t.Context(), "xrandr", "--output", "screen", "--mode", size)
	return err
}
