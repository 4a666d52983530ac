package resume

import (
	"fmt"
	"sync"
	"time"
)

// ride is a Conn's time on one stream. One goroutine sends and one receives; what is in it is the Conn's mu's.
type ride struct {
	s        Stream
	over     sync.WaitGroup
	farewell bool // the Conn was reset: the other end is to know

	heard    time.Time
	pinged   uint64 // the last ping's number
	pingedAt time.Time
	pingDue  bool
	pong     uint64 // the number of the last ping that came
	pongDue  bool
	stopped  bool // stop has been sent
	rtt      time.Duration
}

// Detach leaves the stream, if there is one, and returns the position that has arrived. What still comes there is not read.
func (c *Conn) Detach() (got uint64) {
	c.mu.Lock()
	a := c.on
	if a != nil {
		c.leave(a)
	}
	got = c.got
	c.mu.Unlock()
	if a != nil {
		a.s.Reset()
	}
	return got
}

// Attach goes on with s, of which nothing was read and nothing written that is not the owner's; theirs is the position that
// has arrived at the other end. It takes s over, also where it returns an error. It is called by one at a time, and the first
// time with 0.
func (c *Conn) Attach(s Stream, theirs uint64) error {
	c.Detach()
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil { // it may use the blocks that come next
		last.over.Wait()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.done:
		s.Reset()
		return c.err
	case theirs < c.acked || theirs > c.offered:
		s.Reset()
		return fmt.Errorf("%w: it has got %d of %d bytes, and had read %d", errFrame, theirs, c.offered, c.acked)
	}
	if c.lonely != nil {
		c.lonely.Stop()
	}
	a := &ride{s: s, heard: time.Now()}
	c.on, c.last = a, a
	c.next, c.told, c.tell = theirs, 0, c.got > 0
	a.over.Go(func() { c.send(a) })
	a.over.Go(func() { c.receive(a) })
	return nil
}

// leave is the moment when a ends. The caller holds mu, and resets the stream then.
func (c *Conn) leave(a *ride) {
	if c.on != a {
		return
	}
	c.on = nil
	c.sendable.Broadcast()
	if !c.done {
		var lonely *time.Timer
		lonely = time.AfterFunc(PatienceFor, func() {
			c.mu.Lock()
			lost := c.on == nil && c.lonely == lonely
			c.mu.Unlock()
			if lost {
				c.Fail(ErrLost)
			}
		})
		c.lonely = lonely
	}
}

// part ends a, whose stream is broken or not needed any more.
func (c *Conn) part(a *ride) {
	c.mu.Lock()
	mine, done := c.on == a, c.done
	c.leave(a)
	c.mu.Unlock()
	if done { // the last words are on their way
		a.s.Close()
	} else {
		a.s.Reset()
	}
	if mine {
		c.Changed()
	}
}

// Wait waits until nothing of the Conn runs. It is for Conns that are done and such that were detached.
func (c *Conn) Wait() {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil {
		last.over.Wait()
	}
}

// Attached reports whether there is a stream.
func (c *Conn) Attached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.on != nil
}

// Done is closed when no stream is needed any more: both ends have had everything, or the channel is broken.
func (c *Conn) Done() <-chan struct{} { return c.over }

// Over reports whether Done is closed.
func (c *Conn) Over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// Err is why the channel is broken for good; nil while it is not.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Ping has the other end answer, which shows that it lives, and how long the way takes.
func (c *Conn) Ping() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.on; a != nil && !a.pingDue {
		a.pingDue = true
		c.sendable.Signal()
	}
}

// Heard is when something last came on the stream there is, and how long a round trip takes on it: 0 until that is known.
// Without a stream it is the zero time.
func (c *Conn) Heard() (at time.Time, rtt time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.on == nil {
		return time.Time{}, 0
	}
	return c.on.heard, c.on.rtt
}

// LastHeard is when something last came, also on a stream that is gone; the zero time before there was one.
func (c *Conn) LastHeard() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return time.Time{}
	}
	return c.last.heard
}
