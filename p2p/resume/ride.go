package resume

import (
	"fmt"
	"io"
	"time"
)

// ride is a Conn's time on one stream. One goroutine sends and one receives; what is in it is the Conn's mu's.
type ride struct {
	s        Stream
	farewell bool // the Conn was reset: the other end is to know

	said  bool   // from has been sent
	sent  bool   // nothing more is sent
	begun bool   // from has come
	read  bool   // nothing more is read
	again uint64 // how many positions still come for the second time

	heard    time.Time
	pinged   uint64 // the last ping's number
	pingedAt time.Time
	pingDue  bool
	pong     uint64 // the number of the last ping that came
	pongDue  bool
	stopped  bool // stop has been sent
	rtt      time.Duration
}

// turnFor is how long what is under way on the old stream may take. After that it is sent again.
const turnFor = 2 * time.Second

// Got is the position that has arrived, and whether there is a stream on which more may.
func (c *Conn) Got() (got uint64, attached bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got, c.on != nil
}

// Attach goes on with s, of which nothing was read and nothing written that is not the owner's; theirs is the position that
// had arrived at the other end when it was asked. It takes s over, also where it returns an error. It is called by one at a
// time, and the first time with 0.
//
// Where beside is set, both ends said that they had a stream. Each then goes on with the next byte on the new one, and reads
// the old one up to where the other did: nothing waits, and nothing is sent twice. Otherwise the old one is left at once.
func (c *Conn) Attach(s Stream, theirs uint64, beside bool) error {
	c.mu.Lock()
	var left []Stream
	if !beside || c.old != nil {
		left = c.leave()
	}
	c.mu.Unlock()
	each(left, Stream.Reset)
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.running > 0 && c.on == nil { // who still ends may use the blocks that come next
		c.turn.Wait()
	}
	switch {
	case c.done:
		s.Reset()
		return c.err
	case theirs > c.offered:
		s.Reset()
		return fmt.Errorf("%w: it has got %d of %d bytes", errFrame, theirs, c.offered)
	}
	a := &ride{s: s, heard: time.Now()}
	if old := c.on; old != nil {
		time.AfterFunc(turnFor, func() { c.hurry(old) })
	} else {
		c.next = max(theirs, c.acked)
	}
	if c.lonely != nil {
		c.lonely.Stop()
	}
	c.on, c.old, c.last = a, c.on, a
	c.told, c.tell = 0, c.got > 0
	c.running += 2
	c.sendable.Broadcast()
	go c.run(c.send, a, &a.sent)
	go c.run(c.receive, a, &a.read)
	return nil
}

// run does one way's work on a.
func (c *Conn) run(work func(*ride), a *ride, over *bool) {
	work(a)
	c.mu.Lock()
	*over = true
	c.running--
	c.turn.Broadcast()
	left := c.retire()
	c.mu.Unlock()
	each(left, Stream.Close)
}

// retire takes leave of the old stream when both ways have; the caller holds mu, and closes it.
func (c *Conn) retire() (left []Stream) {
	if old := c.old; old != nil && old.sent && old.read {
		left = append(left, old.s)
		c.old = nil
	}
	return left
}

func each(streams []Stream, do func(Stream) error) {
	for _, s := range streams {
		do(s)
	}
}

// hurry breaks an old stream that is still used.
func (c *Conn) hurry(old *ride) {
	c.mu.Lock()
	used := !old.sent || !old.read
	c.mu.Unlock()
	if used {
		old.s.Reset()
	}
}

// reads reports whether it is a's turn to receive. The caller holds mu.
func (c *Conn) reads(a *ride) bool {
	if c.old != nil && !c.old.read {
		return a == c.old
	}
	return a == c.on
}

// begin goes on at position at, where the other end begins on a's stream, when everything before that has come on the old one.
// It returns the old one where nothing is needed of it any more. The caller holds mu.
func (c *Conn) begin(a *ride, at uint64) (left []Stream, err error) {
	if window := uint64(c.Window) + 1; a.begun || at > c.got+window || at < c.got && c.got-at > window { // the end is one
		return nil, wrong("a stream goes on at position %d, where %d have come", at, c.got)
	}
	for c.on == a && !c.reads(a) && c.got < at {
		c.turn.Wait()
	}
	if c.on == a && c.in.lent != nil { // the old one brings what has come already
		old := c.old.s
		c.mu.Unlock()
		old.Reset()
		c.mu.Lock()
		for c.on == a && c.in.lent != nil {
			c.turn.Wait()
		}
	}
	if c.on != a && !c.reads(a) || c.got < at {
		return nil, io.ErrUnexpectedEOF // both ends tell each other anew
	}
	a.begun, a.again = true, c.got-at
	if c.on == a && c.old != nil {
		c.old.read = true
	}
	return c.retire(), nil
}

// leave is the moment when there is no stream any more. The caller holds mu, and ends those that there were.
func (c *Conn) leave() (left []Stream) {
	if c.on == nil {
		return nil
	}
	left = []Stream{c.on.s}
	if c.old != nil {
		left = append(left, c.old.s)
	}
	c.on, c.old = nil, nil
	c.sendable.Broadcast()
	c.turn.Broadcast()
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
	return left
}

// part ends a, whose stream is broken or not needed any more.
func (c *Conn) part(a *ride) {
	c.mu.Lock()
	if c.on != a { // an old one has nothing to say
		c.mu.Unlock()
		return
	}
	left, end := c.leave(), Stream.Reset
	if c.done { // the last words are on their way
		end = Stream.Close
	}
	c.mu.Unlock()
	each(left, end)
	c.Changed()
}

// Wait waits until nothing of the Conn runs. It is for Conns that are done.
func (c *Conn) Wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.running > 0 {
		c.turn.Wait()
	}
}

// Attached reports whether there is a stream.
func (c *Conn) Attached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.on != nil
}

// Unread reports whether something has arrived that the program has not read.
func (c *Conn) Unread() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in.size > 0
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
