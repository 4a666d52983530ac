package viewerbridge

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// waitFor is how long nothing may have come from the host before viewers see that the connection is broken: most are back sooner. A
// silence is noticed later than that, and shown at once.
const waitFor = 2200 * time.Millisecond

// readFor is how long viewers need to see that the connection is broken.
const readFor = time.Second

// trafficEvery is how often the bytes that have passed are reported, where some have.
const trafficEvery = 10 * time.Second

// following is a call as its supporter sees it.
type following struct {
	*Bridge
	call    *p2p.Call
	m       *mirror
	showing sync.WaitGroup

	told   p2p.Notice // a call begins by waiting
	live   bool
	late   <-chan time.Time // when a break is to be shown
	broken time.Time        // since when it is shown; zero: it is not
	path   pathReport

	relayed, direct p2p.Traffic // as reported last
}

// heed does what the host tells.
func (f *following) heed(ctx context.Context, notice p2p.Notice) {
	if notice != f.told {
		f.told = notice
		f.Report(stateEvent(notice))
	}
	f.m.allowed.Store(uint32(notice.Permissions))
	f.m.points.Store(notice.Mode == session.ModeGuidance)
	f.stand()
	if notice.State.Live() && !f.live {
		f.live = true
		f.m.show(notice.State.String(), "The picture is on its way.")
		f.showing.Go(func() {
			err := f.showDesktop(ctx, f.call, f.m, &f.path)
			f.Log.InfoContext(ctx, "the screen channel ended", "err", err)
			select {
			case <-f.call.Done():
			case <-time.After(reasonFor): // neither side has ended it
				f.call.End(session.ByNetwork)
			}
		})
	}
}

// stand has the mirror show how the session stands, where that is no picture.
func (f *following) stand() {
	f.m.pause(f.told.State == session.Paused, f.told.State.String())
	if !f.told.State.Live() {
		f.m.show(f.told.State.String(), "on "+f.call.Peer().Name)
	}
}

// look sees how the call stands on the network.
func (f *following) look() {
	since := f.call.BrokenSince()
	switch broken := !since.IsZero(); {
	case broken && f.late == nil && f.broken.IsZero():
		f.late = time.After(time.Until(since.Add(waitFor)))
	case !broken && !f.broken.IsZero():
		f.broken = time.Time{}
		f.m.broken.Store(false)
		f.Report(stateEvent(f.told))
		f.stand()
		f.m.mended()
		fallthrough
	case !broken:
		f.late = nil
		f.path.report(f.Bridge, f.call)
	}
}

// wait has the viewers see that the connection does not come back at once.
func (f *following) wait() {
	f.late = nil
	if since := f.call.BrokenSince(); !since.IsZero() {
		f.broken = time.Now()
		f.m.broken.Store(true)
		f.Report(Event{Event: "state", State: session.Broken.String(), Since: since})
		f.m.show(session.Broken.String(), fmt.Sprintf("Nothing has come from %s since %s. The session goes on when both ends are online again, "+
			"and ends at %s if they are not. F10 ends it now.", f.call.Peer().Name, since.Format(time.TimeOnly),
			since.Add(p2p.PatienceFor).Format(time.TimeOnly)))
	}
}

// end ends the session for a viewer who wants that. Who pressed the key when they can hardly have read what it does meant something
// else.
func (f *following) end() {
	if !f.broken.IsZero() && time.Since(f.broken) > readFor {
		f.call.End(session.BySupporter)
	}
}

// passed reports what has passed on each path, if more has.
func (f *following) passed() {
	relayed, direct := f.call.Traffic()
	for _, p := range []struct {
		path string
		was  *p2p.Traffic
		now  p2p.Traffic
	}{{"relay", &f.relayed, relayed}, {"direct", &f.direct, direct}} {
		if *p.was != p.now {
			*p.was = p.now
			f.Report(Event{Event: "traffic", Path: p.path, Sent: p.now.Sent, Received: p.now.Received})
		}
	}
}

// pathReport reports the way that pictures take, from the first one on, whenever it is another.
type pathReport struct {
	mu    sync.Mutex
	begun bool
	relay bool
	rtt   time.Duration // of it; 0: not measured yet
}

func (p *pathReport) begin(b *Bridge, call *p2p.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = true
	relay, rtt := call.Path()
	p.say(b, relay, rtt)
}

func (p *pathReport) report(b *Bridge, call *p2p.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if relay, rtt := call.Path(); p.begun && (relay != p.relay || rtt != p.rtt && rtt > 0) {
		p.say(b, relay, rtt)
	}
}

func (p *pathReport) say(b *Bridge, relay bool, rtt time.Duration) {
	p.relay, p.rtt = relay, rtt
	path := "direct"
	if relay {
		path = "relay"
	}
	b.Report(Event{Event: "path", Path: path, RTT: float64(rtt.Microseconds()) / 1000})
}
