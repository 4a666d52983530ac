package p2p

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	pbv2 "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/util"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

// circuits are a host's way to a bridge, through the relay of a gateway. The library's own asks the gateway for a circuit, then the
// bridge whether it speaks Noise, and then begins with Noise: three round trips from end to end. All that is asked has one answer that
// is of use, so here the questions and Noise's first message leave together, and the answers are read before Noise's.
type circuits struct {
	*uplink
	upgrader transport.Upgrader
}

// relayed is the address under which a host knows a bridge. At which gateway that is now is for circuits to find out.
var relayed = multiaddr.StringCast("/p2p-circuit")

// circuitAhead is how long a gateway that is connected has for a circuit before others are asked.
const circuitAhead = 2 * stagger

func addCircuits(u *uplink, h host.Host, up transport.Upgrader) error {
	n, ok := h.Network().(transport.TransportNetwork)
	if !ok {
		return fmt.Errorf("%T takes no transports", h.Network())
	}
	return n.AddTransport(&circuits{u, up})
}

func (t *circuits) Protocols() []int { return []int{multiaddr.P_CIRCUIT} }
func (t *circuits) Proxy() bool      { return true }

func (t *circuits) CanDial(a multiaddr.Multiaddr) bool { return a.Equal(relayed) }

func (t *circuits) Listen(multiaddr.Multiaddr) (transport.Listener, error) {
	return nil, errors.New("nobody calls a host")
}

// Dial calls a bridge by whichever gateway leads to it.
func (t *circuits) Dial(ctx context.Context, _ multiaddr.Multiaddr, bridge peer.ID) (transport.CapableConn, error) {
	var mu sync.Mutex
	var first transport.CapableConn
	ahead := circuitAhead
	if t.node.Network().Connectedness(t.here().id) != network.Connected {
		ahead = 0
	}
	err := t.seek(ctx, t.ways.known(), ahead, func(ctx context.Context, g gateway) error {
		c, err := t.through(ctx, g, bridge)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if first != nil {
			c.Close()
			return errSlower
		}
		first = c
		return nil
	})
	if err != nil && first != nil {
		first.Close()
	}
	if err != nil {
		return nil, err
	}
	return first, nil
}

// through calls a bridge by the relay of one gateway.
func (t *circuits) through(ctx context.Context, g gateway, bridge peer.ID) (transport.CapableConn, error) {
	if err := t.reach(ctx, g); err != nil {
		return nil, err
	}
	defer t.watch(ctx, g)()
	scope, err := t.node.Network().ResourceManager().OpenConnection(network.DirOutbound, false, relayed)
	if err != nil {
		return nil, err
	}
	c, err := t.begin(ctx, g.id, bridge)
	if err == nil {
		err = scope.SetPeer(bridge)
	}
	if err != nil {
		scope.Done()
		return nil, err
	}
	return t.upgrader.Upgrade(ctx, t, c, network.DirOutbound, bridge, scope)
}

// begin opens the stream that the circuit is to be.
func (t *circuits) begin(ctx context.Context, gateway, bridge peer.ID) (*circuit, error) {
	c := &circuit{bridge: bridge, promised: agreed}
	connect := &pbv2.HopMessage{Type: pbv2.HopMessage_CONNECT.Enum(), Peer: &pbv2.Peer{Id: []byte(bridge)}}
	err := util.NewDelimitedWriter(&c.unsaid).WriteMsg(connect)
	if err != nil {
		return nil, err
	}
	if c.Stream, err = t.node.NewStream(network.WithNoDial(ctx, "circuit"), gateway, proto.ProtoIDv2Hop); err != nil {
		return nil, err
	}
	return c, nil
}

// agreed is what both ends of a connection say of its security, where both speak Noise.
var agreed = func() []byte {
	var b bytes.Buffer
	for _, s := range []string{multistream.ProtocolID, noise.ID} {
		b.WriteByte(byte(len(s) + 1))
		b.WriteString(s + "\n")
	}
	return b.Bytes()
}()

// maxHop is the longest answer of a relay.
const maxHop = 4096

// circuit is a stream to the gateway that becomes a connection to a bridge. One goroutine at a time reads, and one writes.
type circuit struct {
	network.Stream
	bridge  peer.ID
	through multiaddr.Multiaddr // the gateway's relay

	said     int          // bytes of agreed that this end has said
	unsaid   bytes.Buffer // leaves with the first byte after agreed
	promised []byte       // the rest of agreed, that is given to who reads before it has come
	heard    bool         // it has come
}

func (c *circuit) Write(b []byte) (int, error) {
	if c.said < len(agreed) {
		c.said += len(b)
		return c.unsaid.Write(b)
	}
	if c.unsaid.Len() == 0 {
		return c.Stream.Write(b)
	}
	c.unsaid.Write(b)
	_, err := c.unsaid.WriteTo(c.Stream)
	return len(b), err
}

func (c *circuit) Read(b []byte) (int, error) {
	if len(c.promised) > 0 {
		n := copy(b, c.promised)
		c.promised = c.promised[n:]
		return n, nil
	}
	if !c.heard {
		if err := c.hear(); err != nil {
			return 0, err
		}
		c.heard = true
	}
	return c.Stream.Read(b)
}

// hear reads what the gateway and the bridge were expected to answer.
func (c *circuit) hear() error {
	rd := util.NewDelimitedReader(c.Stream, maxHop)
	defer rd.Close()
	var m pbv2.HopMessage
	if err := rd.ReadMsg(&m); err != nil {
		return fmt.Errorf("the gateway's relay does not answer: %w", err)
	}
	if m.GetType() != pbv2.HopMessage_STATUS || m.GetStatus() != pbv2.Status_OK {
		return fmt.Errorf("the gateway's relay refuses: %v", m.GetStatus())
	}
	answer := make([]byte, len(agreed))
	if _, err := io.ReadFull(c.Stream, answer); err != nil {
		return fmt.Errorf("the bridge does not answer: %w", err)
	}
	if !bytes.Equal(answer, agreed) {
		return errors.New("the bridge does not speak Noise")
	}
	return nil
}

// Close breaks the circuit: there is no half of it.
func (c *circuit) Close() error { return c.Reset() }

// Stat says that this is a relayed connection. Gateways limit theirs, if not so that it can be felt.
func (c *circuit) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Limited: true}}
}

func (c *circuit) LocalMultiaddr() multiaddr.Multiaddr { return c.Conn().LocalMultiaddr() }

func (c *circuit) RemoteMultiaddr() multiaddr.Multiaddr {
	return c.Conn().RemoteMultiaddr().Encapsulate(c.through)
}

func (c *circuit) LocalAddr() net.Addr  { return peerAddr(c.Conn().LocalPeer().String()) }
func (c *circuit) RemoteAddr() net.Addr { return peerAddr(c.bridge.String()) }

var (
	_ manet.Conn       = (*circuit)(nil)
	_ network.ConnStat = (*circuit)(nil)
)
