package host

import (
	"context"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// waitFor is how long nothing may have come from the supporter's program before the end user is told that the connection is broken:
// most are back sooner. A silence is noticed later than that, and told at once.
const waitFor = 2200 * time.Millisecond

// Standing is how a session stands on the network.
type Standing struct {
	State session.State // Relayed, Direct or Broken
	Since time.Time     // when it broke; the zero time where it has not
	RTT   time.Duration // of the path there is; 0: not measured yet
}

// Standing is how the session stands now.
func (c *Consent) Standing() Standing { return *c.standing.Load() }

// State is Standing's.
func (c *Consent) State() session.State { return c.Standing().State }

// standingOf is the Standing of a call that is not broken.
func standingOf(call *p2p.Call) Standing {
	relay, rtt := call.Path()
	if relay {
		return Standing{State: session.Relayed, RTT: rtt}
	}
	return Standing{State: session.Direct, RTT: rtt}
}

// follow keeps Standing true until ctx ends, and tells both people.
func (h Host) follow(ctx context.Context, call *p2p.Call, c *Consent) {
	var late <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-call.Changes():
			since := call.BrokenSince()
			if !since.IsZero() {
				c.gate.release()
			}
			switch {
			case since.IsZero():
				late = nil
				h.stand(c, standingOf(call))
			case late == nil && c.State() != session.Broken:
				late = time.After(time.Until(since.Add(waitFor)))
			}
		case <-late:
			late = nil
			if since := call.BrokenSince(); !since.IsZero() {
				h.stand(c, Standing{State: session.Broken, Since: since})
			}
		}
	}
}

// stand tells both people how the session stands, if that is new.
func (h Host) stand(c *Consent, s Standing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.Standing()
	if s == was {
		return
	}
	c.standing.Store(&s)
	h.Log.Info("connection", "state", s.State, "rtt", s.RTT)
	if s.State != was.State && s.State != session.Broken { // of a break the supporter's end knows itself
		c.tell(c.Mode(), c.Allowed())
	}
	for _, changed := range c.watch {
		changed()
	}
}
