//go:build linux

package x11

import (
	"image"
	"slices"
	"strings"
	"sync"
	"testing"
)

// output is the name of the only monitor.
func (p *painter) output() string {
	p.t.Helper()
	return strings.Fields(strings.Split(p.run("xrandr"), "\n")[1])[0]
}

// addModes lets the monitor be switched to smaller sizes, "320x240".
func (p *painter) addModes(sizes ...string) {
	p.t.Helper()
	for _, size := range sizes {
		width, height, _ := strings.Cut(size, "x")
		p.run("xrandr", "--newmode", size, "25", width, width, width, width, height, height, height, height)
		p.run("xrandr", "--addmode", p.output(), size)
	}
}

func TestScreensFollowTheMonitors(t *testing.T) {
	p := startPainter(t, "1024x768x24")
	p.addModes("800x600")
	p.fill(image.Rect(0, 0, 1024, 768), 0x334455)
	d, m := p.open(), &mirror{}
	m.follow(d, p)

	p.run("xrandr", "--output", "screen", "--mode", "800x600")
	p.fill(image.Rect(700, 500, 900, 700), 0xff)
	m.follow(d, p)
	if m.size != image.Pt(800, 600) {
		t.Errorf("size %v", m.size)
	}

	p.run("xrandr", "--output", "screen", "--mode", "1024x768")
	m.follow(d, p)

	p.run("xrandr", "--setmonitor", "left", "500/130x768/200+0+0", "screen", "--setmonitor", "right", "524/130x700/200+500+0", "none")
	want := []image.Rectangle{image.Rect(0, 0, 500, 768), image.Rect(500, 0, 1024, 700)}
	for got := d.Screens(); !slices.Equal(got, want); got = d.Screens() {
		select {
		case <-d.Changed():
		case <-t.Context().Done():
			t.Fatalf("screens %v, want %v", got, want)
		}
	}
	m.follow(d, p)

	// What was drawn where no monitor was comes with the monitor.
	p.run("xrandr", "--delmonitor", "right")
	for len(d.Screens()) != 1 {
		<-d.Changed()
	}
	p.fill(image.Rect(490, 300, 900, 500), 0xff00ff)
	if _, err := m.capture(d); err != nil || m.size != image.Pt(500, 768) {
		t.Error(m.size, err)
	}
	p.run("xrandr", "--delmonitor", "left")
	m.follow(d, p)

	// Without a monitor it is the whole root window.
	p.run("xrandr", "--output", "screen", "--off", "--fb", "500x300")
	m.follow(d, p)
}

func TestSizeChangesWhileCapturing(t *testing.T) {
	for _, tt := range screens {
		t.Run(tt.name, func(t *testing.T) {
			p := startPainter(t, tt.screen, tt.args...)
			p.addModes("320x240", "600x400")
			d, m := p.open(), &mirror{}
			var turning sync.WaitGroup
			done := make(chan struct{})
			turning.Go(func() {
				defer close(done)
				for i := range 20 {
					mode := []string{"320x240", "600x400"}[i%2]
					if _, err := p.x.Run(t.Context(), "xrandr", "--output", "screen", "--mode", mode); err != nil {
						t.Error(err)
					}
					p.fill(image.Rect(i, i, 640, 480), uint32(i)*0x0a0b0c)
				}
			})
			for busy := true; busy; {
				if _, err := m.capture(d); err != nil {
					t.Error(err)
				}
				d.whole = true // to be in the middle of something at any time
				select {
				case <-done:
					busy = false
				default:
				}
			}
			turning.Wait()
			m.follow(d, p)
		})
	}
}
