package p2p

import (
	"sync/atomic"

	"sixgate/p2p/resume"
)

// Traffic is how many bytes of a call's channels this end has sent and received.
type Traffic struct{ Sent, Received uint64 }

// traffic counts them.
type traffic struct{ sent, received atomic.Uint64 }

func (t *traffic) now() Traffic { return Traffic{t.sent.Load(), t.received.Load()} }

// Traffic is what has passed through the relay, and directly. The talk of the two ends does not count: a call that rests has none.
func (c *Call) Traffic() (relayed, direct Traffic) { return c.relayed.now(), c.direct.now() }

// counted counts what passes on a channel's stream.
func (c *Call) counted(ch *channel, s resume.Stream, on carrier) resume.Stream {
	switch {
	case ch == c.control:
		return s
	case on.Relayed():
		return countedStream{s, &c.relayed}
	}
	return countedStream{s, &c.direct}
}

type countedStream struct {
	resume.Stream
	passed *traffic
}

func (s countedStream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	s.passed.received.Add(uint64(n))
	return n, err
}

func (s countedStream) Write(b []byte) (int, error) {
	n, err := s.Stream.Write(b)
	s.passed.sent.Add(uint64(n))
	return n, err
}
