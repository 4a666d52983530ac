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
		if err == nil && h.kind == data {
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
	switch {
	case c.ended:
		c.mu.Unlock()
		return wrong("%d bytes after the end", n)
	case c.in.size+n > c.Window:
		c.mu.Unlock()
		return wrong("%d bytes where %d have not been read", n, c.in.size)
	}
	for n > 0 {
		if c.on != a {
			c.mu.Unlock()
			return io.ErrClosedPipe
		}
		free := c.in.free()
		c.in.lend(c.in.size)
		c.mu.Unlock()
		got, err := a.s.Read(free[:min(n, len(free))])
		c.mu.Lock()
		if c.on != a || c.done {
			c.in.give()
			c.mu.Unlock()
			return io.ErrClosedPipe
		}
		if got > 0 {
			a.heard = time.Now()
			c.in.size += got
			c.got += uint64(got)
			n -= got
			if c.closed {
				c.skip()
				c.sendable.Signal()
			}
			c.readable.Signal()
		}
		c.in.give()
		if err != nil && n > 0 {
			c.mu.Unlock()
			return err
		}
	}
	c.mu.Unlock()
	return nil
}

// heed does what a frame without data says.
func (c *Conn) heed(a *ride, k kind, value uint64) error {
	measured := false
	c.mu.Lock()
	if c.on != a {
		c.mu.Unlock()
		return io.ErrClosedPipe
	}
	a.heard = time.Now()
	var err error
	switch k {
	case ack:
		err = c.heedAck(value)
	case end:
		if c.ended {
			err = wrong("two ends")
			break
		}
		c.ended, c.tell = true, true
		c.got++
		c.readable.Broadcast()
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
	if measured {
		c.Changed()
	}
	return err
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
