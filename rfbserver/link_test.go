package rfbserver

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// path is what a link does to the bytes that go one way: it takes rate of them a second, holds as many as wait for that, up
// to queue, and delivers each a delay later.
type path struct {
	delay time.Duration
	queue int

	mu      sync.Mutex
	changed sync.Cond
	rate    float64 // bytes a second
	free    time.Time
	chunks  []chunk
	waiting int // bytes that the link has not taken yet
	most    int // that ever waited
	closed  bool
	limit   time.Time // of writing
}

// chunk is some bytes on their way, and when they come.
type chunk struct {
	b    []byte
	left time.Time // the queue
	at   time.Time // the other end
}

// mtu is how many bytes are on the link at a time.
const mtu = 1400

func newPath(rate float64, delay time.Duration, queue int) *path {
	p := &path{delay: delay, queue: queue, rate: rate}
	p.changed.L = &p.mu
	return p
}

func (p *path) write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(b) > 0 {
		for p.settle(time.Now()); p.waiting > p.queue && !p.closed; p.settle(time.Now()) {
			next := time.Until(p.chunks[p.first()].left)
			if !p.limit.IsZero() && time.Until(p.limit) < next {
				return n, os.ErrDeadlineExceeded
			}
			p.mu.Unlock()
			time.Sleep(next)
			p.mu.Lock()
		}
		if p.closed {
			return n, net.ErrClosed
		}
		part := b[:min(len(b), mtu)]
		b = b[len(part):]
		n += len(part)
		if now := time.Now(); p.free.Before(now) {
			p.free = now
		}
		p.free = p.free.Add(time.Duration(float64(len(part)) / p.rate * float64(time.Second)))
		p.chunks = append(p.chunks, chunk{append([]byte(nil), part...), p.free, p.free.Add(p.delay)})
		p.waiting += len(part)
		p.most = max(p.most, p.waiting)
		p.changed.Broadcast()
	}
	return n, nil
}

// first is the first chunk that is still in the queue.
func (p *path) first() int {
	now := time.Now()
	for i, c := range p.chunks {
		if c.left.After(now) {
			return i
		}
	}
	return len(p.chunks) - 1
}

// settle counts what waits.
func (p *path) settle(now time.Time) {
	p.waiting = 0
	for _, c := range p.chunks {
		if c.left.After(now) {
			p.waiting += len(c.b)
		}
	}
}

func (p *path) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if len(p.chunks) == 0 {
			if p.closed {
				return 0, io.EOF
			}
			p.changed.Wait()
			continue
		}
		head := &p.chunks[0]
		if wait := time.Until(head.at); wait > 0 {
			p.mu.Unlock()
			time.Sleep(wait)
			p.mu.Lock()
			continue
		}
		n := copy(b, head.b)
		if head.b = head.b[n:]; len(head.b) == 0 {
			p.chunks = p.chunks[1:]
		}
		return n, nil
	}
}

func (p *path) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
}

// end is one end of a link.
type end struct{ in, out *path }

// link connects two ends: rate bytes a second, rtt there and back, and queue bytes of room where they wait, as there is in
// routers and in the kernels of both ends.
func link(rate float64, rtt time.Duration, queue int) (near, far end) {
	there, back := newPath(rate, rtt/2, queue), newPath(rate, rtt/2, queue)
	return end{back, there}, end{there, back}
}

func (e end) Read(b []byte) (int, error)  { return e.in.read(b) }
func (e end) Write(b []byte) (int, error) { return e.out.write(b) }
func (e end) Close() error                { e.in.close(); e.out.close(); return nil }

func (e end) SetWriteDeadline(t time.Time) error {
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	e.out.limit = t
	return nil
}

func (e end) SetDeadline(t time.Time) error   { return e.SetWriteDeadline(t) }
func (e end) SetReadDeadline(time.Time) error { return nil }
func (e end) LocalAddr() net.Addr             { return &net.TCPAddr{} }
func (e end) RemoteAddr() net.Addr            { return &net.TCPAddr{} }
