package p2p

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sixgate/p2p/resume"
	"sixgate/session"
)

// cable is a connection between both ends of a call: streams that the bridge opens reach the host.
type cable struct {
	relayed bool
	net     *lan
	lag     time.Duration // that bytes are under way

	mu    sync.Mutex
	ends  []net.Conn
	cut   bool
	mute  bool // what is written is gone, and nobody knows
	count int
}

// lan is where two calls meet.
type lan struct {
	host, bridge *Call
	mu           sync.Mutex
	cables       []*cable
	down         bool          // no new ones
	slept        atomic.Int64  // ns that both computers were asleep
	lag          time.Duration // of cables by relay; others have half of it
}

var errNoCable = errors.New("no cable")

func (c *cable) Relayed() bool { return c.relayed }

// pipe makes a stream.
func (c *cable) pipe() (near, far resume.Stream, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return nil, nil, errNoCable
	}
	c.count++
	a, b := net.Pipe()
	c.ends = append(c.ends, a, b)
	if c.lag > 0 {
		middle := b
		var further net.Conn
		further, b = net.Pipe()
		c.ends = append(c.ends, further, b)
		go carry(further, middle, c.lag)
		go carry(middle, further, c.lag)
	}
	return pipe{a, c}, pipe{b, c}, nil
}

// carry brings bytes from one end to the other, each after lag.
func carry(to, from net.Conn, lag time.Duration) {
	type parcel struct {
		due   time.Time
		bytes []byte
	}
	way := make(chan parcel, 1000)
	go func() {
		defer to.Close()
		for p := range way {
			time.Sleep(time.Until(p.due))
			to.Write(p.bytes)
		}
	}()
	defer close(way)
	for {
		b := make([]byte, 64<<10)
		n, err := from.Read(b)
		if err != nil {
			return
		}
		way <- parcel{time.Now().Add(lag), b[:n]}
	}
}

func (c *cable) open(ctx context.Context, sure bool) (resume.Stream, error) {
	if c.net.host == nil { // a lone bridge's
		return nil, errNoCable
	}
	near, far, err := c.pipe()
	if err == nil {
		go c.net.host.join(context.Background(), far, c)
	}
	return near, err
}

func (c *cable) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for _, end := range c.ends {
		end.Close()
	}
}

// pipe is one end of a net.Pipe on a cable.
type pipe struct {
	net.Conn
	on *cable
}

func (p pipe) Reset() error { return p.Close() }

func (p pipe) Write(b []byte) (int, error) {
	p.on.mu.Lock()
	mute := p.on.mute
	p.on.mu.Unlock()
	if mute {
		return len(b), nil
	}
	return p.Conn.Write(b)
}

// best is the newest cable that holds, and a direct one before others.
func (n *lan) best() carrier {
	n.mu.Lock()
	defer n.mu.Unlock()
	var best *cable
	for _, c := range n.cables {
		c.mu.Lock()
		if !c.cut && (best == nil || best.relayed || !c.relayed) {
			best = c
		}
		c.mu.Unlock()
	}
	if best == nil {
		return nil
	}
	return best
}

// add lays a cable.
func (n *lan) add(relayed bool) *cable {
	n.mu.Lock()
	c := &cable{relayed: relayed, net: n, lag: n.lag}
	if !relayed {
		c.lag /= 2
	}
	n.cables = append(n.cables, c)
	n.mu.Unlock()
	if n.bridge != nil {
		n.bridge.poke()
	}
	return c
}

// mend is a host's.
func (n *lan) mend(_ context.Context, anew bool) error {
	n.mu.Lock()
	down := n.down
	n.mu.Unlock()
	if down {
		return errNoCable
	}
	if n.best() == nil || anew {
		n.add(true)
	}
	return nil
}

func testCall(host bool, n *lan) *Call {
	c := newCall(met{peer: Hello{Name: "the other"}, digits: "4719", key: session.Key{1}}, line{host: host,
		best: n.best, mend: n.mend,
	}, slog.New(slog.DiscardHandler)) // a test's own output takes nothing any more when the test has ended
	began := time.Now() // of the bubble, where there is one
	c.boot = func() time.Duration { return time.Since(began) + time.Duration(n.slept.Load()) }
	return c
}

// ends makes both ends of a call, on one cable.
func ends(t testing.TB) (host, bridge *Call, n *lan) {
	n = new(lan)
	host, bridge = endsOn(t, n)
	return host, bridge, n
}

func endsOn(t testing.TB, n *lan) (host, bridge *Call) {
	n.host, n.bridge = testCall(true, n), testCall(false, n)
	on := n.add(true)
	a, b, _ := on.pipe()
	n.host.begin(a, on)
	n.bridge.begin(b, on)
	var running sync.WaitGroup
	running.Go(n.host.run)
	running.Go(n.bridge.run)
	t.Cleanup(func() {
		n.host.End(session.ByUser)
		n.bridge.End(session.BySupporter)
		close(n.bridge.closing)
		running.Wait()
	})
	return n.host, n.bridge
}

// lone makes one end of a call, and what the other talks with.
func lone(t testing.TB, host bool) (*Call, *resume.Conn) {
	n := &lan{down: true}
	c := testCall(host, n)
	on := n.add(true)
	near, far, _ := on.pipe()
	c.begin(near, on)
	var running sync.WaitGroup
	running.Go(c.run)
	t.Cleanup(func() { // the call has ended
		close(c.closing)
		running.Wait()
	})
	other := resume.New(resume.Options{Window: talkWindow})
	other.Attach(far, 0, false)
	return c, other
}

// awaitBroken waits until a call is broken, or is not any more.
func awaitBroken(t *testing.T, broken bool, calls ...*Call) {
	t.Helper()
	late := time.After(10 * time.Minute)
	for _, c := range calls {
		for c.Broken() != broken {
			select {
			case <-c.Changes():
			case <-late:
				t.Fatalf("still broken: %v", !broken)
			}
		}
	}
}
