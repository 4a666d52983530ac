package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify/pb"
	"github.com/libp2p/go-msgio/pbio"
	"github.com/libp2p/go-reuseport"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

const (
	lookFor     = 5 * time.Second        // for the gateway to say where it sees us
	lookMore    = 100 * time.Millisecond // see look
	maxIdentify = 8 << 10                // bytes of a gateway's identify message: libp2p's own bound
)

// spot is where one end of a session can be met for a few seconds: a TCP port and a UDP port, and the addresses under which
// others see them. Those the gateway tells, which is called from the same ports.
type spot struct {
	swarm     *swarm.Swarm
	source    *sourcePort
	listening []multiaddr.Multiaddr // none on a host
	seen      []multiaddr.Multiaddr // by the gateway
	calls     []transport.CapableConn
}

var (
	errNear   = errors.New("the gateway is on this computer: no way is shorter")
	errUnseen = errors.New("the gateway does not say where it sees this computer")
)

// openSpot makes a spot. Only a bridge listens there: a host sends, and a router lets in what answers.
func (u *uplink) openSpot(ctx context.Context) (*spot, error) {
	at := u.here().id
	conns := u.node.Network().ConnsToPeer(at)
	if len(conns) == 0 {
		return nil, ErrGateway
	}
	gateway, err := addrPort(conns[0].RemoteMultiaddr())
	if err != nil {
		return nil, err
	}
	local, err := towards(gateway)
	if err != nil {
		return nil, err
	}
	if local.IsLoopback() {
		return nil, errNear
	}
	s := &spot{swarm: u.node.Network().(*swarm.Swarm), source: &u.ways.source}
	s.source.bind(netip.AddrPortFrom(local, 0))
	if !u.gate.host {
		err = s.listen(local)
	}
	if err == nil {
		err = s.look(ctx, gateway, at)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// listen opens the ports of a bridge.
func (s *spot) listen(at netip.Addr) error {
	if err := s.swarm.Listen(onTCP(netip.AddrPortFrom(at, 0)), onQUIC(netip.AddrPortFrom(at, 0))); err != nil {
		return err
	}
	for _, a := range s.swarm.ListenAddresses() {
		here, err := addrPort(a)
		if err != nil { // a circuit's
			continue
		}
		s.listening = append(s.listening, a)
		if a.Equal(onTCP(here)) {
			s.source.bind(here)
		}
	}
	return nil
}

// look asks the gateway where it sees the ports. One of the two is enough: the other has as much time again.
func (s *spot) look(ctx context.Context, gateway netip.AddrPort, id peer.ID) error {
	ctx, cancel := context.WithTimeout(network.WithSimultaneousConnect(ctx, true, "look"), lookFor)
	defer cancel()
	type sight struct {
		call transport.CapableConn
		seen multiaddr.Multiaddr
		err  error
	}
	sights := make(chan sight)
	looking, began := 0, time.Now()
	for _, there := range []multiaddr.Multiaddr{onTCP(gateway), onQUIC(gateway)} {
		if t := s.swarm.TransportForDialing(there); t != nil {
			looking++
			go func() {
				call, err := t.Dial(ctx, there, id)
				if err != nil {
					sights <- sight{err: err}
					return
				}
				seen, err := identified(ctx, call)
				sights <- sight{call, seen, err}
			}()
		}
	}
	var lost error
	for range looking {
		it := <-sights
		if it.call != nil {
			s.calls = append(s.calls, it.call) // as long as it lives, the router keeps the place
		}
		if it.err != nil {
			lost = it.err
			continue
		}
		s.seen = append(s.seen, it.seen)
		if here, err := addrPort(it.call.LocalMultiaddr()); err == nil && it.call.LocalMultiaddr().Equal(onTCP(here)) {
			s.source.bind(here)
		}
		enough := time.AfterFunc(time.Since(began)+lookMore, cancel)
		defer enough.Stop()
	}
	if len(s.seen) == 0 {
		return fmt.Errorf("%w: %w", errUnseen, lost)
	}
	return nil
}

// identified asks the far end of a connection which address it sees, as libp2p's identify does.
func identified(ctx context.Context, conn transport.CapableConn) (multiaddr.Multiaddr, error) {
	stream, err := conn.OpenStream(ctx)
	if err != nil {
		return nil, err
	}
	defer stream.Reset()
	if until, ok := ctx.Deadline(); ok {
		stream.SetDeadline(until)
	}
	if err := multistream.SelectProtoOrFail(identify.ID, stream); err != nil {
		return nil, err
	}
	var said pb.Identify
	if err := pbio.NewDelimitedReader(stream, maxIdentify).ReadMsg(&said); err != nil {
		return nil, err
	}
	return multiaddr.NewMultiaddrBytes(said.GetObservedAddr())
}

// addresses are what the other end is told. Those of the local network help only where nothing lies between.
func (s *spot) addresses() [][]byte {
	var told [][]byte
	for _, a := range append(s.listening, s.seen...) {
		told = append(told, a.Bytes())
	}
	return told
}

// close ends the spot. A connection that was made there lives on.
func (s *spot) close() {
	s.swarm.ListenClose(s.listening...)
	for _, c := range s.calls {
		c.Close()
	}
	s.source.bind(netip.AddrPort{})
}

// sourcePort dials TCP. A connection that both ends dial at once leaves by a port that the other end knows.
type sourcePort struct {
	mu sync.Mutex
	at netip.AddrPort
}

func (s *sourcePort) bind(at netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = at
}

func (s *sourcePort) DialContext(ctx context.Context, network_, address string) (net.Conn, error) {
	var d net.Dialer
	if both, _, _ := network.GetSimultaneousConnect(ctx); both {
		s.mu.Lock()
		d.LocalAddr, d.Control = net.TCPAddrFromAddrPort(s.at), reuseport.Control
		s.mu.Unlock()
	}
	return d.DialContext(ctx, network_, address)
}

// towards is this computer's address on the way to another. Nothing is sent.
func towards(there netip.AddrPort) (netip.Addr, error) {
	conn, err := net.Dial("udp", there.String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// addrPort is the IP address and the port in a multiaddr.
func addrPort(a multiaddr.Multiaddr) (netip.AddrPort, error) {
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := a.ValueForProtocol(multiaddr.P_TCP)
	if err != nil {
		port, err = a.ValueForProtocol(multiaddr.P_UDP)
	}
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.ParseAddrPort(net.JoinHostPort(ip.String(), port))
}

func onTCP(a netip.AddrPort) multiaddr.Multiaddr {
	return multiaddr.StringCast(fmt.Sprintf("/%s/%s/tcp/%d", version(a), a.Addr(), a.Port()))
}

func onQUIC(a netip.AddrPort) multiaddr.Multiaddr {
	return multiaddr.StringCast(fmt.Sprintf("/%s/%s/udp/%d/quic-v1", version(a), a.Addr(), a.Port()))
}

func version(a netip.AddrPort) string {
	if a.Addr().Is4() {
		return "ip4"
	}
	return "ip6"
}
