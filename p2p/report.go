package p2p

import (
	"context"
	"slices"
	"time"

	"sixgate/p2p/message"
)

// MostLost is how many ways one report may have.
const MostLost = 64

// kindsOfWay are those of a LostWay, by their numbers.
var kindsOfWay = [...]string{byTCP, byQUIC, byWebSocket}

// TransportName names a LostWay's.
func TransportName(w *message.LostWay) string {
	if n := w.GetTransport(); n < uint32(len(kindsOfWay)) {
		return kindsOfWay[n]
	}
	return "other"
}

// report tells the gateway, for its metrics, what a node sees of paths. Only Close waits for it.
func (u *uplink) report(r *message.Report) {
	u.reporting.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		s, err := u.node.NewStream(ctx, u.here().id, ReportProtocol)
		if err != nil {
			return // what is counted there is not worth a word here
		}
		s.SetDeadline(time.Now().Add(askFor))
		if message.Write(s, r) != nil {
			s.Reset()
		}
		s.Close()
	})
}

// reportLost reports the ways that did not lead to the gateway, when another has.
func (u *uplink) reportLost(failed Failures) {
	if len(failed) == 0 {
		return
	}
	var r message.Report
	for _, f := range failed[:min(len(failed), MostLost)] {
		r.Lost = append(r.Lost, &message.LostWay{Transport: uint32(max(0, slices.Index(kindsOfWay[:], f.Way.Transport))),
			Proxy: f.Way.Proxy != "", Why: uint32(why(f.Err))})
	}
	u.report(&r)
}

// Paths of a Report.
const (
	PathRelay  = 1
	PathDirect = 2
)

// reportPath reports the path that a session has begun to take.
func (u *uplink) reportPath(relay bool, rtt time.Duration) {
	r := &message.Report{Path: PathDirect, Micros: uint32(min(rtt, time.Hour).Microseconds())}
	if relay {
		r.Path = PathRelay
	}
	u.report(r)
}
