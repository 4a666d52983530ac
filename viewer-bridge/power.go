package viewerbridge

import (
	"context"
	"sync/atomic"

	"sixgate/rfb"
	"sixgate/rfbserver"
	"sixgate/session"
)

// power is what viewers may ask of the host's computer: to shut down, to reboot.
type power struct {
	offered atomic.Bool   // by the host
	refused chan struct{} // capacity 1: it said no
}

// heard takes in what the host says of power.
func (p *power) heard(event rfb.Event) {
	switch event.(type) {
	case rfb.PowerOffered:
		p.offered.Store(true)
	case rfb.PowerFailed:
		select {
		case p.refused <- struct{}{}:
		default:
		}
	}
}

// requestPower asks the host, whose user decides. It returns false when they said no; otherwise the session ends, and ctx with it.
func (m *mirror) requestPower(ctx context.Context, a rfbserver.PowerAction) bool {
	host := m.to(session.Control)
	if host == nil || !m.power.offered.Load() {
		return false
	}
	select {
	case <-m.power.refused: // came too late for another question
	default:
	}
	if host.Power(a) != nil {
		return false
	}
	select {
	case <-m.power.refused:
		return false
	case <-ctx.Done():
		return true
	}
}
