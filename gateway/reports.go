package gateway

import (
	"context"
	"strconv"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/prometheus/client_golang/prometheus"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

// reported are numbers of what hosts and bridges say that they see. The gateway cannot see it, nor that it is true: but all values of
// the labels are its own.
type reported struct {
	lost     *prometheus.CounterVec   // by transport, proxy, reason
	undirect *prometheus.CounterVec   // by reason
	rtt      *prometheus.HistogramVec // by path
}

func newReported(all prometheus.Registerer) reported {
	r := reported{
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sixgate_failed_ways_total",
			Help: "Ways on which hosts and bridges did not reach this gateway, or another, before one led here: by transport, proxy and reason."},
			[]string{"transport", "proxy", "reason"}),
		undirect: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sixgate_failed_directs_total",
			Help: "Attempts at a direct connection that came to nothing, by reason."}, []string{"reason"}),
		rtt: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sixgate_path_rtt_seconds",
			Help:    "Round trips between host and bridge, whenever a session took to the relay or to a direct connection.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}}, []string{"path"}),
	}
	all.MustRegister(r.lost, r.undirect, r.rtt)
	return r
}

// serveReport hears what a host or a bridge sees of its paths.
func (g *Gateway) serveReport(_ context.Context, s network.Stream) {
	var r message.Report
	if err := message.Read(s, &r); err != nil || len(r.Lost) > p2p.MostLost {
		s.Reset()
		return
	}
	g.metrics.take(&r)
}

// take counts a report.
func (r reported) take(said *message.Report) {
	for _, way := range said.Lost {
		r.lost.WithLabelValues(p2p.TransportName(way), strconv.FormatBool(way.Proxy), whyOf(way.Why)).Inc()
	}
	if said.Undirect != 0 {
		r.undirect.WithLabelValues(whyOf(said.Undirect)).Inc()
	}
	seconds := float64(said.Micros) / 1e6
	switch said.Path {
	case p2p.PathRelay:
		r.rtt.WithLabelValues("relay").Observe(seconds)
	case p2p.PathDirect:
		r.rtt.WithLabelValues("direct").Observe(seconds)
	}
}

// whyOf is a reason in words.
func whyOf(n uint32) string { return p2p.Why(min(n, 255)).String() }
