//go:build linux

package rfbserver

import (
	"image"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sixgate/rfb"
)

// scribble fills a part of the paper with what has no two tiles alike: letters of two colours, shades and noise.
func (d *paper) scribble(r image.Rectangle, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	d.mu.Lock()
	defer d.mu.Unlock()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			px := uint32(seed) * 0x10307 & 0xffffff
			switch (x/90 + y/70) % 4 {
			case 0:
				px = 0xffffff * (rnd.Uint32() & 1)
			case 1:
				px = uint32(x+y+int(seed))&255<<16 | uint32(x)&255<<8 | rnd.Uint32N(16)
			case 2:
				px = rnd.Uint32() & 0xffffff
			}
			d.pix[y*d.stride+x] = px
		}
	}
	d.damage = append(d.damage, r)
	d.changed()
}

// TestEqualViewers see the same, exactly, whether they have pixels coded on equal terms or on their own, on one core or
// more, while the screen changes under them.
func TestEqualViewers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	d := newPaper(500, 400)
	d.shape, d.hot = shape(), image.Pt(1, 1)
	s := share(t, &Server{Desktop: d, Log: talkative(t)})
	d.scribble(image.Rect(0, 0, 500, 400), 1)
	var viewers []*viewerEnd
	for range 2 {
		for _, list := range [][]rfb.Encoding{
			{rfb.EncodingTight, rfb.EncodingLastRect, rfb.EncodingCursor}, {rfb.EncodingTight, rfb.EncodingGradient, rfb.EncodingCursor},
			{rfb.EncodingZRLE, rfb.EncodingLastRect, rfb.EncodingCursor}, {rfb.EncodingZlib, rfb.EncodingCursor}, {rfb.EncodingHextile, rfb.EncodingCursor},
		} {
			viewers = append(viewers, attach(t, s, list...))
		}
	}
	var looking, painting sync.WaitGroup
	var stop atomic.Bool
	painting.Go(func() {
		for n := uint64(0); !stop.Load(); n++ {
			d.scribble([]image.Rectangle{image.Rect(3, 5, 480, 350), image.Rect(100, 100, 140, 116), image.Rect(0, 0, 500, 400)}[n%3], n)
		}
	})
	for _, v := range viewers {
		looking.Go(func() {
			for range 4 {
				if _, err := v.Next(); err != nil {
					t.Error(err)
					return
				}
				if err := v.Request(true, v.Image().Rect); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	looking.Wait()
	stop.Store(true)
	painting.Wait()
	for _, v := range viewers {
		for v.update(); !v.same(d); v.update() {
			v.ask(true)
		}
	}
	for _, v := range viewers {
		v.leave()
	}
	if x := &s.exchange; len(x.viewers)+len(x.agree)+len(x.pieces)+len(x.all)+x.bytes > 0 {
		t.Errorf("left behind: %d viewers, %d terms, %d pieces, %d bytes", len(x.viewers), len(x.agree), len(x.pieces), x.bytes)
	}
}

// audienceOf lets so many viewers of equal terms look at a film, and returns one update of them all, which they get in turn.
func audienceOf(t testing.TB, viewers int, f *film, list rfb.SetEncodings) (update func()) {
	s := &Server{Desktop: f}
	s.init()
	s.look()
	for range viewers {
		v := newViewer(s, new(drain), rfb.Version38, nil)
		s.takeIn(v)
		v.begun = true // there is no Run that would look for it first
		v.setEncodings(list)
	}
	return func() {
		for _, v := range s.watch.viewers {
			v.request(rfb.FramebufferUpdateRequest{Incremental: true, Rect: v.bounds()})
		}
		if err := s.capture(); err != nil {
			t.Fatal(err)
		}
		for _, v := range s.watch.viewers {
			for m := &v.out.message; v.next(m); {
				if err := v.send(m); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestFourViewersCostLessThanTwo, of a film: what is coded for one is sent to all.
func TestFourViewersCostLessThanTwo(t *testing.T) {
	photo := func(x, y, i int) uint32 {
		v := uint32((x+y+40*i)/4%200) + uint32(x*y*7+i)%8
		return v<<16 | (v+20)<<8 | (v + 40)
	}
	one := audienceOf(t, 1, newFilm(image.Rect(200, 100, 904, 548), photo), rfb.SetEncodings{rfb.EncodingTight, rfb.EncodingLastRect, -24})
	four := audienceOf(t, 4, newFilm(image.Rect(200, 100, 904, 548), photo), rfb.SetEncodings{rfb.EncodingTight, rfb.EncodingLastRect, -24})
	cost := func(update func()) (least time.Duration) {
		least = time.Hour
		for range 4 {
			before := spent(t)
			for range 3 {
				update()
			}
			least = min(least, spent(t)-before)
		}
		return least
	}
	one()
	four()
	if a, b := cost(one), cost(four); b >= 2*a {
		t.Errorf("one viewer costs %v, four cost %v", a, b)
	}
}

// spent is the time of all cores that this program took.
func spent(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
