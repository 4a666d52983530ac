package p2p

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"sixgate/p2p/resume"
)

// Times of a call's connection.
const (
	beatEvery = 1200 * time.Millisecond
	silentFor = 3600 * time.Millisecond // without anything from the other end, a connection is as good as broken
	paceFirst = 20 * time.Millisecond   // between two tries to mend it …
	paceMost  = time.Second             // … at most
	paceOver  = 3 * time.Second         // after that the next break is a new one
)

// PatienceFor is how long a call may be without a connection.
const PatienceFor = resume.PatienceFor

// poke has the keeper look, and whoever follows Changes.
func (c *Call) poke() {
	signal(c.look)
	signal(c.changes)
}

// signal wakes who reads from to, whose capacity is 1.
func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// keep holds the channels on the best connection there is, until ctx ends. A host sees that there is one; the bridge brings the
// channels there.
func (c *Call) keep(ctx context.Context) {
	var last, since time.Time // since: on a host, when it began to wait for the bridge
	var pace time.Duration
	for left := false; ; {
		if !left {
			select {
			case <-c.look:
			case <-ctx.Done():
				return
			}
		}
		if now := time.Now(); now.Sub(last) > paceOver {
			pace = 0
		} else {
			pace = min(max(paceFirst, pace*3/2), paceMost)
		}
		if c.pause(ctx, pace/2+rand.N(pace+1)/2) != nil {
			return
		}
		last = time.Now()
		c.forgetOver()
		switch {
		case c.hungUp():
			if left = c.control.Unread(); !left { // perhaps its last word
				c.control.Fail(ErrClosed)
			}
		case !c.host:
			left = c.bring(ctx)
		case c.control.Attached():
			left, since = false, time.Time{}
		default:
			if since.IsZero() {
				since = last
			}
			anew := last.Sub(since) > attachFor
			if anew {
				since = last
			}
			if err := c.mend(ctx, anew); err != nil && ctx.Err() == nil {
				c.log.Debug("connection not mended yet", "err", err)
			}
			left = true
		}
	}
}

// pause is sleep, which a new channel ends: what the pace is for is breaks.
func (c *Call) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.fresh:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// bring brings the channels to the best connection, from the bridge's side. It reports whether there is more to do.
func (c *Call) bring(ctx context.Context) bool {
	on := c.best()
	if on == nil {
		return false // the host comes
	}
	var attaching sync.WaitGroup
	failed := make(chan error, mostChannels+1)
	c.mu.Lock()
	for _, ch := range c.channels {
		if !ch.Over() && (!ch.Attached() || ch.on != on) {
			attaching.Go(func() {
				if err := c.attach(ctx, ch, on); err != nil && ctx.Err() == nil {
					c.log.Debug("channel not on the connection yet", "channel", ch.number, "relay", on.Relayed(), "err", err)
					failed <- err
				}
			})
		}
	}
	c.mu.Unlock()
	attaching.Wait()
	if len(failed) == 0 {
		return false
	}
	on.close() // it does not carry, or not this session
	return true
}

// forgetOver leaves out the channels that are over.
func (c *Call) forgetOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for number, ch := range c.channels {
		if number != talkNumber && ch.Over() {
			delete(c.channels, number)
			if ch.isNew() {
				close(ch.opened)
			}
		}
	}
}

// beats shows the other end that this one lives, and gives a connection up on which nothing comes: a cable that is pulled says
// nothing, and TCP waits for minutes.
func (c *Call) beats() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	var leaving sync.WaitGroup
	defer leaving.Wait()
	for last := c.boot(); ; {
		c.control.Ping()
		select {
		case <-tick.C:
		case <-c.stop:
			return
		}
		slept := c.boot() - last // more than a beat: so did this program, or its machine, and what came meanwhile was not read yet
		last += slept
		if slept > resume.PatienceFor { // the timers for that may have stood still
			c.log.Warn("this computer was asleep for too long", "for", slept)
			c.control.Fail(resume.ErrLost)
			return
		}
		c.reportPath()
		if on := c.silent(time.Now()); on != nil && slept <= 2*beatEvery {
			c.log.Warn("connection silent, and given up", "relay", on.Relayed(), "after", silentFor)
			c.poke()
			leaving.Go(on.close)
		}
	}
}

// silent is the connection that control stands on if nothing has come on it, on any channel, and nil otherwise.
func (c *Call) silent(now time.Time) carrier {
	c.mu.Lock()
	defer c.mu.Unlock()
	talk := c.control
	heard, rtt := talk.Heard()
	if heard.IsZero() {
		return nil
	}
	c.measured(rtt)
	for _, ch := range c.channels {
		if at, _ := ch.Heard(); ch.on == talk.on && at.After(heard) {
			heard = at
		}
	}
	if c.hushed = now.Sub(heard) > silentFor; c.hushed {
		return talk.on
	}
	return nil
}

// Path says whether the call goes through the gateway's relay, and about how long a round trip takes (0: not measured yet).
func (c *Call) Path() (relay bool, rtt time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.toldRTT == 0 {
		_, rtt = c.control.Heard()
		c.measured(rtt)
	}
	return c.control.on.Relayed(), c.toldRTT
}

// measured takes in how long a round trip took. Path tells another time only where it is notably another. c.mu is held.
func (c *Call) measured(rtt time.Duration) {
	switch {
	case rtt == 0:
		return
	case c.round == 0:
		c.round, c.toldRTT, c.unsaid = rtt, rtt, true
		return
	}
	c.round += (rtt - c.round) / 4
	if off := (c.round - c.toldRTT).Abs(); off > c.toldRTT/2 && off > 5*time.Millisecond {
		c.toldRTT = c.round
		signal(c.changes)
	}
}

// reportPath reports the path of a session that the user has allowed, when it is another.
func (c *Call) reportPath() {
	c.mu.Lock()
	isNew, relay, rtt := c.unsaid && c.granted, c.control.on.Relayed(), c.round
	c.unsaid = c.unsaid && !isNew
	c.mu.Unlock()
	if isNew {
		c.taken(relay, rtt)
	}
}

// BrokenSince is when the other end was last heard where the call is broken, and the zero time where it is not.
func (c *Call) BrokenSince() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hushed && c.control.Attached() {
		return time.Time{}
	}
	var heard time.Time
	for _, ch := range c.channels {
		if at := ch.LastHeard(); at.After(heard) {
			heard = at
		}
	}
	return heard
}

// Broken reports whether there is no connection to the other end now. The call goes on: both ends try to make another, until
// nothing has come of it for resume.PatienceFor.
func (c *Call) Broken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hushed || !c.control.Attached()
}

// Changes tells that Path or Broken may be another. There is one for all that happened since it was read.
func (c *Call) Changes() <-chan struct{} { return c.changes }
