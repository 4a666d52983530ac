package resume

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// receive reads a's stream until a ends.
func (c *Conn) receive(a *ride) {
	for {
		h, value, err := readHead(a.s)
		if err == nil && !a.begun && h.kind != from {
			err = wrong("kind %d, %d bytes, before a stream begins", h.kind, h.size)
		} else if err == nil && h.kind == data {
			err = c.receiveData(a, h.size)
		} else if err == nil {
			err = c.heed(a, h.kind, value)
		}
		if err == nil {
			continue
		}
		if _, ok := errors.AsType[ResetError](err); ok {
			c.Fail(err)
		} else if errors.Is(err, errFrame) {
			c.fail(err, true) // who sends says so, and ends the ride
			return
		}
		c.part(a)
		return
	}
}

// wrong is what an honest end does not say.
func wrong(format string, values ...any) error {
	return fmt.Errorf("%w: %s", errFrame, fmt.Sprintf(format, values...))
}

// receiveData reads n bytes to where the program finds them.
func (c *Conn) receiveData(a *ride, n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch fresh := n - int(min(a.again, uint64(n))); {
	case !c.reads(a): // nor is it wrong
	case fresh > 0 && c.ended:
		return wrong("%d bytes after the end", fresh)
	case c.in.size+fresh > c.Window:
		return wrong("%d bytes where %d have not been read", fresh, c.in.size)
	}
	for n > 0 {
		if !c.reads(a) {
			return io.ErrClosedPipe
		}
		free := c.in.free()
		free = free[:min(n, len(free))]
		if a.again > 0 {
			free = free[:min(a.again, uint64(len(free)))]
		}
		c.in.lend(c.in.size)
		c.mu.Unlock()
		got, err := a.s.Read(free)
		c.mu.Lock()
		c.turn.Broadcast()
		if c.done {
			c.in.give()
			return io.ErrClosedPipe
		}
		if got > 0 {
			a.heard = time.Now()
			n -= got
			c.arrived(a, got)
		}
		c.in.give()
		if err != nil && n > 0 {
			return err
		}
	}
	return nil
}

// arrived notes n bytes behind those that have not been read, unless they have come before. The caller holds mu.
func (c *Conn) arrived(a *ride, n int) {
	if a.again > 0 {
		a.again -= uint64(n)
		c.sendable.Signal()
		return
	}
	c.in.size += n
	c.got += uint64(n)
	if c.closed {
		c.skip()
		c.sendable.Signal()
	}
	c.readable.Signal()
}

// heed does what a frame without data says.
func (c *Conn) heed(a *ride, k kind, value uint64) error {
	measured := false
	c.mu.Lock()
	if !c.reads(a) && (k != from || c.on != a) {
		c.mu.Unlock()
		return io.ErrClosedPipe
	}
	a.heard = time.Now()
	var err error
	var left []Stream
	switch k {
	case from:
		left, err = c.begin(a, value)
	case ack:
		err = c.heedAck(value)
	case end:
		err = c.heedEnd(a)
	case stop:
		c.deaf = true
		c.writable.Broadcast()
	case reset:
		err = ResetError{byte(value)}
	case ping:
		a.pong, a.pongDue = value, true
	case pong:
		if value == a.pinged && !a.pingedAt.IsZero() {
			measured = a.rtt == 0
			a.rtt = max(time.Since(a.pingedAt), 1)
			a.pingedAt = time.Time{}
		}
	}
	if err == nil {
		c.settle()
	}
	c.sendable.Signal()
	c.mu.Unlock()
	each(left, Stream.Close)
	if measured {
		c.Changed()
	}
	return err
}

func (c *Conn) heedEnd(a *ride) error {
	switch {
	case c.ended && a.again == 1:
		a.again = 0
		return nil
	case c.ended || a.again > 0:
		return wrong("two ends, or one too early")
	}
	c.ended, c.tell = true, true
	c.got++
	c.readable.Broadcast()
	c.turn.Broadcast()
	return nil
}

func (c *Conn) heedAck(to uint64) error {
	if c.err != nil { // nothing is kept any more
		return nil
	}
	if to < c.acked || to > c.next {
		return wrong("position %d acknowledged: %d was before, and %d was sent", to, c.acked, c.next)
	}
	c.out.drop(int(min(to, c.written) - min(c.acked, c.written)))
	c.acked = to
	c.writable.Broadcast()
	return nil
}
