package p2p

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"sixgate/p2p/proxy"
)

// All ways to a gateway are tried, and the first that works wins. They do not start together: TCP costs the gateway a third of
// what QUIC does for each byte, and WebSocket twice the round trips. So each kind has stagger before the next begins, and on a long
// path QUIC, which needs the fewest round trips, overtakes. What worked last begins first.
const (
	stagger = 250 * time.Millisecond
	tryFor  = 9 * time.Second // one way
)

// home is the address under which a node knows its gateway. How to get there is what ways know.
var home = multiaddr.StringCast("/memory/1")

// Way is one way to a gateway.
type Way struct {
	Gateway   string // its peer id
	Transport string // tcp, quic or websocket
	Address   string // host:port of the gateway
	Proxy     string // host:port; "" when none is on the way
}

func (w Way) String() string {
	s := w.Transport + " " + w.Address
	if w.Proxy != "" {
		s += " by proxy " + w.Proxy
	}
	return s
}

// Failure is a way that did not lead to the gateway, and why.
type Failure struct {
	Way Way
	Err error
}

// Explain says in words what went wrong, and what a person can do about it.
func (f Failure) Explain() (says, remedy string) { return explain(f.Err, f.Way.Address) }

// Failures are all ways that did not lead to the gateway, in one line.
type Failures []Failure

func (f Failures) Error() string {
	var all []string
	for _, one := range f {
		says, _ := one.Explain()
		all = append(all, one.Way.String()+": "+says)
	}
	return strings.Join(all, "; ")
}

func (f Failures) Unwrap() []error {
	var all []error
	for _, one := range f {
		all = append(all, one.Err)
	}
	return all
}

// ways is a transport whose only address is home.
type ways struct {
	own       []gateway // that the node was given; the first has a head start when it begins
	proxies   proxy.Settings
	resources network.ResourceManager
	up        transport.Upgrader
	tcp, quic transport.Transport
	racing    sync.WaitGroup // added to under mu, and not after closed
	source    sourcePort

	mu     sync.Mutex
	all    []gateway // own, and those that a gateway has named
	best   map[peer.ID]Way
	lost   map[peer.ID]Failures // of the last race to each
	closed bool
}

func newWays(own []gateway, proxies proxy.Settings) *ways {
	return &ways{own: own, all: own, proxies: proxies, best: make(map[peer.ID]Way), lost: make(map[peer.ID]Failures)}
}

// known are the gateways that may be used.
func (w *ways) known() []gateway {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all[:len(w.all):len(w.all)]
}

// ends are all addresses of the gateways that may be used.
func (w *ways) ends() (all []endpoint) {
	for _, g := range w.known() {
		all = append(all, g.ends...)
	}
	return all
}

func (w *ways) knows(p peer.ID) bool {
	return indexOf(w.known(), p) >= 0
}

// learn takes in the gateways that one has named, in the place of those that were named before.
func (w *ways) learn(named []gateway) {
	all := slices.Clone(w.own)
	for _, g := range named {
		for _, e := range g.ends {
			all = with(all, e)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = all
}

// transports are what a host's or a bridge's node dials with: the ways to its gateway, and TCP and QUIC to the other end.
func (w *ways) transports(o NodeOptions) func(transport.Upgrader) ([]transport.Transport, error) {
	return func(up transport.Upgrader) (all []transport.Transport, err error) {
		os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // is for servers; to a person it says nothing
		w.up, w.resources = up, o.Resources
		dialer := tcp.WithDialerForAddr(func(multiaddr.Multiaddr) (tcp.ContextDialer, error) { return &w.source, nil })
		if w.tcp, err = tcp.NewTCPTransport(up, o.Resources, nil, dialer); err != nil {
			return nil, err
		}
		if w.quic, err = QUIC(o); err != nil {
			return nil, err
		}
		return []transport.Transport{w.tcp, w.quic, w}, nil
	}
}

func (w *ways) CanDial(a multiaddr.Multiaddr) bool { return a.Equal(home) }
func (w *ways) Protocols() []int                   { return []int{multiaddr.P_MEMORY} }
func (w *ways) Proxy() bool                        { return false }
func (w *ways) Listen(multiaddr.Multiaddr) (transport.Listener, error) {
	return nil, errors.New("ways only lead away")
}

// Close refuses races from now on, and waits for the ways that lost one. Swarm closes its transports beside dials that their caller
// has given up.
func (w *ways) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.racing.Wait()
	return nil
}

// enter says where a gateway is and which way there worked last, and has Close wait for a race, which tells racing when it is done.
func (w *ways) enter(to peer.ID) (ends []endpoint, best Way, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, best, net.ErrClosed
	}
	if i := indexOf(w.all, to); i >= 0 {
		ends = w.all[i].ends
	}
	w.racing.Add(1)
	return ends, w.best[to], nil
}

// Dial races all ways to a gateway. Where none leads there, the error is Failures.
func (w *ways) Dial(ctx context.Context, _ multiaddr.Multiaddr, to peer.ID) (transport.CapableConn, error) {
	ends, best, err := w.enter(to)
	if err != nil {
		return nil, err
	}
	defer w.racing.Done()
	r := newRace(ctx, func(ctx context.Context, s step) attempt {
		conn, err := w.try(ctx, s, to)
		return attempt{s.Way, conn, err}
	})
	for _, e := range ends {
		r.enter(func() []step { return w.through(e) }, best) // which does not wait for a name server
		r.enter(func() []step { return w.direct(r.ctx, e) }, best)
	}
	w.racing.Go(r.close)
	var lost Failures
	failed := 0
	for a := range r.ended {
		if a.err != nil {
			if !errors.Is(a.err, context.Canceled) { // as when another gateway is faster
				lost = append(lost, Failure{a.way, a.err})
			}
			failed++
			r.next(failed)
			if w.proxies.Ask != nil && (errors.Is(a.err, proxy.ErrWantsCredentials) || errors.Is(a.err, proxy.ErrWrongCredentials)) {
				r.hasten()
			}
			continue
		}
		r.stop(errSlower)
		w.mu.Lock()
		w.best[to], w.lost[to] = a.way, lost
		w.mu.Unlock()
		w.racing.Go(func() { // the others have lost: nobody waits for them
			for a := range r.ended {
				if a.conn != nil {
					a.conn.Close()
				}
			}
		})
		return a.conn, nil
	}
	w.mu.Lock()
	w.lost[to] = lost
	w.mu.Unlock()
	return nil, lost
}

// begin forgets what did not lead to a gateway before.
func (w *ways) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.lost)
}

// last is the way on which a gateway was reached last, and those that did not lead to one, it or another, when it was found.
func (w *ways) last(to peer.ID) (Way, Failures) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lost Failures
	for _, g := range w.all {
		lost = append(lost, w.lost[g.id]...)
	}
	return w.best[to], lost
}

// through are the ways to an address through a proxy, which looks the name up itself.
func (w *ways) through(e endpoint) (all []step) {
	via, err := w.proxies.For(e.address())
	if via == nil && err == nil {
		return nil
	}
	s := step{Way: Way{Gateway: e.of.String(), Address: e.address(), Proxy: "?"}, via: via, none: err}
	if via != nil {
		s.Proxy = proxy.Name(via)
	}
	return e.by(s, map[string]int{byTCP: 1, byWebSocket: 2})
}

// direct are the ways to each address that a name means.
func (w *ways) direct(ctx context.Context, e endpoint) (all []step) {
	addresses, err := e.lookUp(ctx)
	if err != nil {
		return []step{{Way: Way{Gateway: e.of.String(), Transport: cmp.Or(e.only, byTCP), Address: e.address()}, none: err}}
	}
	for _, ip := range addresses {
		s := step{Way: Way{Gateway: e.of.String(), Address: netip.AddrPortFrom(ip.Unmap(), e.number()).String()}}
		all = append(all, e.by(s, map[string]int{byTCP: 0, byQUIC: 1, byWebSocket: 2})...)
	}
	return all
}

// by is a step by each transport that leads to the endpoint, with its turn.
func (e endpoint) by(s step, turns map[string]int) (all []step) {
	for kind, turn := range turns {
		if e.only == "" || e.only == kind {
			s.Transport, s.turn = kind, turn
			all = append(all, s)
		}
	}
	return all
}

// try goes one way.
func (w *ways) try(ctx context.Context, s step, gateway peer.ID) (transport.CapableConn, error) {
	if s.none != nil {
		return nil, s.none
	}
	within, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	conn, err := w.connect(within, s, gateway)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case within.Err() != nil:
		return nil, errSilent
	case errors.As(err, new(sec.ErrPeerIDMismatch)):
		return nil, fmt.Errorf("%w (%w)", ErrOtherGateway, err)
	}
	return nil, err
}

func (w *ways) connect(ctx context.Context, s step, gateway peer.ID) (transport.CapableConn, error) {
	if s.Transport == byQUIC || s.Transport == byTCP && s.via == nil {
		return w.plain(ctx, s, gateway)
	}
	var raw net.Conn
	var err error
	if s.via != nil {
		raw, err = proxy.Dial(ctx, s.via, s.Address)
	} else {
		raw, err = new(net.Dialer).DialContext(ctx, "tcp", s.Address)
	}
	if err == nil && s.Transport == byWebSocket {
		raw, err = socket(ctx, raw, s.Address)
	}
	if err != nil {
		return nil, err
	}
	return w.upgrade(ctx, raw, gateway)
}

// plain goes a way that libp2p knows.
func (w *ways) plain(ctx context.Context, s step, gateway peer.ID) (transport.CapableConn, error) {
	to, err := netip.ParseAddrPort(s.Address)
	if err != nil {
		return nil, err
	}
	if s.Transport == byTCP {
		a, err := manet.FromNetAddr(net.TCPAddrFromAddrPort(to))
		if err != nil {
			return nil, err
		}
		return w.tcp.Dial(ctx, a, gateway)
	}
	a, err := manet.FromNetAddr(net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { watchRefusal(ctx, s.Address, stop) })
	defer watching.Wait()
	defer stop(nil)
	c, err := w.quic.Dial(ctx, a.Encapsulate(quicV1), gateway)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return c, err
}

// watchRefusal ends a dial of QUIC when the machine there, or one before it, says that nothing is there. QUIC itself, whose socket
// serves many, does not hear it and waits.
func watchRefusal(ctx context.Context, address string, refuse context.CancelCauseFunc) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		refuse(err)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err = conn.Write([]byte{0}); err == nil { // too short for QUIC: who listens says nothing
		_, err = conn.Read(make([]byte, 1))
	}
	if err != nil && ctx.Err() == nil {
		refuse(err)
	}
}

var quicV1 = multiaddr.StringCast("/quic-v1")

// upgrade authenticates the far end of a connection that is not libp2p's own.
func (w *ways) upgrade(ctx context.Context, raw net.Conn, gateway peer.ID) (transport.CapableConn, error) {
	conn, err := manet.WrapNetConn(raw)
	if err != nil {
		raw.Close()
		return nil, err
	}
	scope, err := w.resources.OpenConnection(network.DirOutbound, true, conn.RemoteMultiaddr())
	if err != nil {
		raw.Close()
		return nil, err
	}
	c, err := w.up.Upgrade(ctx, w, conn, network.DirOutbound, gateway, scope)
	if err != nil {
		scope.Done()
		return nil, err
	}
	return c, nil
}
