package gateway

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"sixgate/p2p"
	"sixgate/p2p/message"
	"sixgate/p2p/resume"
)

// operatorsNode is a node with the key of an operator's bridge, which does what the test does.
func operatorsNode(t testing.TB, g *Gateway) (host.Host, peer.AddrInfo) {
	t.Helper()
	_, key := operatorOf(t, g, "Eve")
	return node(t, g, key)
}

// What is no question is not answered, and of two on one stream the first is. The gateway keeps nothing of it.
func TestHostileQuestions(t *testing.T) {
	g := start(t, Options{})
	n, gateway := operatorsNode(t, g)
	many := make([][]byte, p2p.MostHosts+1)
	for i := range many {
		many[i] = []byte(n.ID())
	}
	put := func(p protocol.ID, says []byte) network.Stream {
		t.Helper()
		s, err := n.NewStream(t.Context(), gateway.ID, p)
		if err != nil {
			t.Fatal(err)
		}
		s.SetDeadline(time.Now().Add(time.Minute))
		s.Write(says)
		s.CloseWrite()
		return s
	}
	held(t, 8<<20, func() {
		for _, tt := range []struct {
			protocol protocol.ID
			question proto.Message
			wrong    [][]byte
		}{
			{p2p.CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_OPEN}, nil},
			{p2p.RedeemProtocol, &message.Redeem{Code: "482913"}, nil},
			{p2p.HostsProtocol, &message.Hosts{Hosts: [][]byte{[]byte(n.ID())}}, [][]byte{wire(t, &message.Hosts{Hosts: many})}},
		} {
			for _, b := range append(wrongs(wire(t, tt.question)), tt.wrong...) {
				s := put(tt.protocol, b)
				if got, err := io.ReadAll(s); err == nil && len(got) > 0 {
					t.Errorf("%s: %.60q is answered with %q", tt.protocol, b, got)
				}
				s.Reset()
			}
			s := put(tt.protocol, wire(t, tt.question, tt.question))
			if err := message.Read(s, new(message.HostsAnswer)); err != nil { // whatever it is
				t.Errorf("%s: %v", tt.protocol, err)
			}
			if more, err := io.ReadAll(s); len(more) > 0 {
				t.Errorf("%s: the second question is answered with %q, %v", tt.protocol, more, err)
			}
			s.Reset()
		}
	})
	for _, tt := range []struct {
		protocol protocol.ID
		question proto.Message
	}{{p2p.CodeProtocol, &message.CodeRequest{Verb: 99}}, {p2p.HostsProtocol, &message.Hosts{Hosts: [][]byte{[]byte("nobody")}}}} {
		var a message.HostsAnswer
		if ask(t, n, gateway.ID, tt.protocol, tt.question, &a); a.Status != message.Status_BUSY {
			t.Errorf("%s: %v is answered with %v", tt.protocol, tt.question, a.Status)
		}
	}
}

// A bridge that answers arrivals in other words, or not, holds up nobody but who redeemed its code, and leaves nothing behind.
func TestHostileBridge(t *testing.T) {
	g := start(t, Options{})
	n, gateway := operatorsNode(t, g)
	var says atomic.Value
	n.SetStreamHandler(p2p.ArrivalProtocol, func(s network.Stream) {
		defer s.Close()
		message.Read(s, new(message.Arrival))
		s.Write(says.Load().([]byte))
	})
	if _, err := client.Reserve(t.Context(), n, gateway); err == nil {
		t.Error("a bridge without a code has a place at the relay")
	}
	held(t, 8<<20, func() {
		for _, answer := range wrongs(wire(t, &message.ArrivalAnswer{Status: message.Status_OK})) {
			says.Store(answer)
			var code message.CodeAnswer
			ask(t, n, gateway.ID, p2p.CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_OPEN}, &code)
			kitchen, _ := stranger(t, g)
			ask(t, kitchen, gateway.ID, p2p.RedeemProtocol, &message.Redeem{Code: code.Code}, new(message.Meeting))
			kitchen.Close()
		}
	})
	for end := time.Now().Add(time.Minute); ; {
		g.arrivals.mu.Lock()
		open := len(g.arrivals.open)
		g.arrivals.mu.Unlock()
		if open == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d arrivals are waited for", open)
		}
	}
}

// A host that has redeemed a code and opens three thousand streams to the bridge has one session, which it does not finish; who else
// has one there goes on.
func TestHostileHost(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	host, bridge := call(t, dialHost(t, g.Addresses()...), b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)
	n, gateway := stranger(t, g)
	var m message.Meeting
	ask(t, n, gateway.ID, p2p.RedeemProtocol, &message.Redeem{Code: newCode(t, b)}, &m)
	circuit := multiaddr.StringCast("/p2p/" + gateway.ID.String() + "/p2p-circuit")
	ctx := network.WithAllowLimitedConn(t.Context(), "test")
	if err := n.Connect(ctx, peer.AddrInfo{ID: peer.ID(m.Bridge), Addrs: []multiaddr.Multiaddr{circuit}}); err != nil {
		t.Fatal(err)
	}
	conn := n.Network().ConnsToPeer(peer.ID(m.Bridge))[0]
	s, err := n.NewStream(ctx, peer.ID(m.Bridge), p2p.ArrivalProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var a message.ArrivalAnswer // to what only a gateway may say
	if err := errors.Join(message.Write(s, &message.Arrival{Host: []byte(gateway.ID), Code: newCode(t, b)}), message.Read(s, &a)); err == nil {
		t.Errorf("the bridge lets a host announce another: %v", a.Status)
	}
	held(t, 24<<20, func() { // most of it by the host itself
		opened := 0
		for i := range 3000 {
			s, err := conn.NewStream(ctx)
			if err != nil {
				continue
			}
			opened++
			s.SetDeadline(time.Now().Add(time.Minute))
			p := []string{"/sixgate/session/1", string(p2p.ArrivalProtocol), "/sixgate/channel/1", "/none"}[i%4]
			s.Write([]byte("\x13/multistream/1.0.0\n" + string(rune(len(p)+1)) + p + "\n\x00\x00"))
		}
		t.Logf("%d streams were opened", opened)
	})
	alive(t, at, from)
	conn.Close()
	if _, err := b.Accept(t.Context()); !errors.Is(err, p2p.ErrHandshake) {
		t.Errorf("the host that did not finish: %v", err)
	}
}

func alive(t *testing.T, at, from io.ReadWriter) {
	t.Helper()
	go io.WriteString(at, "alive")
	got := make([]byte, 5)
	if _, err := io.ReadFull(from, got); err != nil || string(got) != "alive" {
		t.Errorf("the session beside carries %q, %v", got, err)
	}
}

// Who never reads has the other end keep one window of a channel, and the gateway no more than its buffers.
func TestWhoNeverReads(t *testing.T) {
	g := start(t, Options{})
	host, bridge := call(t, dialHost(t, g.Addresses()...), addBridge(t, g, "Ada"))
	consent(t, host, bridge)
	at, _ := screen(t, host, bridge)
	held(t, 4*resume.Window, func() {
		for wrote, piece := 0, make([]byte, 1<<16); ; {
			at.(interface{ SetWriteDeadline(time.Time) error }).SetWriteDeadline(time.Now().Add(time.Second))
			n, err := at.Write(piece)
			if wrote += n; err == nil {
				continue
			}
			if wrote != resume.Window {
				t.Errorf("%d bytes are taken that nobody reads, want %d: %v", wrote, resume.Window, err)
			}
			return
		}
	})
	if host.Err() != nil || bridge.Err() != nil {
		t.Errorf("the session has ended: %v, %v", host.Err(), bridge.Err())
	}
}
