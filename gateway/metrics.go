package gateway

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	pbv2 "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
	"github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sixgate/p2p"
)

// metrics are the gateway's numbers for Prometheus. None names a peer, an address or a code.
type metrics struct {
	all         *prometheus.Registry
	connections *prometheus.GaugeVec   // by transport
	refusals    *prometheus.CounterVec // by reason
	codes       prometheus.Counter
	redeemed    prometheus.Counter
	places      atomic.Int64
	circuits    prometheus.Gauge
	lasted      prometheus.Histogram
	relayed     prometheus.Counter
	reported
}

func newMetrics() *metrics {
	m := &metrics{
		all: prometheus.NewRegistry(),
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sixgate_connections",
			Help: "Hosts and bridges that are connected, by transport."}, []string{"transport"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sixgate_refusals_total",
			Help: "What was refused, by reason."}, []string{"reason"}),
		codes: prometheus.NewCounter(prometheus.CounterOpts{Name: "sixgate_codes_issued_total",
			Help: "Codes that bridges got."}),
		redeemed: prometheus.NewCounter(prometheus.CounterOpts{Name: "sixgate_codes_redeemed_total",
			Help: "Codes that brought a host and a bridge together."}),
		circuits: prometheus.NewGauge(prometheus.GaugeOpts{Name: "sixgate_relayed_sessions",
			Help: "Hosts and bridges that are connected through the relay now."}),
		lasted: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sixgate_relayed_seconds",
			Help: "How long a relayed connection lasted.", Buckets: []float64{1, 10, 60, 300, 900, 3600, 14400}}),
		relayed: prometheus.NewCounter(prometheus.CounterOpts{Name: "sixgate_relayed_bytes_total",
			Help: "Bytes that went through the relay, both directions."}),
	}
	m.reported = newReported(m.all)
	places := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sixgate_relay_places",
		Help: "Bridges that can be reached through the relay."}, func() float64 { return float64(m.places.Load()) })
	m.all.MustRegister(places, m.connections, m.refusals, m.codes, m.redeemed, m.circuits, m.lasted, m.relayed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// refused counts an error that a host or a bridge is answered with.
func (m *metrics) refused(err error) {
	for reason, known := range map[string]error{"wrong code": p2p.ErrNoCode, "too many codes": p2p.ErrTooMany,
		"bridge gone": p2p.ErrBridgeGone, "not admitted": p2p.ErrNotAdmitted, "busy": p2p.ErrBusy, "apart": p2p.ErrApart} {
		if errors.Is(err, known) {
			m.refusals.WithLabelValues(reason).Inc()
			return
		}
	}
	if err != nil {
		m.refusals.WithLabelValues("error").Inc()
	}
}

// connected and disconnected count a connection.
func (m *metrics) connected(_ network.Network, c network.Conn) {
	m.connections.WithLabelValues(way(c)).Inc()
}
func (m *metrics) disconnected(_ network.Network, c network.Conn) {
	m.connections.WithLabelValues(way(c)).Dec()
}

// way is the transport of a connection.
func way(c network.Conn) string {
	for _, part := range c.LocalMultiaddr() {
		switch part.Code() {
		case multiaddr.P_QUIC_V1:
			return "quic"
		case multiaddr.P_WS, multiaddr.P_WSS:
			return "websocket"
		}
	}
	return "tcp"
}

// watch counts the connections that a resource manager refuses.
func (m *metrics) watch(r network.ResourceManager) network.ResourceManager { return watched{r, m} }

type watched struct {
	network.ResourceManager
	metrics *metrics
}

func (w watched) OpenConnection(way network.Direction, usesFile bool, from multiaddr.Multiaddr) (network.ConnManagementScope, error) {
	scope, err := w.ResourceManager.OpenConnection(way, usesFile, from)
	if err != nil {
		w.metrics.refusals.WithLabelValues("too many connections").Inc()
	}
	return scope, err
}

// The relay tells what it does by these.

func (m *metrics) ConnectionOpened() { m.circuits.Inc() }
func (m *metrics) ConnectionClosed(d time.Duration) {
	m.circuits.Dec()
	m.lasted.Observe(d.Seconds())
}
func (m *metrics) BytesTransferred(n int)                  { m.relayed.Add(float64(n)) }
func (m *metrics) ConnectionRequestHandled(s pbv2.Status)  { m.relayRefused("relay connection", s) }
func (m *metrics) ReservationRequestHandled(s pbv2.Status) { m.relayRefused("relay place", s) }
func (m *metrics) RelayStatus(bool)                        {}
func (m *metrics) ReservationClosed(n int)                 { m.places.Add(-int64(n)) }
func (m *metrics) ReservationAllowed(again bool) {
	if !again {
		m.places.Add(1)
	}
}

func (m *metrics) relayRefused(what string, s pbv2.Status) {
	if s != pbv2.Status_OK {
		m.refusals.WithLabelValues(what).Inc()
	}
}
