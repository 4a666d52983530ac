//go:build linux

package x11

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// named waits until the windows are these, front to back, as "program: title".
func named(t *testing.T, d *Desktop, want ...string) []desktop.Window {
	t.Helper()
	var windows []desktop.Window
	var got []string
	defer func() {
		if t.Failed() {
			t.Logf("there are %v", got)
			for _, w := range d.stack.windows {
				t.Logf("%x %+v", w.id, *w)
			}
		}
	}()
	eventually(t, strings.Join(want, ", "), func() bool {
		windows, got = d.Windows(), nil
		for _, w := range windows {
			got = append(got, w.Program+": "+w.Title)
		}
		return slices.Equal(got, want)
	})
	return windows
}

// manage starts a window manager and waits for it.
func (p *painter) manage(t *testing.T) {
	t.Helper()
	if err := p.x.Spawn("openbox", "--sm-disable"); err != nil {
		t.Fatal(err)
	}
	check := p.atom("_NET_SUPPORTING_WM_CHECK")
	eventually(t, "the window manager", func() bool {
		reply, err := xproto.GetProperty(p.conn, false, xproto.Window(p.root), check, xproto.AtomWindow, 0, 1).Reply()
		return err == nil && len(reply.Value) == 4
	})
}

func TestWindows(t *testing.T) {
	for _, manager := range []bool{false, true} {
		t.Run(fmt.Sprintf("manager %v", manager), func(t *testing.T) {
			p := startPainter(t, "800x600x24")
			if manager {
				p.manage(t)
			}
			d := p.open()
			named(t, d)
			spawn := func(title, geometry string) {
				t.Helper()
				if err := p.x.Spawn("xterm", "-title", title, "-geometry", geometry, "-e", "sleep 600"); err != nil {
					t.Fatal(err)
				}
			}
			spawn("first ünï", "30x10+10+40")
			named(t, d, "xterm: first ünï")
			spawn("second", "30x10+300+200")
			windows := named(t, d, "xterm: second", "xterm: first ünï")
			if at := windows[1].Place; !at.Overlaps(image.Rect(10, 40, 60, 60)) || at.Dx() > 400 {
				t.Errorf("it is at %v", at)
			}
			p.guest().open(image.Rect(0, 0, 100, 100), 0, true) // a menu
			panel := d.panel(t)
			if err := panel.Show(image.NewRGBA(image.Rect(0, 0, 200, 30)), image.Rect(0, 0, 800, 600)); err != nil {
				t.Fatal(err)
			}
			p.run("xdotool", "windowraise", fmt.Sprint(windows[1].ID))
			named(t, d, "xterm: first ünï", "xterm: second")
			p.run("xdotool", "set_window", "--name", "renamed", fmt.Sprint(windows[1].ID))
			named(t, d, "xterm: renamed", "xterm: second")
			if manager {
				p.run("xdotool", "windowminimize", fmt.Sprint(windows[1].ID))
				named(t, d, "xterm: second", "xterm: renamed")
			}
			p.run("xdotool", "windowkill", fmt.Sprint(windows[0].ID))
			named(t, d, "xterm: renamed")
		})
	}
}

func TestTitles(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"plain", "plain"},
		{" a\tb\x00\x1b[31m\n", "a b[31m"},
		{"\xfcber", "über"},
		{"left\u202eright", "leftright"},
		{strings.Repeat("ä", 200), strings.Repeat("ä", 98) + "…"},
	} {
		if got := cleanTitle([]byte(tt.raw)); got != tt.want || len(got) > desktop.MaxTitle {
			t.Errorf("%q became %q", tt.raw, got)
		}
	}
	for _, tt := range []struct{ class, want string }{
		{"xterm\x00XTerm\x00", "xterm"}, {"Navigator\x00firefox\x00", "Firefox"}, {"chromium\x00Chromium\x00", "Chromium"},
		{"bank.example.com\x00Chromium\x00", "Chromium"}, {"only\x00", "Only"}, {"", ""},
	} {
		if got := program([]byte(tt.class)); got != tt.want {
			t.Errorf("%q became %q", tt.class, got)
		}
	}
}
