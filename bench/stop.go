//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"sync/atomic"
	"time"

	"sixgate/bench/scene"
)

const (
	stops    = 8                      // in each scene: a bridge lets those who call it for seconds only wait from then on
	stopAim  = 100 * time.Millisecond // to the last frame and the last input
	beforeIt = 400 * time.Millisecond // of the supporter's work
)

// stopScenes are what goes on when the end user presses Stop: on the screen, and between two moves of the supporter's mouse.
var stopScenes = []struct {
	name  string
	load  workload
	every time.Duration
}{
	{"a clock ticks", ticking, 10 * time.Millisecond},
	{"a 720p video", video, 10 * time.Millisecond},
	{"the supporter floods input", ticking, 0},
}

// measureStop takes the times from the end user's key to the last picture of the desktop that a viewer gets, and to the last move of
// the pointer.
func measureStop(ctx context.Context, st *stage, r *report) error {
	for _, sc := range stopScenes {
		o, err := openOffice(ctx, st.scratch, r.programs)
		if err != nil {
			return err
		}
		defer o.close()
		frame := wait{what: "Stop → last picture at the viewer, " + sc.name, aim: stopAim}
		input := wait{what: "Stop → last input on the desktop, " + sc.name, aim: stopAim}
		for range stops {
			s, err := o.stop(ctx, st, sc.load, sc.every)
			if err != nil {
				return fmt.Errorf("%s: %w", sc.name, err)
			}
			frame.took = append(frame.took, s.frame)
			input.took = append(input.took, s.input)
		}
		r.waits = append(r.waits, frame, input)
	}
	return nil
}

// stopped is what still came after the end user pressed Stop.
type stopped struct{ frame, input time.Duration }

// stop has a session, and ends it by the end user's key.
func (o *office) stop(ctx context.Context, st *stage, load workload, every time.Duration) (s stopped, err error) {
	a, err := load.begin(st) // before the end user is asked: windows that come later are hidden at first
	if err != nil {
		return s, err
	}
	defer a.end()
	live, err := o.session(ctx, o.address, st)
	if err != nil {
		return s, err
	}
	defer live.host.leave()
	v, err := dial(live.viewers, quality8.encodings)
	if err != nil {
		return s, err
	}
	defer v.close()
	v.conn.SetDeadline(time.Now().Add(sessionFor))
	if err := v.whole(); err != nil {
		return s, err
	}

	hand, err := scene.Open(st.display.Display)
	if err != nil {
		return s, err
	}
	defer hand.Close()
	var running sync.WaitGroup
	defer running.Wait()
	ctx, over := context.WithCancel(ctx)
	defer over()
	var seen, moved atomic.Int64 // in Unix nanoseconds
	running.Go(func() { a.play(ctx, load.every) })
	running.Go(func() { watchSteps(v, a, &seen) })
	running.Go(func() { watchPointer(ctx, hand, &moved) })
	running.Go(func() { wave(ctx, v, every) })
	defer v.conn.Close()
	for begun := time.Now(); moved.Load() == 0 || seen.Load() == 0; {
		if time.Since(begun) > seeFor {
			return s, errors.New("the supporter sees nothing, or their mouse does not move the pointer")
		}
		if err = pause(ctx, time.Millisecond); err != nil {
			return s, err
		}
	}
	if err = pause(ctx, beforeIt); err != nil {
		return s, err
	}
	pressed := time.Now().UnixNano()
	if err := st.screen.Press(f10); err != nil {
		return s, err
	}
	if _, err := o.bridge.event("end"); err != nil {
		return s, err
	}
	if err := pause(ctx, 2*stopAim); err != nil { // for what comes late
		return s, err
	}
	since := func(last *atomic.Int64) time.Duration { return max(0, time.Duration(last.Load()-pressed)) }
	return stopped{since(&seen), since(&moved)}, nil
}

const f10 = 0xffc7

// ticking is a small window that shows another step sixty times a second.
var ticking = workload{name: "a clock", every: time.Second / 60, begin: func(s *stage) (*action, error) {
	at := image.Rect(100, 100, 400, 400)
	return s.marked(at, s.panel, func(scene.Window, int) {}, func(int) image.Point { return at.Min })
}}

// watchSteps notes when v last got a step that it had not seen, until it is closed.
func watchSteps(v *viewer, a *action, seen *atomic.Int64) {
	for last := 0; ; {
		u, err := v.next()
		if err != nil {
			return
		}
		if u == nil || len(u.Rects) == 0 {
			continue
		}
		if n := a.latest(v.client.Image(), last); n > last {
			last = n
			seen.Store(time.Now().UnixNano())
		}
	}
}

// watchPointer notes when the pointer was last seen at another place.
func watchPointer(ctx context.Context, s *scene.Screen, moved *atomic.Int64) {
	var last image.Point
	for pause(ctx, time.Millisecond) == nil {
		at, err := s.Pointer()
		if err != nil {
			return
		}
		if at != last {
			last = at
			moved.Store(time.Now().UnixNano())
		}
	}
}

// wave moves the supporter's mouse to another place each time, until ctx ends or the viewer is closed.
func wave(ctx context.Context, v *viewer, every time.Duration) {
	for n := 0; ctx.Err() == nil; n++ {
		if v.client.Pointer(image.Pt(200+n%300, 700+n/300%100), 0) != nil {
			return
		}
		if every > 0 && pause(ctx, every) != nil {
			return
		}
	}
}
