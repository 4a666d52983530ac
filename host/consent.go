package host

import (
	"context"
	"errors"
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

// Consent is what the end user allows in one session, from Allow to the end. They may change it at any time.
type Consent struct {
	Supporter p2p.Hello
	State     session.State       // when it began
	Offered   session.Permissions // what there is to allow
	From      time.Time

	gate *gate
	tell func(session.Permissions) // the supporter
	over context.Context           // done when nothing is allowed any more

	now atomic.Uint32 // session.Permissions

	mu      sync.Mutex // held through a change
	granted []Granted
	watch   []func()
}

// Granted is what was allowed from a time on.
type Granted struct {
	At      time.Time
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

// Change turns a permission on or off. What was held down by one that ends is let go of before it returns.
func (c *Consent) Change(p session.Permissions, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.Allowed() &^ p
	if on {
		to |= p & c.Offered
	}
	if to&^c.Allowed() != 0 && !c.gate.untouchedFor(handsOffFor) {
		return errHandsOff
	}
	c.change(to)
	return nil
}

// toggle turns a permission on or off at once: for the end user's own keys and bar, which nobody else can press.
func (c *Consent) toggle(p session.Permissions) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change(c.Allowed() ^ p&c.Offered)
}

// change tells all whom it concerns, if there is anything new. c.mu is held.
func (c *Consent) change(to session.Permissions) {
	was := c.Allowed()
	if to == was {
		return
	}
	c.set(to)
	c.gate.changed(was, to)
	c.tell(to)
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
func (c *Consent) set(to session.Permissions) {
	c.now.Store(uint32(to))
	if len(c.granted) < maxGranted {
		c.granted = append(c.granted, Granted{time.Now(), to})
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
