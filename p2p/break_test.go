package p2p

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/p2p/resume"
	"sixgate/session"
)

// cut breaks the line between two ends, loudly or so that nobody hears, and back brings it back.
func (n *lan) cutOff(loud bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = true
	for _, c := range n.cables {
		c.mu.Lock()
		c.mute = true
		c.mu.Unlock()
		if loud {
			c.close()
		}
	}
}

func (n *lan) back() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}

// A break is noticed within five seconds, and when it began is told.
func TestBrokenSince(t *testing.T) {
	for _, loud := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			host, bridge, n := ends(t)
			time.Sleep(10*time.Second + 300*time.Millisecond)
			if !host.BrokenSince().IsZero() || !bridge.BrokenSince().IsZero() {
				t.Error("broken from the start")
			}
			cut := time.Now()
			n.cutOff(loud)
			awaitBroken(t, true, host, bridge)
			noticed := time.Since(cut)
			for _, c := range []*Call{host, bridge} {
				if since := c.BrokenSince(); noticed > 5*time.Second || since.After(time.Now()) || cut.Sub(since).Abs() > beatEvery {
					t.Errorf("loud %v: noticed after %v, broken since %v before the cut", loud, noticed, cut.Sub(since))
				}
			}
			time.Sleep(time.Minute)
			if since := host.BrokenSince(); cut.Sub(since).Abs() > beatEvery {
				t.Errorf("a minute later, broken since %v before the cut", cut.Sub(since))
			}
			n.back()
			awaitBroken(t, false, host, bridge)
			if !host.BrokenSince().IsZero() || !bridge.BrokenSince().IsZero() {
				t.Error("still broken when it is back")
			}
		})
	}
}

// Who ends a call while the connection is broken, noticed or not, does not wait. The other end hears of it if it is back in time.
func TestEndWhileBroken(t *testing.T) {
	for _, tt := range []struct {
		host         bool
		lasts, since time.Duration // of the break; before the end
		late         bool
	}{
		{true, 5 * time.Second, time.Minute, false},
		{true, 5 * time.Second, 0, false},
		{true, lateHost + time.Second, time.Minute, true},
		{false, time.Minute, time.Minute, false},
		{false, time.Minute, 0, false},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host, bridge, n := ends(t)
				synctest.Wait()
				n.cutOff(false)
				time.Sleep(tt.since)
				ends, other, reason := host, bridge, session.ByUser
				if !tt.host {
					ends, other, reason = bridge, host, session.BySupporter
				}
				began := time.Now()
				ends.End(reason)
				if took := time.Since(began); ends.Err() != reason || tt.since > 0 && took > 0 || took > endFor {
					t.Errorf("the end takes %v, with %v", took, ends.Err())
				}
				time.Sleep(tt.lasts)
				n.back()
				back := time.Now()
				<-other.Done()
				if tt.late {
					reason = session.ByNetwork
				} else if took := time.Since(back); took > 3*time.Second {
					t.Errorf("the other end hears of it %v later", took)
				}
				if other.Err() != reason {
					t.Errorf("the other end hears %v", other.Err())
				}
			})
		})
	}
}

// A program that ends waits for the last word for seconds, on a host's computer and on a bridge's, which had more time.
func TestClosingWhileBroken(t *testing.T) {
	for _, host := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := &lan{down: true}
			c := testCall(host, n)
			on := n.add(true)
			near, far, _ := on.pipe()
			c.begin(near, on)
			go io.Copy(io.Discard, far)
			var cs calls
			left := false
			if !cs.start(c, func() { left = true }) {
				t.Fatal("not started")
			}
			time.Sleep(time.Minute)
			c.End(session.BySupporter)
			time.Sleep(time.Second)
			began := time.Now()
			cs.end(session.BySupporter)
			if took := time.Since(began); took > lateHost || !left {
				t.Errorf("host %v: closing takes %v", host, took)
			}
		})
	}
}

// What passes is counted on the path that it takes.
func TestTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, n := ends(t)
		at, from := screen(t, host, bridge)
		const size = 100_000
		pass := func() {
			go at.Write(make([]byte, size))
			io.ReadFull(from, make([]byte, size))
			synctest.Wait()
		}
		enough := func(sent, received uint64) bool {
			return sent == received && sent >= size && sent < size+size/20
		}
		pass()
		relayed, direct := host.Traffic()
		there, _ := bridge.Traffic()
		if !enough(relayed.Sent, there.Received) || direct != (Traffic{}) {
			t.Errorf("relayed %+v and %+v, directly %+v", relayed, there, direct)
		}
		n.add(false)
		for relay := true; relay; relay, _ = bridge.Path() {
			<-bridge.Changes()
		}
		time.Sleep(time.Second)
		pass()
		after, direct := host.Traffic()
		if _, there := bridge.Traffic(); !enough(direct.Sent, there.Received) || after.Sent > relayed.Sent+100 {
			t.Errorf("then relayed %+v, directly %+v and %+v", after, direct, there)
		}
		rests, _ := host.Traffic()
		time.Sleep(resume.PatienceFor)
		if now, _ := host.Traffic(); now != rests {
			t.Errorf("a call that rests has passed %+v, and before %+v", now, rests)
		}
	})
}
