//go:build linux

package x11

import (
	"image"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// Every way that pixels come, on every kind of screen.
var screens = []struct {
	name   string
	screen string
	args   []string
	shared bool
}{
	{"24 bits", "640x480x24", nil, true},
	{"16 bits", "641x480x16", nil, true}, // an odd width: rows are padded
	{"24 bits sent", "640x480x24", []string{"-extension", "MIT-SHM"}, false},
	{"16 bits sent", "641x480x16", []string{"-extension", "MIT-SHM"}, false},
}

func TestCaptureIsWhatIsShown(t *testing.T) {
	for _, tt := range screens {
		t.Run(tt.name, func(t *testing.T) {
			p := startPainter(t, tt.screen, tt.args...)
			p.fill(image.Rect(0, 0, 641, 480), 0x123456)
			p.fill(image.Rect(3, 5, 100, 90), 0xfedcba)
			d, m := p.open(), &mirror{}
			m.follow(d, p)
			if shared := d.segment != nil; shared != tt.shared {
				t.Errorf("memory shared: %v", shared)
			}
			if err := p.x.Spawn("xterm", "-geometry", "40x10+200+100", "-e", "seq 100; sleep 60"); err != nil {
				t.Fatal(err)
			}
			p.fill(image.Rect(641-17, 480-9, 641, 480), 0x00ff80)
			m.follow(d, p)
		})
	}
}

// While others draw, nothing is lost, whenever a Capture comes in between.
func TestNoDamageIsLost(t *testing.T) {
	for _, tt := range screens {
		t.Run(tt.name, func(t *testing.T) {
			p := startPainter(t, tt.screen, tt.args...)
			d, m := p.open(), &mirror{}
			var painting sync.WaitGroup
			stopped := make(chan struct{})
			painting.Go(func() {
				defer close(stopped)
				random := rand.New(rand.NewPCG(7, 7))
				for range 3000 {
					at := image.Pt(random.IntN(641), random.IntN(480))
					size := image.Pt(1+random.IntN(60), 1+random.IntN(40))
					p.fill(image.Rectangle{Min: at, Max: at.Add(size)}, random.Uint32()&0xffffff)
				}
			})
			for painted := false; !painted; {
				select {
				case <-d.Changed():
				case <-stopped:
					painted = true
				}
				if _, err := m.capture(d); err != nil {
					t.Error(err)
					painted = true
				}
			}
			painting.Wait()
			// Whatever came after the last Capture has been told: there is no need to ask without.
			select {
			case <-d.Changed():
				m.capture(d)
			default:
			}
			if at := firstDifference(m, p.shown()); at >= 0 {
				t.Errorf("pixel %d differs when all is quiet", at)
			}
		})
	}
}

func TestOnlyDamageIsCaptured(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d, m := p.open(), &mirror{}
	if d.segment == nil {
		t.Error("the first picture's memory is yet to come")
	}
	if rects, _ := m.capture(d); len(rects) != 1 || rects[0] != image.Rect(0, 0, 640, 480) {
		t.Errorf("the first capture was of %v", rects)
	}
	p.fill(image.Rect(10, 20, 110, 40), 0xff)
	<-d.Changed()
	if rects, _ := m.capture(d); len(rects) != 1 || rects[0] != image.Rect(10, 20, 110, 40) {
		t.Errorf("captured %v", rects)
	}
	if rects, _ := m.capture(d); len(rects) != 0 {
		t.Errorf("captured %v when nothing was drawn", rects)
	}
	for y := range 200 { // far apart
		p.fill(image.Rect(y%2*600, 2*y, y%2*600+5, 2*y+1), 0xffffff)
	}
	if rects, _ := m.capture(d); len(rects) == 0 || len(rects) > maxRects {
		t.Errorf("captured %d rectangles", len(rects))
	}
	m.follow(d, p)
}

func TestCloseWhileCapturing(t *testing.T) {
	for _, tt := range screens {
		t.Run(tt.name, func(t *testing.T) {
			p := startPainter(t, tt.screen, tt.args...)
			for range 10 {
				d, m := p.open(), &mirror{}
				var capturing sync.WaitGroup
				begun := make(chan struct{})
				capturing.Go(func() {
					_, err := m.capture(d)
					close(begun)
					for err == nil {
						p.fill(image.Rect(0, 0, 640, 480), 0xabcdef)
						_, err = m.capture(d)
					}
					if !strings.Contains(err.Error(), "gone") {
						t.Error(err)
					}
				})
				<-begun
				if err := d.Close(); err != nil {
					t.Error(err)
				}
				capturing.Wait()
			}
		})
	}
}
