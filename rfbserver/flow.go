package rfbserver

import (
	"math"
	"time"
)

const (
	frameFor = 66 * time.Millisecond // that an update may take to cross the path, or the way there and back where that is longer
	typeFor  = 33 * time.Millisecond // the same while somebody types or points: the echo waits behind it
	typedFor = time.Second           // how long after the last input that is

	slack    = 16 * time.Millisecond // of the path's time may still be full when the next update is begun
	echoSize = 8 << 10               // bytes that may overtake: the echo of what is typed

	firstFlying = 96 << 10 // bytes on their way, while nothing is known of the path
	firstRoom   = 64 << 10 // of an update then

	boundless = 1 << 20 // bytes: the path that takes as many in frameFor is not what limits

	minSample  = 4 << 10                // bytes: what takes less says nothing of a rate
	minBusy    = time.Millisecond       // likewise: what takes less is not limited by the path
	rateOver   = 200 * time.Millisecond // of a busy path, after which a rate is forgotten, or twice as long of any
	lateBy     = 50 * time.Millisecond  // after which an answer that has not come says something
	cleanSize  = 1500                   // bytes of a flight that takes no time of its own
	rttOver    = 10 * time.Second       // after which the shortest way is forgotten
	lookAfter  = time.Second            // without a clean look at the way, when it is free
	drainAfter = 2 * rttOver            // without a clean look at the way: the path is let run dry once

	maxFlights = 32
	maxMarks   = 16
)

// flow is what is known of the path to one viewer: how much is on its way there, how long the way is and how fast it takes
// bytes. It is told when bytes are handed to the connection and when the viewer has said that it has them, by the answer to
// a fence or, where there are no fences, by its next request; what systems and relays in between hold counts as on its way.
//
// Its rate is the one at which a busy path took bytes: from when they could begin to cross, which is when they were handed
// over or those before them had crossed, to when they had. So a path that has little to do is not taken for a slow one, and
// one that has become better or worse is known after the next few updates.
type flow struct {
	sent    int64     // bytes that were handed over
	flights []flight  // on their way, the oldest first
	writing bool      // the last of them is still being written
	early   time.Time // when that one was answered already; zero: it was not
	number  uint32    // of the last flight
	came    time.Time // when the last answer did
	clean   time.Time // when rtt was last seen
	rtt     lowest
	bytes   float64 // that crossed
	busy    float64 // seconds in which they did; both fade
	typed   time.Time
}

// flight is what was written up to a fence.
type flight struct {
	number uint32
	alone  bool // nothing else was on its way
	marks  [maxMarks]mark
	n      int   // of marks
	end    int64 // what was sent up to its end
}

// mark is when bytes were handed over, and how many before.
type mark struct {
	at   time.Time
	sent int64
}

// lowest is the least of the durations of the last rttOver.
type lowest struct {
	now, before time.Duration
	since       time.Time
}

func (l *lowest) add(at time.Time, d time.Duration) {
	if l.now == 0 || at.Sub(l.since) > rttOver/2 {
		if l.now != 0 {
			l.before = l.now
		}
		l.now, l.since = d, at
	}
	l.now = min(l.now, d)
}

func (l *lowest) value() time.Duration {
	if l.before == 0 {
		return l.now
	}
	return min(l.now, l.before)
}

// greeted says how long the viewer took to answer something short.
func (f *flow) greeted(now time.Time, took time.Duration) { f.rtt.add(now, took) }

// begin says that a flight begins to be written, and gives it a number.
func (f *flow) begin() uint32 {
	f.number++
	f.writing = true
	f.flights = append(f.flights, flight{number: f.number, alone: len(f.flights) == 0, end: f.sent})
	return f.number
}

// forget says that all has arrived, and that nothing is to be learnt from it.
func (f *flow) forget() { f.flights = f.flights[:0] }

// hand says that n bytes are handed over now.
func (f *flow) hand(now time.Time, n int) {
	if f.writing {
		f.flights[len(f.flights)-1].hand(now, f.sent, n)
	}
	f.sent += int64(n)
}

func (fl *flight) hand(now time.Time, sent int64, n int) {
	if fl.n == maxMarks { // every other one will do
		for i := range maxMarks / 2 {
			fl.marks[i] = fl.marks[2*i]
		}
		fl.n = maxMarks / 2
	}
	fl.marks[fl.n] = mark{now, sent}
	fl.n++
	fl.end = sent + int64(n)
}

// land says that the flight has been written, and takes in its answer where that was faster.
func (f *flow) land() {
	f.writing = false
	if !f.early.IsZero() {
		f.arrived(f.early, f.number)
		f.early = time.Time{}
	}
}

// flying is how many bytes are on their way.
func (f *flow) flying() int64 {
	if len(f.flights) == 0 {
		return 0
	}
	return f.sent - f.flights[0].start()
}

// start is what was sent before the flight.
func (fl *flight) start() int64 { return fl.marks[0].sent }

// arrived says that the viewer has what was sent up to the end of that flight, and all before.
func (f *flow) arrived(now time.Time, number uint32) {
	for i := range f.flights {
		fl := &f.flights[i]
		if fl.number != number || fl.n == 0 {
			continue
		}
		if f.writing && i == len(f.flights)-1 {
			f.early = now
			return
		}
		f.learn(now, fl)
		f.came = now
		f.flights = append(f.flights[:0], f.flights[i+1:]...)
		return
	}
}

// learn makes use of a flight whose end has arrived.
func (f *flow) learn(now time.Time, fl *flight) {
	took := now.Sub(fl.marks[0].at)
	if fl.alone && fl.end-fl.start() <= cleanSize {
		f.clean = now
		f.rtt.add(now, took)
	} else if f.rtt.now == 0 || took < f.rtt.value() { // it is no longer than that
		f.rtt.add(now, took)
	}
	// The path has the least rate at which each byte could have crossed after it was handed over.
	bytes, busy := 0.0, time.Duration(0)
	for _, m := range fl.marks[:fl.n] {
		size := float64(fl.end - m.sent)
		d := max(now.Sub(f.ready(m))-f.rtt.value(), minBusy/8)
		if busy == 0 || size*float64(busy) > bytes*float64(d) {
			bytes, busy = size, d
		}
	}
	if bytes < minSample {
		return
	}
	if busy < minBusy { // it was too fast to tell
		if busy = minBusy; bytes/busy.Seconds() < f.bytes/f.busy {
			return
		}
	}
	age := min(now.Sub(f.came), rateOver) / 2
	f.bytes, f.busy = f.with(bytes, busy, max(busy, age))
}

// with is what bytes and busy become when a path took size bytes in d, and what was before has faded for so long.
func (f *flow) with(size float64, d, fades time.Duration) (bytes, busy float64) {
	rest := math.Exp(-float64(fades) / float64(rateOver))
	return f.bytes*rest + size, f.busy*rest + d.Seconds()
}

// ready is when what was handed over at m could begin to cross.
func (f *flow) ready(m mark) time.Time {
	if free := f.came.Add(-f.rtt.value()); free.After(m.at) {
		return free
	}
	return m.at
}

// rate is how many bytes the path takes in a second; 0: unknown.
func (f *flow) rate(now time.Time) float64 {
	bytes, busy := f.bytes, f.busy
	if busy > 0 && len(f.flights) > 0 && f.flights[0].n > 0 { // what has not arrived yet makes it no better
		fl := &f.flights[0]
		if late := now.Sub(f.ready(fl.marks[0])) - f.rtt.value(); late > lateBy {
			if size := max(float64(fl.end-fl.start()), minSample); size/late.Seconds() < bytes/busy {
				bytes, busy = f.with(size, late, late)
			}
		}
	}
	if busy == 0 {
		return 0
	}
	return bytes / busy
}

// over is how many bytes the path takes in d; rate is known.
func over(rate float64, d time.Duration) int64 { return int64(rate * d.Seconds()) }

// open tells whether an update may be begun: the path is about to be free. fenced says that the viewer answers fences;
// the updates of others are answers to their requests, so no more than one is on its way.
func (f *flow) open(now time.Time, fenced bool) bool {
	switch rate := f.rate(now); {
	case !fenced || len(f.flights) == 0:
		return true
	case f.drains(now) || len(f.flights) >= maxFlights-1: // one for a look at the way
		return false
	case rate == 0:
		return f.flying() < firstFlying
	default:
		return f.free(rate).Sub(now) <= slack && f.flying() <= f.most(now, rate)
	}
}

// busyAt tells whether the path is still taking what was handed over.
func (f *flow) busyAt(now time.Time) bool {
	rate := f.rate(now)
	return len(f.flights) > 0 && rate > 0 && f.free(rate).After(now)
}

// free is when the path will have taken all that was handed over.
func (f *flow) free(rate float64) time.Time {
	t := f.came.Add(-f.rtt.value())
	for i := range f.flights {
		fl := &f.flights[i]
		if fl.marks[0].at.After(t) {
			t = fl.marks[0].at
		}
		t = t.Add(time.Duration(float64(fl.end-fl.start()) / rate * float64(time.Second)))
	}
	return t
}

// opens is how long it takes until the path is open without a further answer; 0: it is, or an answer is needed.
func (f *flow) opens(now time.Time) time.Duration {
	rate := f.rate(now)
	if rate == 0 || len(f.flights) == 0 {
		return 0
	}
	return max(0, f.free(rate).Sub(now)-slack)
}

// most is how many bytes are let on their way without an answer.
func (f *flow) most(now time.Time, rate float64) int64 {
	return over(rate, f.rtt.value()+slack) + min(f.room(now), boundless)
}

// overtakes tells whether the echo of what was typed may be sent although the path is not free.
func (f *flow) overtakes(now time.Time) bool {
	rate := f.rate(now)
	return rate > 0 && f.types(now) && !f.drains(now) && len(f.flights) < maxFlights-1 &&
		f.flying() <= f.most(now, rate)+echoSize
}

// types tells whether somebody is typing or pointing, and looks at what comes of it.
func (f *flow) types(now time.Time) bool { return now.Sub(f.typed) <= typedFor }

// drains tells whether the path is to run dry, for a clean look at how long it is.
func (f *flow) drains(now time.Time) bool { return !f.clean.IsZero() && now.Sub(f.clean) > drainAfter }

// looks tells whether it is time for a look at the way, which is clean now.
func (f *flow) looks(now time.Time) bool { return len(f.flights) == 0 && now.Sub(f.clean) > lookAfter }

// room is how many bytes an update that is begun now may have.
func (f *flow) room(now time.Time) int64 {
	rate := f.rate(now)
	if rate == 0 {
		return firstRoom
	}
	if over(rate, frameFor) >= boundless {
		return math.MaxInt64
	}
	rtt := f.rtt.value()
	if f.types(now) {
		return over(rate, max(typeFor, rtt/2))
	}
	return over(rate, max(frameFor, rtt))
}
