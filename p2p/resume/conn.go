// Package resume makes a net.Conn that outlives the streams that carry it: when one breaks, or a better one is there, the
// bytes go on where the other end got to, none lost and none twice.
//
// Each end keeps what it has written until the other end's program has read it, and no more than a window of it: Write
// waits then. So whatever arrives has a place, and who reads slowly, or not at all, costs both ends one window.
//
// Which stream a Conn stands on, and that the other end of it is the right one, is its owner's business: before a new
// stream both ends tell each other how much they have Got, and Attach.
package resume

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Stream carries a Conn for a time. network.Stream of libp2p is one.
type Stream interface {
	io.ReadWriteCloser // Close says that nothing more comes, and reads no more
	Reset() error      // breaks it: whoever reads or writes returns
}

// Window is how many bytes an end may have on their way, and keeps, where Options do not say otherwise.
const Window = 4 << 20

// PatienceFor is how long a Conn may be without a stream.
const PatienceFor = 5 * time.Minute

// What callers branch on.
var (
	ErrLost = errors.New("the connection to the other end has been broken for too long")
	ErrDeaf = errors.New("the other end has closed the channel")
)

// ResetError is why one end has broken the channel.
type ResetError struct{ Reason byte }

func (e ResetError) Error() string { return fmt.Sprintf("the channel was reset (%d)", e.Reason) }

// badFrames is the Reason of an end that was told what cannot be. Owners have the reasons from 1 on.
const badFrames = 0

// Options of both ends are alike.
type Options struct {
	Window        int // 0: Window
	Local, Remote net.Addr
	// Changed is called after the stream has broken, a round trip was measured for the first time on a stream, or the Conn
	// has come to its end. It must not block.
	Changed func()
}

// Conn is one end. A new one has no stream yet.
type Conn struct {
	Options

	mu       sync.Mutex
	readable sync.Cond // as all of them, with mu
	writable sync.Cond
	sendable sync.Cond
	turn     sync.Cond // always Broadcast

	on      *ride         // nil: none
	old     *ride         // the one before, beside which on was attached, until everything on it is said and read
	last    *ride         // the one that was attached last
	running int           // goroutines
	lonely  *time.Timer   // runs since there is no stream
	err     error         // what broke it for good
	done    bool          // both ends have had everything, or err
	over    chan struct{} // closed when done

	in     queue
	got    uint64 // position that has arrived
	taken  uint64 // position that the program has read
	told   uint64 // position that this stream's last ack had
	tell   bool   // an ack is due, however little it says
	ended  bool   // end has arrived
	closed bool   // the program has closed: it reads no more

	out      queue  // written, and not acked
	written  uint64 // position after the program's last byte; end has it
	acked    uint64 // the other end has read so far
	next     uint64 // to be sent on this stream
	offered  uint64 // the furthest that any stream was given
	finished bool   // the program writes no more: end follows out
	deaf     bool   // the other end reads no more

	readBy, writeBy deadline
	writing         bool
}

// New makes one end. It is the owner's to Close or Reset.
func New(o Options) *Conn {
	if o.Window == 0 {
		o.Window = Window
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	c := &Conn{Options: o, over: make(chan struct{})}
	c.readable.L, c.writable.L, c.sendable.L, c.turn.L = &c.mu, &c.mu, &c.mu, &c.mu
	return c
}

// Read reads what has arrived. It waits while there is nothing, also for another stream.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case c.in.size > 0 || len(p) == 0:
			n := c.in.take(p)
			c.taken += uint64(n)
			if c.ackDue() {
				c.sendable.Signal()
			}
			return n, nil
		case c.err != nil:
			return 0, c.err
		case c.ended:
			return 0, io.EOF
		}
		c.readable.Wait()
	}
}

// Write keeps b and has it sent. It waits while a window's bytes have not been read at the other end, also for another
// stream.
func (c *Conn) Write(b []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing { // one after the other
		c.writable.Wait()
	}
	c.writing = true
	defer func() {
		c.writing = false
		c.writable.Broadcast()
	}()
	for {
		switch {
		case c.err != nil:
			return n, c.err
		case c.finished:
			return n, net.ErrClosed
		case c.deaf:
			return n, ErrDeaf
		case c.writeBy.passed:
			return n, os.ErrDeadlineExceeded
		case n == len(b):
			return n, nil
		}
		if free := c.Window - c.out.size; free > 0 {
			more := b[n:min(n+free, len(b))]
			c.out.add(more)
			c.written += uint64(len(more))
			n += len(more)
			c.sendable.Signal()
			if n == len(b) {
				return n, nil
			}
			continue
		}
		c.writable.Wait()
	}
}

// CloseWrite says that no more is written. The other end reads what was, then io.EOF.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return nil
	}
	c.finished = true
	c.writable.Broadcast()
	c.sendable.Signal()
	return c.err
}

// Close says that no more is written or read, and returns. What was written still goes to the other end, as long as that
// reads and there are streams to be had.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed, c.finished = true, true
	c.skip()
	c.readBy.stop()
	c.writeBy.stop()
	c.readable.Broadcast()
	c.writable.Broadcast()
	c.sendable.Signal()
	over := c.settle() && c.on == nil
	c.mu.Unlock()
	if over {
		c.Changed()
	}
	return nil
}

// Reset breaks the channel for both ends; nothing that is under way arrives.
func (c *Conn) Reset(reason byte) { c.fail(ResetError{reason}, true) }

// Fail breaks this end, when the other knows already.
func (c *Conn) Fail(err error) { c.fail(err, false) }

// fail breaks the channel for good, and tells the other end where it should know.
func (c *Conn) fail(err error, tell bool) {
	c.mu.Lock()
	if c.done {
		c.mu.Unlock()
		return
	}
	c.err = err
	var left []Stream
	if tell && c.on != nil {
		c.on.farewell = true
	} else {
		left = c.leave()
	}
	c.finish()
	c.mu.Unlock()
	each(left, Stream.Reset)
	c.Changed()
}

// farewellFor is how long the last words may take.
const farewellFor = 10 * time.Second

// finish lets go of everything; who sends says the last words. The caller holds mu.
func (c *Conn) finish() {
	c.done = true
	close(c.over)
	if c.lonely != nil {
		c.lonely.Stop()
	}
	if a := c.on; a != nil {
		time.AfterFunc(farewellFor, func() { a.s.Reset() })
	}
	if c.err != nil {
		c.in.clear()
		c.out.clear()
	}
	c.readBy.stop()
	c.writeBy.stop()
	c.readable.Broadcast()
	c.writable.Broadcast()
	c.sendable.Broadcast()
}

// settle sees whether both ends have had everything; then no stream is needed any more. The caller holds mu.
func (c *Conn) settle() bool {
	if !c.done && (c.ended || c.closed) && (c.deaf || c.acked > c.written) {
		c.finish()
	}
	return c.done
}

// skip drops what has arrived for a program that reads no more. The caller holds mu.
func (c *Conn) skip() {
	c.taken += uint64(c.in.size)
	c.in.drop(c.in.size)
}

func (c *Conn) LocalAddr() net.Addr  { return c.Local }
func (c *Conn) RemoteAddr() net.Addr { return c.Remote }
