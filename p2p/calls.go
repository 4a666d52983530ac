package p2p

import (
	"maps"
	"slices"
	"sync"

	"sixgate/session"
)

// calls are the calls that run on one node.
type calls struct {
	mu      sync.Mutex
	open    map[*Call]struct{}
	closing bool
	running sync.WaitGroup
}

// start runs c, and after when it has ended. It refuses when the node is closing.
func (cs *calls) start(c *Call, after func()) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closing {
		return false
	}
	if cs.open == nil {
		cs.open = make(map[*Call]struct{})
	}
	cs.open[c] = struct{}{}
	cs.running.Go(func() {
		c.run()
		cs.mu.Lock()
		delete(cs.open, c)
		cs.mu.Unlock()
		after()
	})
	return true
}

// end ends all calls and waits for them.
func (cs *calls) end(reason session.Reason) {
	cs.mu.Lock()
	var open []*Call
	if !cs.closing {
		open = slices.Collect(maps.Keys(cs.open))
	}
	cs.closing = true
	cs.mu.Unlock()
	var ending sync.WaitGroup // another who closes the node may be waiting for running already
	for _, c := range open {
		ending.Go(func() {
			c.End(reason)
			if !c.host {
				close(c.closing)
			}
		})
	}
	ending.Wait()
	cs.running.Wait()
}

// poke has the calls see whether there is another connection.
func (cs *calls) poke() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		c.poke()
	}
}
