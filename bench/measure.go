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

// figures are what one server did in one turn, or in several that were added up.
type figures struct {
	elapsed time.Duration
	steps   int // of the workload
	counts
	cpu      time.Duration
	resident int             // bytes at the end
	first    []time.Duration // from connecting to a whole picture
	keys     []time.Duration // from a key to its picture
	lost     int             // keys without a picture
}

// warmUp passes between the start of a workload and the first look at the counters.
const warmUp = 500 * time.Millisecond

// measure gives a server its turn at a workload.
func measure(ctx context.Context, st *stage, s *server, w workload, m mode, window time.Duration) (f figures, err error) {
	step, end, err := w.begin(st)
	if err != nil {
		return f, err
	}
	defer end()
	mark, err := st.screen.Window(markAt, st.page)
	if err != nil {
		return f, err
	}
	defer mark.Destroy()
	began := time.Now()
	v, err := dial(s.addr(), m.encodings)
	if err != nil {
		return f, err
	}
	defer v.close()
	if err := v.whole(); err != nil {
		return f, err
	}
	f.first = []time.Duration{time.Since(began)}

	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var steps atomic.Int64
	var broken atomic.Pointer[error]
	if w.every > 0 {
		running.Go(func() {
			marked := func(n int) error {
				return st.screen.AtOnce(func() error {
					mark.Fill(image.Rect(0, 0, 16, 16), marks[n%len(marks)])
					return step(n)
				})
			}
			if err := play(ctx, marked, w.every, &steps); err != nil {
				broken.Store(&err)
			}
		})
	}
	v.follow()
	if err := pause(ctx, warmUp); err != nil {
		return f, err
	}

	before, beforeSteps := v.counts(), steps.Load()
	beforeCPU, err := cpu(s.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	start := time.Now()
	if w.typed {
		f.keys, f.lost, err = typeInto(ctx, st, v, window)
	} else {
		err = pause(ctx, window)
	}
	f.elapsed = time.Since(start)
	afterCPU, _ := cpu(s.cmd.Process.Pid)
	f.cpu = afterCPU - beforeCPU
	f.counts = v.counts().minus(before)
	f.steps = int(steps.Load() - beforeSteps)
	f.resident = memory(s.cmd.Process.Pid, "VmRSS")
	if e := broken.Load(); e != nil {
		err = *e
	}
	if err == nil {
		err = v.err()
	}
	return f, err
}

// play takes a workload's steps until ctx ends. A step that comes late is not made up for.
func play(ctx context.Context, step func(int) error, every time.Duration, steps *atomic.Int64) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := step(n); err != nil {
			return err
		}
		steps.Add(1)
	}
}

// keyFor is how long a key may take to become a picture.
const keyFor = 2 * time.Second

// typeInto presses key after key in a window of its own, the next one some time after the picture of the one before.
func typeInto(ctx context.Context, st *stage, v *viewer, window time.Duration) (took []time.Duration, lost int, err error) {
	screen, err := scene.Open(st.display.Display)
	if err != nil {
		return nil, 0, err
	}
	at := image.Rect(40, 40, 540, 740)
	page, err := screen.Window(at, st.page)
	if err != nil {
		return nil, 0, err
	}
	var drawing sync.WaitGroup
	drawing.Go(func() { page.OnKeys() })
	defer drawing.Wait()
	defer screen.Close()
	if err := pause(ctx, 200*time.Millisecond); err != nil { // the window is on the viewer's side as well
		return nil, 0, err
	}
	for n, end := 0, time.Now().Add(window); time.Now().Before(end); n++ {
		glyph, colour := page.Glyph(n)
		seen := v.await(glyph.Min.Add(at.Min).Add(image.Pt(3, 6)), colour)
		start := time.Now()
		if err := v.client.Key('a'+uint32(n%26), true); err != nil {
			return took, lost, err
		}
		select {
		case when := <-seen:
			took = append(took, when.Sub(start))
		case <-time.After(keyFor):
			lost++
			return took, lost, fmt.Errorf("key %d made no picture", n)
		}
		if err := v.client.Key('a'+uint32(n%26), false); err != nil {
			return took, lost, err
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
