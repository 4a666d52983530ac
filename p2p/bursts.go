package p2p

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// yamux writes each frame by itself: the one that opens a stream, and then the first that uses it. Each became a message of Noise and
// a packet, and a proxy that has Nagle's algorithm on, as most have, keeps the second until the first is acknowledged, for a round trip
// and 40 ms. So while a session begins, what is written within burstFor leaves together. Later it would cost more than it gains.
const (
	burstFor   = 100 * time.Microsecond
	burstSize  = 4 << 10  // more leaves at once
	burstsUpTo = 64 << 10 // bytes of a connection
)

// burstMuxer has another's frames leave in bursts.
type burstMuxer struct{ network.Multiplexer }

func (m burstMuxer) NewConn(c net.Conn, isServer bool, scope network.PeerScope) (network.MuxedConn, error) {
	return m.Multiplexer.NewConn(&bursts{Conn: c}, isServer, scope)
}

type bursts struct {
	net.Conn
	carried atomic.Int64 // bytes, both ways
	over    bool         // more than burstsUpTo; of the only writer

	mu    sync.Mutex
	held  []byte
	timer *time.Timer // runs while something is held
	err   error       // of what was sent later than it was written
}

func (c *bursts) Write(b []byte) (int, error) {
	if c.over {
		return c.Conn.Write(b)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = c.carried.Add(int64(len(b))) > burstsUpTo
	if len(c.held)+len(b) >= burstSize || c.over {
		if err := c.send(); err != nil {
			return 0, err
		}
		return c.Conn.Write(b)
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(burstFor, c.flush)
	} else if len(c.held) == 0 {
		c.timer.Reset(burstFor)
	}
	c.held = append(c.held, b...)
	return len(b), c.err
}

func (c *bursts) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.carried.Add(int64(n))
	return n, err
}

func (c *bursts) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.send()
}

// send sends what is held. c.mu is held.
func (c *bursts) send() error {
	if len(c.held) > 0 && c.err == nil {
		_, c.err = c.Conn.Write(c.held)
	}
	c.held = c.held[:0]
	return c.err
}

// Close sends what is held, unless something is stuck.
func (c *bursts) Close() error {
	if c.mu.TryLock() {
		c.send()
		c.mu.Unlock()
	}
	return c.Conn.Close()
}
