//go:build linux

package x11

import (
	"fmt"
	"image"
	"sync"
	"testing"
	"time"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// whileSeeing captures all the time while work is done, and fails the test for each pixel of a secret that it gets.
func whileSeeing(t *testing.T, d *Desktop, work func()) {
	t.Helper()
	done := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() {
		defer close(done)
		work()
	})
	seen, captures, pixels := sees(t, d, done)
	working.Wait()
	t.Logf("%d captures, %d pixels", captures, pixels)
	if seen > 0 {
		t.Errorf("%d pixels of the secret were seen", seen)
	}
}

// hatches tells whether a place is hatched in what is captured.
func hatches(t *testing.T, d *Desktop, at image.Point) bool {
	t.Helper()
	m := &mirror{}
	d.Refresh()
	if _, err := m.capture(d); err != nil {
		t.Fatal(err)
	}
	px := m.pix[at.Y*m.size.X+at.X]
	return px == hatchGround || px == hatchLine
}

// A hundred windows open at once, some to vanish before anybody can look, and whatever becomes of them they are hidden.
func TestNewWindowsAreHiddenFromTheFirst(t *testing.T) {
	for _, manager := range []bool{false, true} {
		t.Run(fmt.Sprintf("manager %v", manager), func(t *testing.T) {
			p := startPainter(t, "640x480x24")
			if manager {
				p.manage(t)
			}
			old, fresh := p.guest(), p.guest()
			known := old.open(image.Rect(400, 300, 500, 400), 0x335577, false)
			d := p.open()
			d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(known): false}, HideUnknown: true})
			var windows []xproto.Window
			whileSeeing(t, d, func() {
				for i := range 100 {
					at := image.Pt(i%10*50, i/10*40)
					w := fresh.open(image.Rectangle{at, at.Add(image.Pt(80, 60))}, secretColour|i, i%5 == 0)
					fresh.brush(w)(secretColour | uint32(i))
					if i%4 == 1 {
						xproto.DestroyWindow(fresh.conn, w)
					} else {
						windows = append(windows, w)
					}
				}
				for i, w := range windows {
					switch i % 5 {
					case 0:
						fresh.move(w, image.Pt(i*5, 300))
					case 1:
						xproto.ConfigureWindow(fresh.conn, w, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{200, uint32(i + 20)})
					case 2:
						xproto.UnmapWindow(fresh.conn, w)
					case 3:
						fresh.raise(w)
						fresh.brush(w)(secretColour)
					case 4:
						xproto.UnmapWindow(fresh.conn, w)
						xproto.MapWindow(fresh.conn, w)
					}
					time.Sleep(2 * time.Millisecond)
				}
				time.Sleep(200 * time.Millisecond)
			})
			eventually(t, "most of the windows", func() bool { return len(d.Windows()) > 30 })
			fresh.c.shut()
			old.raise(known)
			eventually(t, "the known window and no hatch", func() bool {
				d.Refresh()
				m := &mirror{}
				if _, err := m.capture(d); err != nil {
					t.Fatal(err)
				}
				return firstDifference(m, p.shown()) < 0
			})
		})
	}
}

// What belongs to a hidden window is hidden, and what belongs to others is not.
func TestMenusGoWithTheirWindows(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	hider, shower, stranger := p.guest(), p.guest(), p.guest()
	hidden := hider.open(image.Rect(0, 0, 50, 50), 0x111111, false)
	shown := shower.open(image.Rect(60, 0, 110, 50), 0x222222, false)
	place := func(n int) image.Rectangle { return image.Rect(60*n, 100, 60*n+50, 150) }
	at := func(n int) image.Point { return place(n).Min.Add(image.Pt(25, 25)) }
	hider.open(place(0), 0x333333, true)
	shower.open(place(1), 0x444444, true)
	stranger.open(place(2), 0x555555, true)
	stranger = p.guest()
	dialog := stranger.open(place(3), 0x666666, false)
	xproto.ChangeProperty(stranger.conn, xproto.PropModeReplace, dialog, xproto.AtomWmTransientFor, xproto.AtomWindow, 32, 1, le.AppendUint32(nil, uint32(hidden)))
	tip := stranger.open(place(4), 0x777777, true)
	xproto.ChangeProperty(stranger.conn, xproto.PropModeReplace, tip, xproto.AtomWmTransientFor, xproto.AtomWindow, 32, 1, le.AppendUint32(nil, uint32(shown)))
	stranger.conn.Sync()
	for _, tt := range []struct {
		mask desktop.Mask
		want [5]bool
	}{
		{desktop.Mask{}, [5]bool{}},
		{desktop.Mask{Known: map[uint32]bool{uint32(hidden): true, uint32(shown): false}}, [5]bool{true, false, false, true, false}},
		{desktop.Mask{Known: map[uint32]bool{uint32(hidden): true, uint32(shown): false}, HideUnknown: true}, [5]bool{true, false, true, true, false}},
		{desktop.Mask{Known: map[uint32]bool{uint32(hidden): false}, HideUnknown: true}, [5]bool{false, true, true, true, true}},
	} {
		d.Mask(tt.mask)
		for n, want := range tt.want {
			if got := hatches(t, d, at(n)); got != want {
				t.Errorf("%+v: menu %d is hidden = %v", tt.mask, n, got)
			}
		}
	}
}
