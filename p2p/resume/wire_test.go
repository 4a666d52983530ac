package resume

import (
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

var errCut = errors.New("the wire was cut")

// wire is buffered bytes both ways between two ends. It breaks when one way has carried as many as it may; what is under way
// then arrives, or is lost.
type wire struct {
	lag time.Duration // that bytes are under way

	mu     sync.Mutex
	wake   sync.Cond
	ways   [2]way
	cut    bool
	loses  bool
	moveAt int           // when the first way has carried so many bytes, 0: never …
	move   chan struct{} // … there is something here
}

type way struct {
	flying  []func() // what arrives, in its order
	bytes   []byte
	carried int
	left    int  // until the cut
	over    bool // closed
	deaf    bool // closed by who reads
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
	for !e.cut && len(in.bytes) == 0 && !in.over && !in.deaf {
		e.wake.Wait()
	}
	switch {
	case in.deaf:
		return 0, errCut
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
	if e.cut || out.over || out.deaf {
		return 0, errCut
	}
	n := min(len(p), out.left)
	sent := slices.Clone(p[:n])
	e.fly(out, func() { out.bytes = append(out.bytes, sent...) })
	if out.left -= n; out.left == 0 {
		e.cut = true
	}
	if out.carried += n; e.moveAt > 0 && e.ways[0].carried >= e.moveAt {
		e.moveAt = 0
		wake(e.move)
	}
	if n < len(p) {
		return n, errCut
	}
	return n, nil
}

// fly has something arrive at the end of a way. The caller holds mu.
func (w *wire) fly(on *way, arrives func()) {
	if w.lag == 0 {
		arrives()
		return
	}
	on.flying = append(on.flying, arrives)
	time.AfterFunc(w.lag, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		on.flying[0]()
		on.flying = on.flying[1:]
		w.wake.Broadcast()
	})
}

func (e wireEnd) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := &e.ways[e.out]
	e.fly(out, func() { out.over = true })
	e.ways[1-e.out].deaf = true
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
