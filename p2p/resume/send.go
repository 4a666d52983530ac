package resume

import "time"

// small is what is copied once more to leave in one write with the frames before it.
const small = 8 << 10

// send writes what is due on a's stream, until a ends or there is a new one.
func (c *Conn) send(a *ride) {
	buf := make([]byte, 0, roomSize+small)
	c.mu.Lock()
	for c.on == a && c.old != nil && !c.old.sent { // its last frame is still being written
		c.turn.Wait()
	}
	for {
		for c.on == a && !c.due(a) {
			c.sendable.Wait()
		}
		if c.on != a {
			c.mu.Unlock()
			return
		}
		first, then, last := c.take(a, buf[:0])
		c.mu.Unlock()
		err := write(a.s, first, then)
		c.mu.Lock()
		c.out.give()
		if err != nil || last {
			break
		}
	}
	c.mu.Unlock()
	c.part(a)
}

func write(s Stream, parts ...[]byte) error {
	for _, b := range parts {
		if len(b) > 0 {
			if _, err := s.Write(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// ackDue reports whether the other end should hear how much was read. The caller holds mu, as for the next ones.
func (c *Conn) ackDue() bool {
	return c.acks() && (c.tell || c.read()-c.told >= uint64(max(1, c.Window/16)))
}

// acks reports whether what was read may be acknowledged: what the other end says again has to come first, else it had not said it.
func (c *Conn) acks() bool { return c.on != nil && c.on.begun && c.on.again == 0 }

// read is the position up to which this end needs nothing more.
func (c *Conn) read() uint64 {
	if c.ended { // what has not been read is here, and nothing follows
		return c.got
	}
	return c.taken
}

// due reports whether there is something to send.
func (c *Conn) due(a *ride) bool {
	return c.done || !a.said || a.pongDue || a.pingDue || c.ackDue() || c.closed && !a.stopped || !c.deaf && c.next < c.until()
}

// until is the position after all that is to be sent.
func (c *Conn) until() uint64 {
	if c.finished {
		return c.written + 1
	}
	return c.written
}

// take is what goes out now. Where last is set, nothing follows.
func (c *Conn) take(a *ride, buf []byte) (first, then []byte, last bool) {
	first = c.controls(a, buf)
	if c.done {
		return first, nil, true
	}
	switch {
	case c.deaf || c.next == c.until():
	case c.next < c.written:
		first, then = c.data(first)
	default:
		first = headOf(end).append(first)
		c.next++
	}
	c.offered = max(c.offered, c.next)
	return first, then, false
}

// controls appends the frames that go before data.
func (c *Conn) controls(a *ride, b []byte) []byte {
	if !a.said {
		a.said = true
		b = appendNumber(b, from, c.next)
	}
	if a.farewell {
		reason := byte(badFrames)
		if r, ok := c.err.(ResetError); ok {
			reason = r.Reason
		}
		return append(headOf(reset).append(b), reason)
	}
	if a.pongDue {
		a.pongDue = false
		b = appendNumber(b, pong, a.pong)
	}
	if a.pingDue {
		a.pingDue = false
		a.pinged++
		a.pingedAt = time.Now()
		b = appendNumber(b, ping, a.pinged)
	}
	if read := c.read(); c.acks() && (c.tell || read > c.told) {
		c.told, c.tell = read, false
		b = appendNumber(b, ack, read)
	}
	if c.closed && !a.stopped {
		a.stopped = true
		b = headOf(stop).append(b)
	}
	return b
}

// data is the next bytes with a data frame's head, after the frames in buf. A block's bytes go from where they are.
func (c *Conn) data(buf []byte) (first, then []byte) {
	at := int(c.next - c.acked)
	room, body := c.out.from(at)
	c.next += uint64(len(body))
	buf = head{data, len(body)}.append(buf)
	if room == nil && len(body) <= small {
		return append(buf, body...), nil
	}
	c.out.lend(at)
	if room == nil {
		return buf, body
	}
	start := roomSize - len(buf)
	copy(room[start:], buf)
	return room[start : roomSize+len(body)], nil
}

func headOf(k kind) head { return head{k, lengths[k]} }
