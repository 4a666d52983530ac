//go:build linux

package main

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"sixgate/bench/scene"
)

// turn is what each server does in turn.
type turn struct {
	load    workload
	mode    mode
	viewers int  // each sees the same
	path    path // between the server and its viewers
}

// figures are what one server did in one turn, or in several that were added up.
type figures struct {
	elapsed  time.Duration
	steps    int             // of the workload
	counts                   // of all viewers
	cpu      time.Duration   // the server's own
	bridge   time.Duration   // the processor time of the bridge, where there is one
	carried  int64           // bytes from the host to the gateway, where there is a bridge
	resident int             // bytes at the end, most of all turns
	private  int             // of these, what it shares with no other process
	first    []time.Duration // from connecting to a whole picture
	late     []time.Duration // from a step to its picture
	keys     []time.Duration // from a key to its picture
	lost     int             // keys without a picture in keyFor
}

func (f figures) plus(g figures) figures {
	f.elapsed += g.elapsed
	f.steps += g.steps
	f.counts = f.counts.plus(g.counts)
	f.cpu += g.cpu
	f.bridge += g.bridge
	f.carried += g.carried
	f.resident = max(f.resident, g.resident)
	f.private = max(f.private, g.private)
	f.first = append(f.first, g.first...)
	f.late = append(f.late, g.late...)
	f.keys = append(f.keys, g.keys...)
	f.lost += g.lost
	return f
}

// settle is how long a server works before the first look at the counters: it has learned its path by then.
func (p path) settle() time.Duration { return 500*time.Millisecond + 10*p.delay }

// turnFor bounds what a turn may take besides its window.
const turnFor = time.Minute

// measure gives a server its turn.
func measure(ctx context.Context, st *stage, s *server, t turn, window time.Duration) (f figures, err error) {
	a, err := t.load.begin(st)
	if err != nil {
		return f, err
	}
	if a.end != nil {
		defer a.end()
	}
	addr := s.addr()
	if t.path.rate > 0 {
		r, err := newRelay(ctx, t.path, addr)
		if err != nil {
			return f, err
		}
		defer r.close()
		addr = r.addr()
	}
	var viewers []*viewer
	for range t.viewers {
		began := time.Now()
		v, err := dial(addr, t.mode.encodings)
		if err != nil {
			return f, err
		}
		defer v.close()
		viewers = append(viewers, v)
		v.conn.SetDeadline(began.Add(turnFor + window))
		if err := v.whole(); err != nil {
			return f, fmt.Errorf("the first picture: %w", err)
		}
		f.first = append(f.first, time.Since(began))
		v.follow(a)
	}
	if err := rest(ctx, viewers); err != nil {
		return f, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var broken atomic.Pointer[error]
	if t.load.every > 0 {
		running.Go(func() {
			if err := a.play(ctx, t.load.every); err != nil {
				broken.Store(&err)
			}
		})
	}
	if err := pause(ctx, t.path.settle()); err != nil {
		return f, err
	}

	start := time.Now()
	before := s.spent()
	var seen counts
	for _, v := range viewers {
		seen = seen.plus(v.counts())
		v.lateness()
	}
	steps := a.taken.Load()
	if t.load.typed {
		f.keys, f.lost, err = typeInto(ctx, st, viewers[0], window)
	} else {
		err = pause(ctx, window)
	}
	f.elapsed = time.Since(start)
	after := s.spent()
	f.cpu, f.bridge, f.carried = after.cpu-before.cpu, after.bridge-before.bridge, after.carried-before.carried
	f.steps = int(a.taken.Load() - steps)
	for _, v := range viewers {
		f.counts = f.counts.plus(v.counts())
		f.late = append(f.late, v.lateness()...)
		if err == nil {
			err = v.err()
		}
	}
	f.counts = f.counts.minus(seen)
	f.resident, f.private = resident(s.cmd.Process.Pid), private(s.cmd.Process.Pid)
	if e := broken.Load(); e != nil {
		err = *e
	}
	return f, err
}

// restFor is how long the viewers may take until nothing more comes: the first picture is repaired by then, where it had losses.
const restFor = 2 * time.Second

// rest returns when the viewers have what they lacked, or after restFor.
func rest(ctx context.Context, viewers []*viewer) error {
	const step, quiet = 100 * time.Millisecond, 3
	var was counts
	for still, end := 0, time.Now().Add(restFor); still < quiet && time.Now().Before(end); still++ {
		var now counts
		for _, v := range viewers {
			now = now.plus(v.counts())
		}
		if now.bytes != was.bytes {
			was, still = now, 0
		}
		if err := pause(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// keyFor is how long a key may take to become a picture.
const keyFor = 15 * time.Second

// typeInto presses key after key in a window of its own, the next one some time after the picture of the one before.
func typeInto(ctx context.Context, st *stage, v *viewer, window time.Duration) (took []time.Duration, lost int, err error) {
	screen, err := scene.Open(st.display.Display)
	if err != nil {
		return nil, 0, err
	}
	at := image.Rect(40, 40, 540, 740)
	white := v.await(at.Min.Add(at.Size().Div(2)), 0xffffff)
	page, err := screen.Window(at, st.page)
	if err != nil {
		return nil, 0, err
	}
	var drawing sync.WaitGroup
	drawing.Go(func() { page.OnKeys() })
	defer drawing.Wait()
	defer screen.Close()
	select {
	case <-white: // the window is on the viewer's side as well
	case <-time.After(keyFor):
		return nil, 0, fmt.Errorf("the window to type into did not come in %v", keyFor)
	}
	if err := pause(ctx, 200*time.Millisecond); err != nil { // and has the keyboard
		return nil, 0, err
	}
	for n, end := 0, time.Now().Add(window); time.Now().Before(end); n++ {
		glyph, colour := page.Glyph(n)
		seen := v.await(glyph.Min.Add(at.Min).Add(image.Pt(3, 6)), colour)
		start := time.Now()
		for _, down := range []bool{true, false} { // at once: a key that is held repeats itself
			if err := v.client.Key('a'+uint32(n%26), down); err != nil {
				return took, lost, err
			}
		}
		select {
		case when := <-seen:
			took = append(took, when.Sub(start))
		case <-time.After(keyFor):
			took = append(took, keyFor)
			lost++
		}
		// Not in step with anybody's frames.
		if err := pause(ctx, 10*time.Millisecond+rand.N(34*time.Millisecond)); err != nil {
			return took, lost, err
		}
	}
	return took, lost, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
