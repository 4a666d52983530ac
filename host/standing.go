package host

import (
	"context"
	"sync"
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

// pathOf is the Standing of a call that is not broken.
func pathOf(call *p2p.Call) Standing {
	relay, rtt := call.Path()
	if relay {
		return Standing{State: session.Relayed, RTT: rtt}
	}
	return Standing{State: session.Direct, RTT: rtt}
}

// standingOf is the Standing of a call.
func standingOf(call *p2p.Call) Standing {
	if since := call.BrokenSince(); !since.IsZero() {
		return Standing{State: session.Broken, Since: since}
	}
	return pathOf(call)
}

// follow tells how a call stands whenever that may be new, until ctx ends. It calls broke at once when the connection breaks.
func follow(ctx context.Context, call *p2p.Call, broke func(), tell func(Standing)) {
	var late <-chan time.Time
	for told := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-call.Changes():
			s := standingOf(call)
			if s.State == session.Broken {
				broke()
			}
			switch {
			case s.State != session.Broken:
				late, told = nil, false
				tell(s)
			case late == nil && !told:
				late = time.After(time.Until(s.Since.Add(waitFor)))
			}
		case <-late:
			late = nil
			if s := standingOf(call); s.State == session.Broken {
				told = true
				tell(s)
			}
		}
	}
}

// followAsked tells the end user, while they are asked, when the connection breaks and is back, until stop is called.
func (h Host) followAsked(ctx context.Context, call *p2p.Call) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { follow(ctx, call, func() {}, h.Questions.Stand) })
	return sync.OnceFunc(func() { cancel(); following.Wait() })
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
