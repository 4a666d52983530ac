package rfbserver

import (
	"context"
	"image"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// audience is a viewer at the far end of a link, who looks at a desktop for as long as a test lasts.
type audience struct {
	*rfb.Client
	d      *paper
	film   image.Rectangle
	look   func(*audience) // after each update
	frames []time.Time     // when a whole picture of the film was there
	last   uint32
}

const (
	mbit   = 1e6 / 8
	signal = 64 // size of the squares in the corners of a film that number its pictures
)

// watch attaches a viewer over a link to the server, and returns when it has its first picture.
func (a *audience) watch(t *testing.T, s *Server, near, far end, list ...rfb.Encoding) (stop func()) {
	t.Helper()
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), near) }()
	var err error
	a.Client, err = rfb.NewClient(far, rfb.ClientOptions{Encodings: append(list, rfb.EncodingTight, rfb.EncodingLastRect, rfb.EncodingCopyRect, rfb.EncodingCursor)})
	if err != nil {
		t.Fatal(err)
	}
	a.Request(false, a.Image().Rect)
	read := make(chan struct{})
	ready := make(chan struct{})
	go func() {
		defer close(read)
		continuous, first := false, true
		for {
			e, err := a.Next()
			if err != nil {
				return
			}
			switch e.(type) {
			case rfb.EndOfContinuousUpdates:
				continuous = true
				a.ContinuousUpdates(true, a.Image().Rect)
			case *rfb.Update:
				if a.see(); first {
					first = false
					close(ready)
				}
				if !continuous {
					a.Request(true, a.Image().Rect)
				}
			}
		}
	}()
	<-ready
	return func() { far.Close(); <-read; <-served }
}

func (a *audience) see() {
	if a.look != nil {
		a.look(a)
	}
	if a.film.Empty() {
		return
	}
	n := a.Image().Row(a.film.Min.X, a.film.Max.X, a.film.Min.Y)[0]
	if m := a.Image().Row(a.film.Min.X, a.film.Max.X, a.film.Max.Y-1); n != a.last && n == m[len(m)-1] {
		a.last = n
		a.frames = append(a.frames, time.Now())
	}
}

// play shows a film at 30 pictures a second, and hints at the first after each capture, as X servers do.
func (d *paper) play(film image.Rectangle, length time.Duration) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := uint32(1); n <= uint32(length.Seconds()*30); n++ {
		d.mu.Lock()
		for y := film.Min.Y; y < film.Max.Y; y++ {
			row := d.pix[y*d.stride:][film.Min.X:film.Max.X]
			for x := range row {
				v := (uint32(x+y)+7*n)/4%200 + rnd.Uint32N(16)
				row[x] = v<<16 | (v+20)<<8 | (v + 40)
			}
		}
		corner := image.Rect(0, 0, signal, signal)
		for _, c := range []image.Rectangle{corner.Add(film.Min), corner.Add(film.Max.Sub(corner.Max))} {
			for y := c.Min.Y; y < c.Max.Y; y++ {
				for x := c.Min.X; x < c.Max.X; x++ {
					d.pix[y*d.stride+x] = n * 0x010203 & colourMask
				}
			}
		}
		if len(d.damage) == 0 {
			d.changed()
		}
		d.damage = append(d.damage, film)
		d.mu.Unlock()
		time.Sleep(time.Second / 30)
	}
}

func TestFilmOverAPath(t *testing.T) {
	paced := []rfb.Encoding{rfb.EncodingQualityLevel0 + 6, rfb.EncodingFence, rfb.EncodingContinuousUpdates}
	for _, tt := range []struct {
		name  string
		rate  float64
		rtt   time.Duration
		list  []rfb.Encoding
		fps   float64
		queue time.Duration
	}{
		{"3 Mbit/s, 80 ms", 3 * mbit, 80 * time.Millisecond, paced, 12, 200 * time.Millisecond},
		{"3 Mbit/s, 80 ms, on request", 3 * mbit, 80 * time.Millisecond, paced[:1], 6, 200 * time.Millisecond},
		{"300 kbit/s, 300 ms", .3 * mbit, 300 * time.Millisecond, paced, 1.7, 4 * time.Second},
		{"300 kbit/s, 600 ms", .3 * mbit, 600 * time.Millisecond, paced, 2, 4 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newPaper(500, 350)
				d.draw(image.Rect(0, 0, 500, 350), 0)
				s := share(t, &Server{Desktop: d})
				near, far := link(tt.rate, tt.rtt, 4<<20)
				a := &audience{d: d, film: image.Rect(0, 0, 450, 330)}
				stop := a.watch(t, s, near, far, tt.list...)
				const length = 8 * time.Second
				d.play(a.film, length)
				stop()
				got := float64(len(a.frames)) / length.Seconds()
				queue := time.Duration(float64(far.in.most) / tt.rate * float64(time.Second))
				t.Logf("%.1f pictures a second, at most %v of the path's time waited", got, queue)
				if got < tt.fps || queue > tt.queue {
					t.Errorf("should be %.1f and %v", tt.fps, tt.queue)
				}
			})
		})
	}
}

// What is typed beside a film is seen about as soon as the path allows.
func TestTypingBesideAFilm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, rtt = 10 * mbit, 80 * time.Millisecond
		d := newPaper(1000, 400)
		d.draw(image.Rect(0, 0, 1000, 400), 0)
		cell := image.Rect(900, 200, 908, 216)
		d.echo = func(keysym uint32) { d.draw(cell, keysym) }
		s := share(t, &Server{Desktop: d})
		near, far := link(rate, rtt, 4<<20)
		seen := make(chan time.Time, 1)
		letter := uint32(0)
		a := &audience{d: d, film: image.Rect(0, 0, 800, 400)}
		a.look = func(a *audience) {
			if px := a.Image().Row(cell.Min.X, cell.Max.X, cell.Min.Y)[0]; px != letter {
				letter = px
				seen <- time.Now()
			}
		}
		stop := a.watch(t, s, near, far, rfb.EncodingQualityLevel0+6, rfb.EncodingFence, rfb.EncodingContinuousUpdates)
		const length = 6 * time.Second
		played := make(chan struct{})
		go func() { defer close(played); d.play(a.film, length) }()
		var took []time.Duration
		for i := range 30 {
			time.Sleep(time.Duration(47+13*(i%7)) * time.Millisecond)
			key := time.Now()
			a.Key(uint32('a'+i), true)
			took = append(took, (<-seen).Sub(key))
		}
		<-played
		stop()
		slices.Sort(took)
		t.Logf("from a key to its picture p50 %v, p95 %v beside %.1f pictures a second", took[len(took)/2], took[len(took)*95/100], float64(len(a.frames))/length.Seconds())
		if p95 := took[len(took)*95/100]; p95 > rtt+65*time.Millisecond {
			t.Errorf("p95 %v", p95)
		}
	})
}

// A viewer that stops reading and answering costs the others nothing, and is asked for nothing: what it types is typed
// while an update waits for it.
func TestSilentViewerIsNotSentMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(300, 200)
		s := share(t, &Server{Desktop: d})
		paced := []rfb.Encoding{rfb.EncodingRaw, rfb.EncodingFence, rfb.EncodingContinuousUpdates}
		silent := attach(t, s, paced...)
		silent.event() // the offer
		silent.update()
		silent.ContinuousUpdates(true, silent.Image().Rect)
		for i := range uint32(100) {
			d.draw(image.Rect(0, 0, 300, 200), i)
			time.Sleep(frame)
		}
		before := d.captured()
		for i := range uint32(100) {
			d.draw(image.Rect(0, 0, 300, 200), i)
			silent.Key('k', i%2 == 0)
			time.Sleep(frame)
		}
		if n := d.captured() - before; n > 0 {
			t.Errorf("%d captures for one that does not read", n)
		}
		if n := len(d.inputs()); n != 100 {
			t.Errorf("%d of its 100 keys were typed", n)
		}
		good := attach(t, s)
		good.update()
		start := time.Now()
		for i := range uint32(100) {
			good.ask(true)
			d.draw(image.Rect(10, 10, 20, 20), i)
			good.update()
		}
		if took := time.Since(start); took > 100*frame {
			t.Errorf("100 updates of another viewer took %v", took)
		}
		for !silent.same(d) { // it goes on
			silent.event()
		}
	})
}
