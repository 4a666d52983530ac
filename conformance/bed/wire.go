//go:build linux

package bed

import (
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Line is what a machine's line to the internet does to what passes. The zero Line is fast, short and perfect.
type Line struct {
	Delay time.Duration // one way
	Rate  int           // bytes a second, each way; 0: no limit
	Loss  float64       // how much of what passes is lost, each way: 0.01 is one packet in a hundred
	Cut   bool          // all is lost, and neither end is told
}

const (
	frameMost = 1514                   // the longest frame
	inFlight  = 8192                   // frames on their way in one direction; whoever sends more waits
	queued    = 100 * time.Millisecond // what a line of a limited rate holds before it drops
)

type mac [6]byte

// wire is the switch that all lines meet in.
type wire struct {
	mu      sync.RWMutex
	ports   map[*port]struct{}
	seen    map[mac]*port // where who sent from that address last is
	running sync.WaitGroup
}

// port is one end of a line, at the switch.
type port struct {
	tap  *os.File
	line atomic.Pointer[Line]
	up   lane // from the machine
	down lane // to it
}

// frame is an Ethernet frame on its way.
type frame struct {
	due   time.Time
	bytes []byte
}

// lane is one direction of a line.
type lane struct {
	way chan frame

	mu   sync.Mutex
	free time.Time // when the bottleneck is
}

// plug attaches a machine.
func (w *wire) plug(tap *os.File, l Line) *port {
	p := &port{tap: tap, up: lane{way: make(chan frame, inFlight)}, down: lane{way: make(chan frame, inFlight)}}
	p.line.Store(&l)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ports == nil {
		w.ports, w.seen = make(map[*port]struct{}), make(map[mac]*port)
	}
	w.ports[p] = struct{}{}
	w.running.Go(p.read)
	w.running.Go(func() { p.up.carry(func(b []byte) { w.deliver(p, b) }) })
	w.running.Go(func() { p.down.carry(func(b []byte) { p.tap.Write(b) }) })
	return p
}

// unplug takes a machine off. Others may still be sending to it, so what they send is no longer taken away.
func (w *wire) unplug(p *port) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, in := w.ports[p]; !in {
		return
	}
	delete(w.ports, p)
	maps.DeleteFunc(w.seen, func(_ mac, at *port) bool { return at == p })
	p.tap.Close()
	close(p.down.way)
}

// close takes all machines off, and waits until nothing runs.
func (w *wire) close() {
	w.mu.RLock()
	ports := maps.Clone(w.ports)
	w.mu.RUnlock()
	for p := range ports {
		w.unplug(p)
	}
	w.running.Wait()
}

// read takes what the machine sends until its interface is closed.
func (p *port) read() {
	defer close(p.up.way)
	for {
		b := make([]byte, frameMost)
		n, err := p.tap.Read(b)
		if err != nil {
			return
		}
		p.up.send(p.line.Load(), b[:n])
	}
}

// deliver brings a frame to where its address was seen, or else to all others.
func (w *wire) deliver(from *port, b []byte) {
	if len(b) < 14 {
		return
	}
	to, sender := mac(b[:6]), mac(b[6:12])
	w.mu.RLock()
	known := w.seen[sender] == from
	w.mu.RUnlock()
	if !known {
		w.mu.Lock()
		if _, in := w.ports[from]; in {
			w.seen[sender] = from
		}
		w.mu.Unlock()
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if at := w.seen[to]; at != nil {
		at.down.send(at.line.Load(), b)
		return
	}
	for p := range w.ports {
		if p != from {
			p.down.send(p.line.Load(), b)
		}
	}
}

// send puts a frame on its way, unless the line loses it.
func (l *lane) send(line *Line, b []byte) {
	if line.Cut || line.Loss > 0 && rand.Float64() < line.Loss {
		return
	}
	if due, ok := l.due(line, len(b)); ok {
		l.way <- frame{due, b}
	}
}

// due is when n bytes that are sent now arrive. A line of a limited rate drops them when too many wait.
func (l *lane) due(line *Line, n int) (time.Time, bool) {
	now := time.Now()
	if line.Rate == 0 {
		return now.Add(line.Delay), true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	if l.free.Sub(now) > queued {
		return time.Time{}, false
	}
	l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(line.Rate))
	return l.free.Add(line.Delay), true
}

// carry hands the frames on when they are due, until the lane is closed.
func (l *lane) carry(arrive func([]byte)) {
	for f := range l.way {
		time.Sleep(time.Until(f.due))
		arrive(f.bytes)
	}
}
