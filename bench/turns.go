//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// part is turns of one kind, which have a table of their own.
type part struct {
	name   string
	rounds int // how often each server has its turn, so that a busy moment does not hit only one
	turns  []turn
}

var parts = []part{
	{"loopback", 2, slices.Concat(
		across(loopback, 1, quality8, idle),
		across(loopback, 1, quality8, terminal, page, drag, photo, video),
		across(loopback, 1, lossless, terminal, page, drag, photo, video),
		across(loopback, 1, quality8, typing, typingVideo),
		across(loopback, 1, lossless, typing))},
	{"four", 2, across(loopback, 4, quality8, idle, terminal, video)},
	{"distant", 1, across(distant, 1, quality6, terminal, page, drag, video, typingVideo)},
	{"poor", 1, across(poor, 1, quality6, terminal, drag, video, typingVideo)},
}

// bridged are the turns through our own gateway and bridge. The viewer is beside the bridge; the path is the host's.
var bridged = slices.Concat(
	across(loopback, 1, quality8, terminal, drag, video, typing),
	across(distant, 1, quality8, terminal, drag, video, typingVideo))

func across(p path, viewers int, m mode, loads ...workload) (turns []turn) {
	for _, w := range loads {
		turns = append(turns, turn{w, m, viewers, p})
	}
	return turns
}

// chosen are the turns of the workloads that were asked for.
func (f flags) chosen(turns []turn) []turn {
	return slices.DeleteFunc(slices.Clone(turns), func(t turn) bool { return !anyPrefix(f.loads, t.load.name) || !anyPrefix(f.modes, t.mode.name) })
}

// anyPrefix says whether name begins with one of a list, parted by commas; an empty list has them all.
func anyPrefix(list, name string) bool {
	return list == "" || slices.ContainsFunc(strings.Split(list, ","), func(p string) bool { return strings.HasPrefix(name, p) })
}

// window is how long the counters run in one turn.
func (f flags) window(rounds int, t turn) time.Duration {
	seconds := f.seconds / float64(rounds)
	if t.path.rate > 0 && t.load.typed {
		seconds *= 1.5 // each key takes its time
	}
	return time.Duration(seconds * float64(time.Second))
}

// run has every server take its turns of a part.
func (p part) run(ctx context.Context, f flags, st *stage, r *report) error {
	for _, t := range f.chosen(p.turns) {
		pixels, err := st.change(ctx, t.load)
		if err != nil {
			r.failed(fmt.Errorf("%s: %w", t.load.name, err))
			continue
		}
		for range p.rounds {
			for _, s := range r.servers {
				fmt.Fprintf(os.Stderr, "%s: %s, %s: %s\n", p.name, t.load.name, t.mode.name, s.name)
				got, err := measure(ctx, st, s, t, f.window(p.rounds, t))
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil { // it has no figures then, but the others have
					r.failed(fmt.Errorf("%s: %s, %s, %s: %w", s.name, t.load.name, t.mode.name, t.path.name, err))
					continue
				}
				r.add(p.name, t, s, pixels, got)
			}
		}
		st.leave()
	}
	return nil
}

// change is how many pixels of the screen one step of a workload changes.
func (s *stage) change(ctx context.Context, w workload) (int, error) {
	a, err := w.begin(s)
	if err != nil {
		return 0, err
	}
	if a.end != nil {
		defer a.end()
	}
	return a.change(ctx, s)
}

// runBridged has ours take its turns through the bridge.
func runBridged(ctx context.Context, f flags, st *stage, r *report) {
	for _, over := range []path{loopback, distant} {
		turns := slices.DeleteFunc(f.chosen(bridged), func(t turn) bool { return t.path != over })
		if len(turns) == 0 {
			continue
		}
		s, err := startBridged(ctx, r.programs, st, over)
		if err != nil {
			r.failed(fmt.Errorf("ours, bridged over %s: %w", over.name, err))
			continue
		}
		for _, t := range turns {
			pixels, err := st.change(ctx, t.load)
			if err == nil {
				fmt.Fprintf(os.Stderr, "bridged over %s: %s, %s\n", over.name, t.load.name, t.mode.name)
				here := t
				here.path = loopback // the viewer's
				var got figures
				if got, err = measure(ctx, st, s, here, f.window(1, t)); err == nil {
					r.add("bridged", t, s, pixels, got)
				}
			}
			if err != nil {
				r.failed(fmt.Errorf("%s over %s: %s: %w", s.name, over.name, t.load.name, err))
			}
		}
		s.stop()
	}
}
