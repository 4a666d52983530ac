package gateway

import (
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	circuit "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/proto"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

// A host learns of the bridge without waiting for what that says, but does not reach it before it has been let in there.
func TestNobodyCallsBeforeTheyAreExpected(t *testing.T) {
	g := start(t, Options{})
	_, key := operatorOf(t, g, "Ada")
	bridge, gateway := node(t, g, key)
	called, redeemed := make(chan struct{}), make(chan struct{})
	bridge.SetStreamHandler(circuit.ProtoIDv2Stop, func(s network.Stream) {
		close(called)
		s.Reset()
	})
	bridge.SetStreamHandler(p2p.ArrivalProtocol, func(s network.Stream) {
		defer s.Close()
		message.Read(s, new(message.Arrival))
		<-redeemed
		select {
		case <-called:
		case <-time.After(200 * time.Millisecond): // the host has called by now
		}
		message.Write(s, &message.ArrivalAnswer{Status: message.Status_NO_CODE})
	})
	var code message.CodeAnswer
	ask(t, bridge, gateway.ID, p2p.CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_OPEN}, &code)
	if _, err := client.Reserve(t.Context(), bridge, gateway); err != nil {
		t.Fatal(err)
	}

	kitchen, _ := stranger(t, g)
	var m message.Meeting
	ask(t, kitchen, gateway.ID, p2p.RedeemProtocol, &message.Redeem{Code: code.Code}, &m)
	if m.Status != message.Status_OK || string(m.Bridge) != string(bridge.ID()) {
		t.Fatal(m.Status)
	}
	close(redeemed)
	there := peer.AddrInfo{ID: bridge.ID(), Addrs: []multiaddr.Multiaddr{multiaddr.StringCast("/p2p/" + gateway.ID.String() + "/p2p-circuit")}}
	if err := kitchen.Connect(network.WithAllowLimitedConn(t.Context(), "test"), there); err == nil {
		t.Error("the host reaches a bridge that does not want it")
	}
	select {
	case <-called:
		t.Error("the host calls a bridge that does not expect it yet")
	default:
	}
}

// ask puts one question to a gateway.
func ask(t testing.TB, n host.Host, gateway peer.ID, p protocol.ID, question, answer proto.Message) {
	t.Helper()
	s, err := n.NewStream(t.Context(), gateway, p)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(message.Write(s, question), message.Read(s, answer)); err != nil {
		t.Fatal(err)
	}
}
