package resume

import (
	"errors"
	"io"
	"sync"
)

var errCut = errors.New("the wire was cut")

// wire is buffered bytes both ways between two ends. It breaks when one way has carried as many as it may; what is under way
// then arrives, or is lost.
type wire struct {
	mu    sync.Mutex
	wake  sync.Cond
	ways  [2]way
	cut   bool
	loses bool
}

type way struct {
	bytes []byte
	left  int  // until the cut
	over  bool // closed
}

const endless = 1 << 60

func newWire(left0, left1 int, loses bool) *wire {
	w := &wire{loses: loses}
	w.wake.L = &w.mu
	w.ways[0].left, w.ways[1].left = left0, left1
	return w
}

func (w *wire) ends() (a, b wireEnd) { return wireEnd{w, 0, nil}, wireEnd{w, 1, nil} }

// wireEnd writes to one way, and reads the other.
type wireEnd struct {
	*wire
	out   int
	delay func() // before each read
}

func (e wireEnd) Read(p []byte) (int, error) {
	if e.delay != nil {
		e.delay()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	in := &e.ways[1-e.out]
	for !e.cut && len(in.bytes) == 0 && !in.over {
		e.wake.Wait()
	}
	switch {
	case len(in.bytes) > 0 && !(e.cut && e.loses):
		n := copy(p, in.bytes)
		in.bytes = in.bytes[n:]
		return n, nil
	case e.cut:
		return 0, errCut
	}
	return 0, io.EOF
}

func (e wireEnd) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.wake.Broadcast()
	out := &e.ways[e.out]
	if e.cut || out.over {
		return 0, errCut
	}
	n := min(len(p), out.left)
	out.bytes = append(out.bytes, p[:n]...)
	if out.left -= n; out.left == 0 {
		e.cut = true
	}
	if n < len(p) {
		return n, errCut
	}
	return n, nil
}

func (e wireEnd) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ways[e.out].over = true
	e.wake.Broadcast()
	return nil
}

func (e wireEnd) Reset() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cut, e.loses = true, true
	e.wake.Broadcast()
	return nil
}
