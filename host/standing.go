package host

import (
	"context"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// waitFor is how long a broken connection may take to come back before the end user is told: most are back sooner.
const waitFor = time.Second

// State is how the session stands on the network: Relayed, Direct or Broken.
func (c *Consent) State() session.State { return session.State(c.state.Load()) }

// stateOf is State for a call that is not broken.
func stateOf(call *p2p.Call) session.State {
	if relay, _ := call.Path(); relay {
		return session.Relayed
	}
	return session.Direct
}

// follow keeps State true until ctx ends, and tells both people.
func (h Host) follow(ctx context.Context, call *p2p.Call, c *Consent) {
	var late <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-call.Changes():
			if call.Broken() {
				c.gate.release()
			}
			switch {
			case !call.Broken():
				late = nil
				h.stand(call, c, stateOf(call))
			case late == nil && c.State() != session.Broken:
				late = time.After(waitFor)
			}
		case <-late:
			late = nil
			if call.Broken() {
				h.stand(call, c, session.Broken)
			}
		}
	}
}

// stand tells both people of a state, if it is another.
func (h Host) stand(call *p2p.Call, c *Consent, s session.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s == c.State() {
		return
	}
	c.state.Store(uint32(s))
	_, rtt := call.Path()
	h.Log.Info("connection", "state", s, "rtt", rtt)
	if s != session.Broken { // of that the supporter's end knows itself
		c.tell(c.Mode(), c.Allowed())
	}
	for _, changed := range c.watch {
		changed()
	}
}
