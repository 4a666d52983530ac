//go:build linux

package x11

import (
	"context"
	"errors"
	"image"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sixgate/desktop/xvfb"
)

// startXvnc is startPainter with a monitor that can have any size.
func startXvnc(t *testing.T, size string, args ...string) *painter {
	t.Helper()
	x, err := xvfb.StartXvnc(context.Background(), size, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return newPainter(t, x)
}

// resize asks for a size until it is there and in the picture.
func (p *painter) resize(d *Desktop, m *mirror, size image.Point) {
	p.t.Helper()
	if err := d.Resize(size); err != nil {
		p.t.Errorf("%v: %v", size, err)
		return
	}
	p.fill(image.Rect(size.X/2, size.Y/2, size.X, size.Y), uint32(size.X*size.Y)&0xffffff)
	m.follow(d, p)
	if m.size != size {
		p.t.Errorf("the picture has %v, want %v", m.size, size)
	}
}

func TestResize(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func() *painter
		sizes []image.Point
		no    []image.Point
	}{
		{"Xvfb", func() *painter { return startPainter(t, "1024x768x24") },
			[]image.Point{{800, 600}, {801, 17}, {1024, 768}, {1, 1}, {640, 480}}, []image.Point{{1025, 768}, {1024, 769}, {0, 0}, {-5, 70000}}},
		{"Xvnc", func() *painter { return startXvnc(t, "1024x768") },
			[]image.Point{{800, 600}, {1920, 1080}, {1920, 1080}, {1235, 777}, {3000, 500}, {640, 480}}, []image.Point{{70000, 480}, {0, 5}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.start()
			modes := p.run("xrandr")
			d, m := p.open(), &mirror{}
			for _, size := range tt.sizes {
				p.resize(d, m, size)
			}
			for _, size := range tt.no {
				if err := d.Resize(size); err == nil || !strings.Contains(err.Error(), "ask for") || errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("%v: %v", size, err)
				}
			}
			m.follow(d, p)
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if after := p.run("xrandr"); after != modes {
				t.Errorf("after Close:\n%s\nbefore:\n%s", after, modes)
			}
		})
	}
}

func TestResizeLeavesAlone(t *testing.T) {
	p := startPainter(t, "1024x768x24")
	p.addModes("800x600")
	d, m := p.open(), &mirror{}
	p.resize(d, m, image.Pt(700, 500))
	p.run("xrandr", "--output", "screen", "--mode", "800x600") // the user's own choice
	d.Close()
	if now := p.run("xrandr"); !strings.Contains(now, "current 800 x 600") || strings.Contains(now, modePrefix) {
		t.Error(now)
	}
}

// A host that was killed left its mode behind: the next one uses it, and takes it away.
func TestResizeAfterAKilledHost(t *testing.T) {
	p := startPainter(t, "1024x768x24")
	p.run("xrandr", "--newmode", modePrefix+"700x500", "25", "700", "700", "700", "700", "500", "500", "500", "500")
	d, m := p.open(), &mirror{}
	p.resize(d, m, image.Pt(700, 500))
	d.Close()
	if now := p.run("xrandr"); !strings.Contains(now, "current 1024 x 768") || strings.Contains(now, modePrefix) {
		t.Error(now)
	}
}

// The second process of a host that was killed gives the size back, as long as nobody has chosen another one.
func TestKilledHostsSizeIsReturned(t *testing.T) {
	for _, start := range []func() *painter{
		func() *painter { return startPainter(t, "1024x768x24") },
		func() *painter { return startXvnc(t, "1024x768") },
	} {
		p := start()
		p.addModes("100x100")
		modes := p.run("xrandr")
		kill := func() {
			d, m := p.open(), &mirror{}
			p.resize(d, m, image.Pt(700, 500))
			p.resize(d, m, image.Pt(701, 333))
			d.input.conn.Close() // all that a killed program does
			d.conn.Close()
			d.input.events.Wait()
			d.watcher.Wait()
		}
		kill()
		for range 2 { // the second time there is nothing to do
			if err := ReleaseAll(p.x.Display); err != nil {
				t.Error(err)
			}
			if after := p.run("xrandr"); after != modes {
				t.Errorf("after a host was killed:\n%s\nbefore:\n%s", after, modes)
			}
		}
		kill()
		p.run("xrandr", "--output", p.output(), "--mode", "100x100")
		if err := ReleaseAll(p.x.Display); err != nil {
			t.Error(err)
		}
		if now := p.run("xrandr"); !strings.Contains(now, "current 100 x 100") || strings.Contains(now, modePrefix) {
			t.Error(now)
		}
	}
}

func TestResizeUnsupported(t *testing.T) {
	for _, tt := range []struct {
		name string
		x    func(t *testing.T) *painter
	}{
		{"no RANDR", func(t *testing.T) *painter { return startPainter(t, "640x480x24", "-extension", "RANDR") }},
		{"no monitor", func(t *testing.T) *painter {
			p := startPainter(t, "640x480x24")
			p.run("xrandr", "--output", "screen", "--off", "--fb", "500x300")
			return p
		}},
		{"two monitors", twoMonitors},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.x(t)
			d := p.open()
			if err := d.Resize(image.Pt(320, 200)); !errors.Is(err, errors.ErrUnsupported) {
				t.Error(err)
			}
		})
	}
}

// twoMonitors are 640x480 at the left end, and 640x480 at the right end, of 1440x600. A viewer asks for them (RFB,
// SetDesktopSize).
func twoMonitors(t *testing.T) *painter {
	path := filepath.Join(t.TempDir(), "rfb")
	p := startXvnc(t, "1440x600", "-rfbunixpath", path)
	viewer, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	const none, shared = 1, 1
	hello := append([]byte("RFB 003.008\n"), none, shared)
	b := []byte{2, 0, 0, 1, 0xff, 0xff, 0xfe, 0xcc}                   // ExtendedDesktopSize, -308
	b = append(b, 251, 0, 1440>>8, 1440&0xff, 600>>8, 600&0xff, 2, 0) // two screens
	for id, x := range []uint16{800, 0} {
		b = append(b, 0, 0, 0, byte(id), byte(x>>8), byte(x), 0, 0, 640>>8, 640&0xff, 480>>8, 480&0xff, 0, 0, 0, 0)
	}
	if _, err := viewer.Write(append(hello, b...)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(p.run("xrandr", "--listmonitors"), "Monitors: 2"); {
		if time.Now().After(end) {
			t.Fatal(p.run("xrandr"))
		}
	}
	return p
}

func TestScreensAreInOrder(t *testing.T) {
	p := twoMonitors(t)
	d, m := p.open(), &mirror{}
	if err := d.Resize(image.Pt(1440, 600)); err != nil {
		t.Error("to the size that it has:", err)
	}
	want := []image.Rectangle{image.Rect(0, 0, 640, 480), image.Rect(800, 0, 1440, 480)}
	for _, primary := range []string{"VNC-0", "VNC-1"} {
		p.run("xrandr", "--output", primary, "--primary")
		m.follow(d, p)
		if got := d.Screens(); !slices.Equal(got, want) {
			t.Errorf("%s is primary: screens %v, want %v", primary, got, want)
		}
	}
}

// The screen is captured while it is painted on and resized, and in the end is what is shown.
func TestResizedUnderLoad(t *testing.T) {
	for _, start := range []func() *painter{
		func() *painter { return startPainter(t, "1024x768x24") },
		func() *painter { return startXvnc(t, "1024x768") },
	} {
		p := start()
		d, m := p.open(), &mirror{}
		var busy sync.WaitGroup
		done := make(chan struct{})
		busy.Go(func() {
			defer close(done)
			for i := range 50 {
				if err := d.Resize(image.Pt(400+i*7, 700-i*9)); err != nil {
					t.Error(err)
				}
				d.Key('a', true)
				d.MovePointer(image.Pt(3*i, 2*i), 0)
				d.Key('a', false)
			}
		})
		busy.Go(func() {
			for i := uint32(0); ; i++ {
				select {
				case <-done:
					return
				default:
					p.fill(image.Rect(int(i)%300, int(i)%200, 1024, 768), i*0x010203)
				}
			}
		})
		for resizing := true; resizing; {
			select {
			case <-d.Changed():
			case <-done:
				resizing = false
			}
			if _, err := m.capture(d); err != nil {
				t.Error(err)
			}
		}
		busy.Wait()
		m.follow(d, p)
	}
}

// A server that stands still holds nobody up for ever.
func TestResizeIsBounded(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	pid := p.x.Process().Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	err := d.Resize(image.Pt(320, 200))
	if err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
	if err := d.Resize(image.Pt(320, 200)); err == nil || !strings.Contains(err.Error(), "try again later") {
		t.Error(err)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); d.Resize(image.Pt(320, 200)) != nil; { // until the first has come to its end
		if time.Now().After(end) {
			t.Fatal("still busy")
		}
	}
	(&mirror{}).follow(d, p)
}
