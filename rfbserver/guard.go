package rfbserver

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	handshakeFor  = 10 * time.Second       // to come in
	maxKnocking   = 64                     // viewers that have not come in yet
	firstPause    = 100 * time.Millisecond // after a wrong password, and twice that after the next
	longestPause  = time.Second            // which the viewer with the right one waits too
	wrongsCountIn = time.Minute            // then they are forgotten
)

var (
	errKnocking  = errors.New("another viewer took the place: 64 were in the handshake, and this one had been the longest")
	errHandshake = errors.New("the viewer did not finish the handshake within 10 seconds")
)

// guard keeps those who have not come in yet from wearing the server down or guessing the password.
type guard struct {
	mu        sync.Mutex
	knocking  []*knock // the longest first
	wrong     int
	lastWrong time.Time
}

type knock struct{ sendAway context.CancelCauseFunc }

// admit notes that a viewer begins its handshake; the caller calls done at its end. With too many, the
// one that has taken longest is sent away, so that silent connections cannot lock the others out.
func (g *guard) admit(sendAway context.CancelCauseFunc) (done func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.knocking) == maxKnocking {
		g.knocking[0].sendAway(errKnocking)
		g.knocking = slices.Delete(g.knocking, 0, 1)
	}
	k := &knock{sendAway}
	g.knocking = append(g.knocking, k)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if i := slices.Index(g.knocking, k); i >= 0 {
			g.knocking = slices.Delete(g.knocking, i, i+1)
		}
	}
}

// pause says how long an answer to a challenge stays without outcome. Right ones wait as well, or those
// who guess could take silence for a no; they never wait long, and then wrong ones are forgotten.
func (g *guard) pause(right bool) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.lastWrong) > wrongsCountIn {
		g.wrong = 0
	}
	if !right {
		g.wrong++
		g.lastWrong = time.Now()
	}
	if g.wrong == 0 {
		return 0
	}
	d := longestPause
	if n := g.wrong - 1; n < 4 {
		d = min(d, firstPause<<n)
	}
	if right {
		g.wrong = 0
	}
	return d
}
