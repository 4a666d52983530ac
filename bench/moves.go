//go:build linux

package main

import (
	"context"
	"fmt"
	"image"
	"sync"
	"time"

	"sixgate/bench/scene"
	"sixgate/conformance/bed"
	"sixgate/rfb"
)

// move is from the relay to a direct connection.
type move struct {
	by     string
	rtt    time.Duration   // between each end and the gateway
	took   []time.Duration // from the first picture
	pauses []time.Duration // the longest time between two updates around it
	gaps   []time.Duration // between two updates after that
}

const (
	moveAt    = 50 * time.Millisecond // the round trip to the gateway
	moves     = 10                    // sessions
	before    = 2 * moveAt            // the time before a move …
	after     = time.Second           // … and after it that it is blamed for
	drawEvery = 20 * time.Millisecond // something new is on the display
	outageFor = 10 * time.Second
	outages   = 3
)

// measureMove has sessions go over to a direct connection while something moves on the display.
func (r *report) measureMove(ctx context.Context, b *bed.Bed, w way, st *stage) error {
	t, err := openTown(ctx, b, w, st, r.programs)
	if err != nil {
		return err
	}
	defer t.close()
	t.distance(moveAt)
	m := move{by: w.name, rtt: moveAt}
	for range moves {
		if err := t.moved(ctx, st, &m); err != nil {
			return err
		}
	}
	r.moves = append(r.moves, m)
	return nil
}

// moved has one session, and adds to m what it saw.
func (t *town) moved(ctx context.Context, st *stage, m *move) error {
	s, err := t.session(ctx, t.address, st)
	if err != nil {
		return err
	}
	defer s.host.leave()
	began := time.Now()
	came, stop, err := t.watch(s, st)
	if err != nil {
		return err
	}
	defer stop()
	for path := ""; path != "direct"; {
		e, err := t.bridge.event("path")
		if err != nil {
			return err
		}
		path = e.Path
	}
	at := time.Now()
	m.took = append(m.took, at.Sub(began))
	if err := pause(ctx, 2*after); err != nil {
		return err
	}
	longest := time.Duration(0)
	times := came()
	for i, now := range times[1:] {
		gap := now.Sub(times[i])
		switch {
		case now.After(at.Add(after)):
			m.gaps = append(m.gaps, gap)
		case now.After(at.Add(-before)):
			longest = max(longest, gap)
		}
	}
	m.pauses = append(m.pauses, longest)
	return nil
}

// measureOutage cuts the host off for a while.
func (r *report) measureOutage(ctx context.Context, b *bed.Bed, st *stage) error {
	w := byTCP
	w.policy |= bed.Symmetric // it stays on the relay
	t, err := openTown(ctx, b, w, st, r.programs)
	if err != nil {
		return err
	}
	defer t.close()
	s, err := t.session(ctx, t.address, st)
	if err != nil {
		return err
	}
	defer s.host.leave()
	came, stop, err := t.watch(s, st)
	if err != nil {
		return err
	}
	defer stop()
	for range outages {
		t.home.Router.SetLine(bed.Line{Cut: true})
		if err := pause(ctx, outageFor); err != nil {
			return err
		}
		back := time.Now()
		t.distance(0)
		for end := back.Add(sessionFor); ; {
			times := came()
			if last := times[len(times)-1]; last.After(back) {
				r.outages = append(r.outages, last.Sub(back))
				break
			}
			if time.Now().After(end) {
				return fmt.Errorf("no picture %v after the network was back", sessionFor)
			}
			if err := pause(ctx, 5*time.Millisecond); err != nil {
				return err
			}
		}
		if err := pause(ctx, after); err != nil {
			return err
		}
	}
	return nil
}

// watch has something move on the display, and notes when a viewer on the bridge sees that.
func (t *town) watch(s *session, st *stage) (came func() []time.Time, stop func(), err error) {
	conn, err := t.where.dial(s.viewers)
	if err != nil {
		return nil, nil, err
	}
	v, err := attach(conn, quality8.encodings)
	if err != nil {
		return nil, nil, err
	}
	if err := v.whole(); err != nil {
		v.close()
		return nil, nil, err
	}
	at := image.Rect(100, 100, 164, 164)
	window, err := st.screen.Window(at, scene.Picture{})
	if err != nil {
		v.close()
		return nil, nil, err
	}
	var mu sync.Mutex
	times := []time.Time{time.Now()}
	var running sync.WaitGroup
	done := make(chan struct{})
	running.Go(func() {
		for {
			u, err := v.next()
			if err != nil {
				return
			}
			if u != nil && touches(u, at) {
				mu.Lock()
				times = append(times, time.Now())
				mu.Unlock()
			}
		}
	})
	running.Go(func() {
		draw := time.NewTicker(drawEvery)
		defer draw.Stop()
		for n := 0; ; n++ {
			window.Fill(image.Rectangle{Max: at.Size()}, colour(n))
			select {
			case <-draw.C:
			case <-done:
				return
			}
		}
	})
	came = func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return append([]time.Time(nil), times...)
	}
	return came, func() {
		close(done)
		v.conn.Close()
		running.Wait()
		window.Destroy()
	}, nil
}

func touches(u *rfb.Update, at image.Rectangle) bool {
	for _, r := range u.Rects {
		if r.Overlaps(at) {
			return true
		}
	}
	return false
}
