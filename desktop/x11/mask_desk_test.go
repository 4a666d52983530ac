//go:build linux

package x11

import (
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sixgate/desktop"

	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"
)

// A hidden window with a frame goes from monitor to monitor, becomes an icon and a window again, larger and smaller, behind a window
// with a hole, and is closed.
func TestSecretOfAManagedDesktopIsNeverSeen(t *testing.T) {
	p := startPainter(t, "1024x768x24")
	p.run("xrandr", "--setmonitor", "left", "500/130x768/200+0+0", "screen", "--setmonitor", "right", "524/130x700/200+500+0", "none")
	p.manage(t)
	others, hidden := p.guest(), p.guest()
	others.open(image.Rect(20, 20, 320, 240), 0x335577, false)
	if err := shape.Init(others.conn); err != nil {
		t.Fatal(err)
	}
	sieve := others.open(image.Rect(300, 100, 700, 400), 0x224466, true)
	hole := []xproto.Rectangle{{Width: 400, Height: 100}, {Y: 200, Width: 400, Height: 100}}
	shape.Rectangles(others.conn, shape.SoSet, shape.SkBounding, xproto.ClipOrderingUnsorted, sieve, 0, 0, hole)
	secret := hidden.open(image.Rect(50, 50, 250, 200), secretColour, false)
	paint := hidden.brush(secret)
	paint(secretColour)
	d := p.open()
	d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(secret): true}})
	id := fmt.Sprint(uint32(secret))
	whileSeeing(t, d, func() {
		for i, step := range [][]string{
			{"windowmove", id, "450", "120"}, {"windowmove", id, "600", "150"}, {"windowsize", id, "300", "260"}, {"windowminimize", id},
			{"windowmap", id}, {"windowmove", id, "380", "130"}, {"windowraise", id}, {"windowsize", id, "90", "60"}, {"windowmove", id, "30", "400"},
		} {
			p.run("xdotool", step...)
			others.raise(sieve)
			for range 10 {
				paint(secretColour | uint32(i))
				time.Sleep(5 * time.Millisecond)
			}
		}
		xproto.DestroyWindow(hidden.conn, secret)
		time.Sleep(200 * time.Millisecond)
	})
	d.Refresh()
	(&mirror{}).follow(d, p) // nothing stays hatched
}

// What a hidden Chromium opens, its menus too, is hatched wherever it reaches.
func TestMenusOfAHiddenChromium(t *testing.T) {
	p := startPainter(t, "1024x768x24")
	p.run("xsetroot", "-solid", "#335577")
	p.manage(t)
	err := p.x.Spawn("chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--user-data-dir="+filepath.Join(t.TempDir(), "profile"),
		"--window-position=40,40", "--window-size=500,400", "--app=data:text/html,<title>secret</title><body bgcolor=red>")
	if err != nil {
		t.Fatal(err)
	}
	d := p.open()
	var own desktop.Window
	eventually(t, "Chromium's window", func() bool {
		for _, w := range d.Windows() {
			if strings.Contains(w.Title, "secret") {
				own = w
				return true
			}
		}
		return false
	})
	eventually(t, "its page", func() bool { return slices.ContainsFunc(p.shown().pix, isSecret) })
	d.Mask(desktop.Mask{Known: map[uint32]bool{own.ID: true}})
	m := &mirror{}
	look := func() {
		t.Helper()
		d.Screens()
		if _, err := m.capture(d); err != nil {
			t.Fatal(err)
		}
		for i, px := range m.pix {
			if px != 0x335577 && px != hatchGround && px != hatchLine {
				t.Fatalf("%v of a hidden program is seen: %06x", image.Pt(i%m.size.X, i/m.size.X), px)
			}
		}
	}
	look()
	corner := own.Place.Max.Sub(image.Pt(20, 20)) // a menu from there reaches beyond the window
	p.run("xdotool", "mousemove", fmt.Sprint(corner.X), fmt.Sprint(corner.Y), "click", "3")
	eventually(t, "the menu", func() bool {
		look()
		on := p.shown()
		for i, px := range on.pix {
			if at := image.Pt(i%on.size.X, i/on.size.X); px != 0x335577 && !at.In(own.Place.Inset(-20)) {
				return true
			}
		}
		return false
	})
	for range 20 {
		look()
		time.Sleep(10 * time.Millisecond)
	}
}
