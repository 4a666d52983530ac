package p2p

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/transport"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/x/rate"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
	"sixgate/p2p/proxy"
)

// connectFor is how long the gateway may take to answer a connection, askFor a question.
const (
	connectFor = 10 * time.Second
	askFor     = 10 * time.Second
)

// uplink is a host's or a bridge's node with its connection to a gateway.
type uplink struct {
	node    host.Host
	ways    *ways
	gate    *gate
	meeting sync.Mutex // one direct connection at a time is made
	reports reports

	reporting sync.WaitGroup // to the gateway

	moving sync.Mutex
	at     gateway
}

// role is which end of sessions a node is.
type role struct {
	host     bool
	circuits func(*uplink, host.Host, transport.Upgrader) error
}

// A host calls through a relay, and a bridge is called.
var (
	asHost   = role{true, addCircuits}
	asBridge = role{false, func(_ *uplink, h host.Host, up transport.Upgrader) error { return client.AddTransport(h, up) }}
)

// newUplink makes the node of a host or a bridge. It does not connect yet.
func newUplink(key crypto.PrivKey, gateways []string, proxies proxy.Settings, r role) (*uplink, error) {
	own, err := parseGateways(gateways, thisComputer)
	if err != nil {
		return nil, err
	}
	resources, err := clientResources()
	if err != nil {
		return nil, err
	}
	ways := newWays(own, proxies)
	u := &uplink{ways: ways, gate: newGate(ways.knows, r.host), at: own[0]}
	u.reports.log = logOr(nil)
	o := NodeOptions{Key: key, Gater: u.gate, Resources: resources}
	o.Circuits = func(h host.Host, up transport.Upgrader) error { return r.circuits(u, h, up) }
	o.Transports = u.ways.transports(o)
	if u.node, err = NewNode(o); err != nil {
		return nil, err
	}
	return u, nil
}

// clientConns is how many connections a host or a bridge has at most: one to a gateway, and those that race to be it, one for
// each call.
const clientConns = 128

// clientResources bound what the gateway and the other end can make a host or a bridge hold. Limits by address are not
// for them: every call comes from the gateway's.
func clientResources() (network.ResourceManager, error) {
	limits := rcmgr.PartialLimitConfig{
		System:      rcmgr.ResourceLimits{Conns: clientConns, Streams: 1024, Memory: 512 << 20},
		PeerDefault: rcmgr.ResourceLimits{Conns: clientConns / 2, Streams: 256, Memory: 128 << 20}, // all ways to a gateway race
	}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits.Build(rcmgr.InfiniteLimits)), rcmgr.WithMetricsDisabled(),
		rcmgr.WithConnRateLimiters(new(rate.Limiter)),
		rcmgr.WithLimitPerSubnet([]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: clientConns}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: clientConns}}))
}

// Way is the way on which the gateway was reached last, and those that were tried before and did not lead to one.
func (u *uplink) Way() (Way, Failures) { return u.ways.last(u.here().id) }

// begin connects to a gateway for the first time. Where only a proxy is left that wants credentials, a person is asked for them.
func (u *uplink) begin(ctx context.Context, among []gateway) error {
	for {
		err := u.connect(ctx, among)
		problem := proxy.ErrWantsCredentials
		if errors.Is(err, proxy.ErrWrongCredentials) {
			problem = proxy.ErrWrongCredentials
		}
		if u.ways.proxies.Ask == nil || !errors.Is(err, problem) {
			return err
		}
		who, unanswered := u.ways.proxies.Ask(ctx, problem)
		if unanswered != nil {
			return err
		}
		u.ways.proxies.Who = who
	}
}

// connect connects to one of several gateways, unless it is connected to the one that is used.
func (u *uplink) connect(ctx context.Context, among []gateway) error {
	at := u.here().id
	if u.node.Network().Connectedness(at) == network.Connected && indexOf(among, at) >= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	return u.goTo(ctx, among)
}

// goTo goes to one of several gateways, and notes how that went.
func (u *uplink) goTo(ctx context.Context, among []gateway) error {
	u.ways.begin()
	err := u.lost(u.seek(ctx, among, stagger, u.reach), among...)
	way, failed := u.Way()
	if u.reports.tried(err, way, failed); err == nil {
		u.reportLost(failed)
	}
	return err
}

// reach connects to a gateway, unless it is connected.
func (u *uplink) reach(ctx context.Context, g gateway) error {
	// A forced dial does not wait for what earlier ones met: 5 s after the first that failed.
	return u.node.Connect(network.WithForceDirectDial(ctx, "gateway"), peer.AddrInfo{ID: g.id, Addrs: []multiaddr.Multiaddr{home}})
}

// lost says which gateways cannot be reached, and why.
func (u *uplink) lost(err error, which ...gateway) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := errors.AsType[*swarm.DialError](err); ok {
		if _, failed := u.Way(); len(failed) > 0 {
			err = failed // on every way; libp2p adds the addresses that gateways tell of themselves, and nobody dials
		}
	}
	var names []string
	for _, g := range which {
		names = append(names, g.String())
	}
	return fmt.Errorf("gateway %s: %w (%w)", strings.Join(names, ", "), ErrGateway, err)
}

// leave forgets a call's other end, and hangs up if there is no other call with it.
func (u *uplink) leave(p peer.ID, unmatch func()) {
	unmatch()
	if !u.gate.isMatched(p) {
		u.node.Network().ClosePeer(p)
	}
}

// ask puts one question to the gateway that is used.
func (u *uplink) ask(ctx context.Context, p protocol.ID, question, answer proto.Message) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	at := u.here()
	defer u.watch(ctx, at)()
	s, err := u.node.NewStream(ctx, at.id, p)
	if err != nil {
		return u.lost(err, at)
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	s.SetDeadline(time.Now().Add(askFor))
	if err = message.Write(s, question); err == nil {
		err = message.Read(s, answer)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return u.lost(err, at)
}
