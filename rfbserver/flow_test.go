package rfbserver

import (
	"testing"
	"time"
)

// road is a path without a viewer at its end: it answers for one, at the time when that would have.
type road struct {
	rate    float64 // bytes a second
	rtt     time.Duration
	now     time.Time
	free    time.Time
	answers []answer
}

type answer struct {
	at     time.Time
	number uint32
}

// to lets the time pass, and the answers come.
func (r *road) to(f *flow, t time.Time) {
	for len(r.answers) > 0 && !r.answers[0].at.After(t) {
		a := r.answers[0]
		r.answers = r.answers[1:]
		f.arrived(a.at, a.number)
	}
	r.now = t
}

// send puts n bytes on the road, as flush does, after encoding took its time for each of them.
func (r *road) send(f *flow, n int, encoding time.Duration) {
	f.begin()
	for n > 0 {
		part := min(n, flushAt)
		r.to(f, r.now.Add(encoding))
		f.hand(r.now, part)
		if r.free.Before(r.now) {
			r.free = r.now
		}
		r.free = r.free.Add(time.Duration(float64(part) / r.rate * float64(time.Second)))
		n -= part
	}
	f.land()
	r.answers = append(r.answers, answer{r.free.Add(r.rtt), f.number})
}

// play shows a film of frames of a size, whenever the path is open, and returns the longest that any waited on the way.
func (r *road) play(f *flow, fps, size int, d time.Duration) (queued time.Duration, seen int) {
	for end := r.now.Add(d); r.now.Before(end); {
		r.to(f, r.now.Add(time.Second/time.Duration(fps)))
		if !f.open(r.now, true) {
			continue
		}
		if f.looks(r.now) {
			r.send(f, 17, 0)
		}
		r.send(f, min(size, int(f.room(r.now))), 0)
		queued = max(queued, r.free.Sub(r.now))
		seen++
	}
	return queued, seen
}

func within(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if got < want*(1-part) || got > want*(1+part) {
		t.Errorf("%s is %.4g, and should be %.4g ± %.0f %%", what, got, want, 100*part)
	}
}

func TestRateOfAPath(t *testing.T) {
	for _, tt := range []struct {
		name string
		rate float64
		rtt  time.Duration
		size int
	}{
		{"10 Mbit/s, 80 ms", 1.25e6, 80 * time.Millisecond, 60e3},
		{"10 Mbit/s, 80 ms, small frames", 1.25e6, 80 * time.Millisecond, 6e3},
		{"1 Mbit/s, 300 ms", 125e3, 300 * time.Millisecond, 30e3},
		{"100 Mbit/s, 2 ms", 12.5e6, 2 * time.Millisecond, 400e3},
		{"100 Mbit/s, 200 ms", 12.5e6, 200 * time.Millisecond, 400e3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, f := &road{rate: tt.rate, rtt: tt.rtt, now: time.Unix(1, 0)}, new(flow)
			r.play(f, 30, tt.size, 3*time.Second)
			within(t, "the rate", f.rate(r.now), tt.rate, 0.1)
			if got := f.rtt.value() - tt.rtt; got < 0 || got > tt.rtt/10 {
				t.Errorf("the way takes %v", f.rtt.value())
			}
		})
	}
}

// A path that becomes another is known within a second of use, and what waits on it meanwhile is bounded.
func TestPathChanges(t *testing.T) {
	r, f := &road{rate: 1.25e6, rtt: 80 * time.Millisecond, now: time.Unix(1, 0)}, new(flow)
	for _, to := range []float64{1.25e6, 125e3, 1.25e6, 12.5e6} {
		r.rate = to
		const size = 400e3 // more than there is room for
		queued, _ := r.play(f, 30, size, time.Second)
		within(t, "the rate after a second", f.rate(r.now), to, 0.2)
		if queued > 2500*time.Millisecond { // two updates and a round trip at ten times the rate
			t.Errorf("%v were waiting on the way to %.4g", queued, to)
		}
		queued, _ = r.play(f, 30, size, 2*time.Second)
		if most := frameFor + r.rtt; queued > most {
			t.Errorf("%v are waiting at %.4g: more than %v", queued, to, most)
		}
	}
}

// Answers that are late now and then do not make a path a slow one.
func TestUnsteadyPath(t *testing.T) {
	r, f := &road{rate: 1.25e6, rtt: 80 * time.Millisecond, now: time.Unix(1, 0)}, new(flow)
	for i := range 100 {
		r.rtt = 80*time.Millisecond + time.Duration(i%4)*5*time.Millisecond
		r.play(f, 30, 40e3, 100*time.Millisecond)
	}
	if got := f.rate(r.now); got < 0.7*r.rate || got > 1.3*r.rate {
		t.Errorf("the rate is %.4g", got)
	}
}

// A way that has become longer is noticed, although it is never free: it is let run dry for that.
func TestLongerWay(t *testing.T) {
	r, f := &road{rate: 1.25e6, rtt: 40 * time.Millisecond, now: time.Unix(1, 0)}, new(flow)
	r.play(f, 60, 30e3, 5*time.Second)
	r.rtt = 140 * time.Millisecond
	r.play(f, 60, 30e3, 3*(drainAfter+rttOver))
	within(t, "the way", f.rtt.value().Seconds(), r.rtt.Seconds(), 0.05)
	within(t, "the rate", f.rate(r.now), r.rate, 0.2)
}

// What a viewer answers that was never asked, or not yet, tells nothing.
func TestAnswersToNothing(t *testing.T) {
	f, now := new(flow), time.Unix(1, 0)
	for _, number := range []uint32{0, 1, 77, 1<<32 - 1} {
		f.arrived(now, number)
	}
	f.begin()
	f.hand(now, 5000)
	f.arrived(now, f.number+1)
	if f.land(); f.flying() != 5000 || f.rate(now) != 0 {
		t.Errorf("%d bytes on their way at %v", f.flying(), f.rate(now))
	}
	f.begin()
	f.hand(now, 5000)
	f.arrived(now, f.number) // before we know that all is written
	if f.flying() != 10000 {
		t.Errorf("%d bytes on their way while they are written", f.flying())
	}
	f.land()
	for range 3 {
		f.arrived(now, f.number)
	}
	if f.flying() != 0 || len(f.flights) != 0 {
		t.Errorf("%d bytes on their way", f.flying())
	}
}

// An answer may be faster than the goroutine that wrote the flight. It counts when that has come so far: nothing would
// follow a flight that stays on its way for ever.
func TestAnswerBeforeTheFlightLanded(t *testing.T) {
	var f flow
	start := time.Now()
	number := f.begin()
	f.hand(start, 100)
	f.arrived(start.Add(time.Millisecond), number)
	f.land()
	if f.flying() != 0 {
		t.Errorf("%d bytes are still on their way", f.flying())
	}
	if f.rtt.value() != time.Millisecond {
		t.Errorf("the way takes %v", f.rtt.value())
	}
	f.begin()
	f.hand(start, 100)
	f.land()
	if f.flying() != 100 {
		t.Error("the next flight landed with the answer of the one before")
	}
}
