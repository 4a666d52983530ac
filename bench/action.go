//go:build linux

package main

import (
	"context"
	"fmt"
	"image"
	"sync/atomic"
	"time"

	"sixgate/rfb"
)

// action is a workload at work: steps, counted from 1.
type action struct {
	step  func(n int) error                    // nil: nothing happens by itself
	shown func(picture *rfb.Image, n int) bool // whether a picture shows all of the step n
	end   func() error                         // nil: there is nothing to put away
	at    image.Rectangle                      // of the terminal

	begun atomic.Int64          // steps
	taken atomic.Int64          // steps that step has returned from
	times [1 << 12]atomic.Int64 // when each began, in Unix nanoseconds
}

// take takes the next step.
func (a *action) take() error {
	n := a.begun.Load() + 1
	a.times[n%int64(len(a.times))].Store(time.Now().UnixNano())
	a.begun.Store(n) // before anybody can see it
	if err := a.step(int(n)); err != nil {
		return err
	}
	a.taken.Store(n)
	return nil
}

// play takes steps until ctx ends. A step that comes late is not made up for.
func (a *action) play(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := a.take(); err != nil {
			return err
		}
	}
}

// latest is the last step after the one given that a picture shows; 0: none.
func (a *action) latest(picture *rfb.Image, after int) int {
	if a.step == nil {
		return 0
	}
	for n := int(a.begun.Load()); n > after; n-- {
		if a.shown(picture, n) {
			return n
		}
	}
	return 0
}

// drawn is when a step began.
func (a *action) drawn(n int) time.Time { return time.Unix(0, a.times[n%len(a.times)].Load()) }

// changeSteps is over how many steps change is measured.
const changeSteps = 12

// change takes some steps and returns how many pixels of the screen each changes, which is the workload's own affair and
// the same for every server. It also proves that the screen shows what is looked for.
func (a *action) change(ctx context.Context, st *stage) (pixels int, err error) {
	if a.step == nil {
		return 0, nil
	}
	var before *rfb.Image
	sum := 0
	for i := range changeSteps + 1 {
		if err := a.take(); err != nil {
			return 0, err
		}
		after, err := a.see(ctx, st)
		if err != nil {
			return 0, err
		}
		if i > 0 {
			for j, p := range after.Pix {
				if p != before.Pix[j] {
					sum++
				}
			}
		}
		before = after
	}
	return sum / changeSteps, nil
}

// seeFor is how long the screen may take to show a step.
const seeFor = 5 * time.Second

// see returns the screen as soon as it shows the step that was taken last.
func (a *action) see(ctx context.Context, st *stage) (*rfb.Image, error) {
	n := int(a.taken.Load())
	for end := time.Now().Add(seeFor); time.Now().Before(end); {
		img, err := st.screen.Read(image.Rectangle{Max: st.size})
		if err != nil {
			return nil, err
		}
		if picture := pictureOf(img); a.shown(picture, n) {
			return picture, nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the screen does not show the step %d after %v", n, seeFor)
}
