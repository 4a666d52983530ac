package p2p

import (
	"context"
	"errors"
	"fmt"
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

// uplink is a host's or a bridge's node with its connection to the gateway.
type uplink struct {
	node    host.Host
	gateway peer.AddrInfo
	ways    *ways
	gate    *gate
	meeting sync.Mutex // one direct connection at a time is made
	reports reports
}

// role is which end of sessions a node is.
type role struct {
	host     bool
	circuits func(host.Host, transport.Upgrader) error
}

// A host calls through a relay, and a bridge is called.
var (
	asHost   = role{true, addCircuits}
	asBridge = role{false, client.AddTransport}
)

// newUplink makes the node of a host or a bridge. It does not connect yet.
func newUplink(key crypto.PrivKey, gateways []string, proxies proxy.Settings, r role) (*uplink, error) {
	id, ends, err := parseGateways(gateways)
	if err != nil {
		return nil, err
	}
	resources, err := clientResources()
	if err != nil {
		return nil, err
	}
	u := &uplink{gateway: peer.AddrInfo{ID: id, Addrs: []multiaddr.Multiaddr{home}}, ways: &ways{ends: ends, proxies: proxies}, gate: newGate(id, r.host)}
	u.reports.log = logOr(nil)
	o := NodeOptions{Key: key, Gater: u.gate, Resources: resources, Circuits: r.circuits}
	o.Transports = u.ways.transports(o)
	if u.node, err = NewNode(o); err != nil {
		return nil, err
	}
	return u, nil
}

// clientConns is how many connections a host or a bridge has at most: one to its gateway, and those that race to be it, one for
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

// Way is the way on which the gateway was reached last, and those that were tried before and did not lead there.
func (u *uplink) Way() (Way, Failures) { return u.ways.last() }

// begin connects to the gateway for the first time. Where only a proxy is left that wants credentials, a person is asked for them.
func (u *uplink) begin(ctx context.Context) error {
	for {
		err := u.connect(ctx)
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

// connect connects to the gateway, unless it is connected.
func (u *uplink) connect(ctx context.Context) error {
	if u.node.Network().Connectedness(u.gateway.ID) == network.Connected {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	// A forced dial does not wait for what earlier ones met: 5 s after the first that failed.
	err := u.node.Connect(network.WithForceDirectDial(ctx, "gateway"), u.gateway)
	if err != nil {
		err = u.lost(err)
	}
	way, failed := u.Way()
	u.reports.tried(err, way, failed)
	return err
}

// lost says which gateway cannot be reached, and why.
func (u *uplink) lost(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := errors.AsType[*swarm.DialError](err); ok {
		if _, failed := u.ways.last(); len(failed) > 0 {
			err = failed // on every way; libp2p adds the addresses that the gateway tells of itself, and nobody dials
		}
	}
	return fmt.Errorf("gateway %s: %w (%w)", u.ways.ends[0].address(), ErrGateway, err)
}

// leave forgets a call's other end, and hangs up if there is no other call with it.
func (u *uplink) leave(p peer.ID, unmatch func()) {
	unmatch()
	if !u.gate.isMatched(p) {
		u.node.Network().ClosePeer(p)
	}
}

// ask puts one question to the gateway.
func (u *uplink) ask(ctx context.Context, p protocol.ID, question, answer proto.Message) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	s, err := u.node.NewStream(ctx, u.gateway.ID, p)
	if err != nil {
		return u.lost(err)
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	s.SetDeadline(time.Now().Add(askFor))
	if err := message.Write(s, question); err != nil {
		return u.lost(err)
	}
	if err := message.Read(s, answer); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return u.lost(err)
	}
	return nil
}
