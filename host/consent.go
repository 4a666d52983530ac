package host

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// handsOffFor is how long the supporter's mouse and keyboard must have rested before the end user can allow more: nobody
// gives themselves a permission by clicking on the end user's page.
const handsOffFor = time.Second

// errHandsOff is a permission that was given while the supporter had the mouse.
var errHandsOff = errors.New("not changed: the supporter moved the mouse or typed a moment ago; try again yourself")

// errNoStep is a step that is none: to the mode that there is, or up.
var errNoStep = errors.New("not changed: a session goes to a lower mode only, and never back; begin another one for more")

// Consent is what the end user allows in one session, from Allow to the end. They may change it at any time.
type Consent struct {
	Supporter p2p.Hello
	From      time.Time

	request Request
	gate    *gate
	hiding  *Hiding                                 // nil: nothing can be hidden
	tell    func(session.Mode, session.Permissions) // the supporter
	over    context.Context                         // done when nothing is allowed any more

	now      atomic.Uint32 // the mode, and in the lowest byte the permissions
	standing atomic.Pointer[Standing]

	mu      sync.Mutex // held through a change
	granted []Granted
	watch   []func()
}

// newConsent is the consent that was given, for a desktop and until over ends.
func newConsent(over context.Context, d Desktop, r Request, g Grant) *Consent {
	c := &Consent{Supporter: r.Supporter, From: time.Now(), request: r, over: over}
	c.standing.Store(new(Standing))
	c.gate = newGate(d, c.Allowed)
	c.gate.mode = c.Mode
	c.set(g.Mode, g.Permissions)
	return c
}

// Granted is what was allowed from a time on.
type Granted struct {
	At      time.Time
	Mode    session.Mode
	Allowed session.Permissions
}

// Receipt is what the end user may keep of a session.
type Receipt struct {
	Supporter p2p.Hello
	From, To  time.Time
	Granted   []Granted
}

// Allowed is what the supporter may do at this moment.
func (c *Consent) Allowed() session.Permissions {
	if c.over.Err() != nil { // what was under way when the session ended comes too late
		return 0
	}
	return session.Permissions(c.now.Load())
}

// Mode is what the session is for at this moment.
func (c *Consent) Mode() session.Mode { return session.Mode(c.now.Load() >> 8) }

// Offered is what there is to allow in the mode.
func (c *Consent) Offered() session.Permissions { return c.request.offers(c.Mode()) }

// Lower are the modes that the end user may step down to.
func (c *Consent) Lower() []session.Mode {
	return slices.DeleteFunc(slices.Clone(c.request.Modes), func(m session.Mode) bool { return m <= c.Mode() })
}

// Change turns a permission on or off. What was held down by one that ends is let go of before it returns.
func (c *Consent) Change(p session.Permissions, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.Allowed() &^ p
	if on {
		to |= p & c.Offered()
	}
	if to&^c.Allowed() != 0 && !c.gate.untouchedFor(handsOffFor) {
		return errHandsOff
	}
	c.change(c.Mode(), to)
	return nil
}

// Step goes on in a lower mode, for the rest of the session. What that does not offer ends.
func (c *Consent) Step(m session.Mode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.Lower(), m) {
		return errNoStep
	}
	c.change(m, c.Allowed()&c.request.offers(m))
	return nil
}

// toggle turns a permission on or off at once: for the end user's own keys, which nobody else can press.
func (c *Consent) toggle(p session.Permissions) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change(c.Mode(), c.Allowed()^p&c.Offered())
	return nil
}

// change tells all whom it concerns, if there is anything new. c.mu is held.
func (c *Consent) change(m session.Mode, to session.Permissions) {
	was := c.Allowed()
	if to == was && m == c.Mode() {
		return
	}
	c.set(m, to)
	c.gate.changed(was, to)
	c.tell(m, to)
	for _, changed := range c.watch {
		changed()
	}
}

// Watch calls changed after each change from now on. It must not wait for anything, nor change c.
func (c *Consent) Watch(changed func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch = append(c.watch, changed)
}

// set notes what is allowed from now on. c.mu is held, or nobody else knows c.
func (c *Consent) set(m session.Mode, to session.Permissions) {
	c.now.Store(uint32(m)<<8 | uint32(to))
	if len(c.granted) < maxGranted {
		c.granted = append(c.granted, Granted{time.Now(), m, to})
	}
}

// maxGranted bounds what a receipt lists.
const maxGranted = 1000

// receipt says how it was, once the session is over.
func (c *Consent) receipt() Receipt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Receipt{c.Supporter, c.From, time.Now(), c.granted}
}
