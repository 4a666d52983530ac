package viewerbridge

import (
	"context"
	"sync"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// waitFor is how long a broken connection may take to come back before viewers see that it is: most are back sooner.
const waitFor = time.Second

// following is a call as its supporter sees it.
type following struct {
	*Bridge
	call    *p2p.Call
	m       *mirror
	showing sync.WaitGroup

	told   p2p.Notice // a call begins by waiting
	live   bool
	late   <-chan time.Time // when a break is to be shown
	broken bool             // it is shown
	path   pathReport
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
	broken := f.call.Broken()
	switch {
	case broken && f.late == nil && !f.broken:
		f.late = time.After(waitFor)
	case !broken && f.broken:
		f.broken = false
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
	if f.call.Broken() {
		f.broken = true
		f.m.broken.Store(true)
		f.Report(Event{Event: "state", State: session.Broken.String()})
		f.m.show(session.Broken.String(), "The session goes on when both ends are online again. After five minutes it ends.")
	}
}

// pathReport reports the way that pictures take, from the first one on, whenever it is another.
type pathReport struct {
	mu    sync.Mutex
	begun bool
	relay bool
	known bool // how long a round trip takes on it
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
	if relay, rtt := call.Path(); p.begun && (relay != p.relay || !p.known && rtt > 0) {
		p.say(b, relay, rtt)
	}
}

func (p *pathReport) say(b *Bridge, relay bool, rtt time.Duration) {
	p.relay, p.known = relay, rtt > 0
	path := "direct"
	if relay {
		path = "relay"
	}
	b.Report(Event{Event: "path", Path: path, RTT: float64(rtt.Microseconds()) / 1000})
}
