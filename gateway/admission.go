package gateway

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/x/rate"
	"github.com/multiformats/go-multiaddr"

	"sixgate/p2p"
)

// A peer that is no operator's bridge and has redeemed no code is cut off after strangerFor; looked for every lookEvery.
const (
	strangerFor = 30 * time.Second
	lookEvery   = 10 * time.Second
)

// The relay's bounds. Its circuits have no limit worth the name, but a limit all the same: only then do both ends know
// that a connection is a relayed one, and hear of it when a direct one appears.
const (
	circuitFor    = 365 * 24 * time.Hour
	circuitBytes  = 1 << 50
	circuitBuffer = 64 << 10 // for each direction; with the default 2 KiB a byte costs the gateway twice the time
	mostBridges   = 4096     // with a place at the relay
	mostAtOneIP   = 512      // of these: a company's supporters
	mostCircuits  = 64       // of one peer
)

// Bounds of the node. go-libp2p's defaults are made for a peer among equals: 8 connections from one address.
const (
	mostConns       = 4000
	mostStreams     = 64_000
	mostMemory      = 2 << 30
	mostPeerConns   = 16 // one, and those that race to be it
	mostPeerStreams = 512
	mostPeerMemory  = 128 << 20
	mostConnsAtOne  = 64 // from an IPv4 address or an IPv6 /56: an office behind one address
	mostConnsAtSite = 256
	connsPerSecond  = 200 // in all
	connsPerAddress = 5   // a second, from one address
	mostQuestions   = 4   // of one kind at a time, from a peer
)

// resources bounds what all peers, and each of them, can make the gateway hold. Connections from loopback are not
// counted by address.
func resources() (network.ResourceManager, error) {
	limits := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{Conns: mostConns + 100, ConnsInbound: mostConns, Streams: mostStreams, Memory: mostMemory},
		// before a peer has shown its key, or a stream its protocol
		Transient:   rcmgr.ResourceLimits{Conns: 512, Streams: 2048, Memory: 128 << 20},
		PeerDefault: rcmgr.ResourceLimits{Conns: mostPeerConns, Streams: mostPeerStreams, Memory: mostPeerMemory},
		ProtocolPeer: map[protocol.ID]rcmgr.ResourceLimits{
			p2p.CodeProtocol:   {StreamsInbound: mostQuestions, Streams: mostQuestions},
			p2p.RedeemProtocol: {StreamsInbound: mostQuestions, Streams: mostQuestions},
			p2p.HostsProtocol:  {StreamsInbound: mostQuestions, Streams: mostQuestions},
			p2p.ReportProtocol: {StreamsInbound: mostQuestions, Streams: mostQuestions},
		},
	}
	address := rate.Limit{RPS: connsPerAddress, Burst: 10 * connsPerAddress}
	site := rate.Limit{RPS: 4 * connsPerAddress, Burst: 40 * connsPerAddress}
	var loopback []rate.PrefixLimit
	for _, p := range append(rcmgr.DefaultNetworkPrefixLimitV4, rcmgr.DefaultNetworkPrefixLimitV6...) {
		loopback = append(loopback, rate.PrefixLimit{Prefix: p.Network})
	}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits.Build(rcmgr.InfiniteLimits)), rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: mostConnsAtOne}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: mostConnsAtOne}, {PrefixLength: 48, ConnCount: mostConnsAtSite}}),
		rcmgr.WithConnRateLimiters(&rate.Limiter{NetworkPrefixLimits: loopback,
			GlobalLimit: rate.Limit{RPS: connsPerSecond, Burst: 2 * connsPerSecond},
			SubnetRateLimiter: rate.SubnetLimiter{GracePeriod: time.Minute,
				IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: address}},
				IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: address}, {PrefixLength: 48, Limit: site}}}}))
}

func (g *Gateway) openRelay() (*relay.Relay, error) {
	r := relay.DefaultResources()
	r.Limit = &relay.RelayLimit{Duration: circuitFor, Data: circuitBytes}
	r.BufferSize, r.MaxReservations, r.MaxCircuits = circuitBuffer, mostBridges, mostCircuits
	r.MaxReservationsPerIP, r.MaxReservationsPerASN = mostAtOneIP, mostBridges
	return relay.New(g.node, relay.WithResources(r), relay.WithACL(g), relay.WithMetricsTracer(g.metrics))
}

// AllowReserve lets a bridge be reached through the relay while it has a code that waits, or a session.
func (g *Gateway) AllowReserve(p peer.ID, _ multiaddr.Multiaddr) bool {
	allowed := g.pairs.hasBridge(p) || g.waits(p)
	if !allowed {
		g.log.Warn("relay refused", "peer", p)
	}
	return allowed
}

// waits reports whether an operator's bridge has a code that waits, or may have: while nobody can tell it keeps its place.
func (g *Gateway) waits(p peer.ID) bool {
	if _, err := findOperator(g.data, p); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), decideFor)
	defer cancel()
	return !errors.Is(g.codes.Waits(ctx, p.String()), p2p.ErrNoCode)
}

// AllowConnect lets a host reach the bridge whose code it redeemed.
func (g *Gateway) AllowConnect(host peer.ID, _ multiaddr.Multiaddr, bridge peer.ID) bool {
	allowed := g.pairs.has(host, bridge) && g.arrivals.wait(host, bridge)
	if !allowed {
		g.log.Warn("relay refused", "peer", host, "to", bridge)
	}
	return allowed
}

// closeStrangers cuts peers off that have had their time.
func (g *Gateway) closeStrangers(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case now := <-look.C:
			g.cutOff(now)
		case <-ctx.Done():
			return
		}
	}
}

func (g *Gateway) cutOff(now time.Time) {
	g.pairs.sweep()
	for _, c := range g.node.Network().Conns() {
		who := c.RemotePeer()
		if now.Sub(c.Stat().Opened) < strangerFor || g.pairs.hasHost(who) {
			continue
		}
		if _, err := findOperator(g.data, who); errors.Is(err, p2p.ErrNotAdmitted) {
			g.log.Info("stranger cut off", "peer", who)
			g.metrics.refusals.WithLabelValues("stranger").Inc()
			c.Close()
		}
	}
}

// pairFor is how long a host may reach a bridge that has not named it again: longer than a session lasts without a connection.
const pairFor = 6 * time.Minute

// pairs are the hosts that have redeemed a code, or that a bridge has a session with, each with the bridges it may reach and until
// when. They are not stored: after a restart the bridges name their hosts. A bridge opens but its own door.
type pairs struct {
	now func() time.Time

	mu      sync.Mutex
	bridges map[peer.ID]map[peer.ID]time.Time // by host
}

func (p *pairs) add(host, bridge peer.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bridges == nil {
		p.bridges = make(map[peer.ID]map[peer.ID]time.Time)
	}
	if p.bridges[host] == nil {
		p.bridges[host] = make(map[peer.ID]time.Time)
	}
	p.bridges[host][bridge] = p.now().Add(pairFor)
}

func (p *pairs) has(host, bridge peer.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now().Before(p.bridges[host][bridge])
}

func (p *pairs) hasHost(host peer.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, until := range p.bridges[host] {
		if p.now().Before(until) {
			return true
		}
	}
	return false
}

func (p *pairs) hasBridge(bridge peer.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, bridges := range p.bridges {
		if p.now().Before(bridges[bridge]) {
			return true
		}
	}
	return false
}

// many reports whether a bridge has named more hosts than it can have sessions with.
func (p *pairs) many(bridge peer.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, bridges := range p.bridges {
		if !bridges[bridge].IsZero() {
			n++
		}
	}
	return n > 4*p2p.MostHosts
}

// sweep forgets what is over.
func (p *pairs) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for host, bridges := range p.bridges {
		maps.DeleteFunc(bridges, func(_ peer.ID, until time.Time) bool { return !p.now().Before(until) })
		if len(bridges) == 0 {
			delete(p.bridges, host)
		}
	}
}
