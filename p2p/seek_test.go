package p2p

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
)

// farGateway is the far end of an uplink: a node of libp2p that answers as a gateway does.
type farGateway struct {
	host.Host
	address string
}

func startFar(t testing.TB) *farGateway {
	t.Helper()
	key, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	limits, err := clientResources()
	if err != nil {
		t.Fatal(err)
	}
	n, err := NewNode(NodeOptions{Key: key, Resources: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if err := n.Network().Listen(multiaddr.StringCast("/ip4/127.0.0.1/tcp/0")); err != nil {
		t.Fatal(err)
	}
	g := &farGateway{n, n.Network().ListenAddresses()[0].String() + "/p2p/" + n.ID().String()}
	g.answer(CodeProtocol, &message.CodeAnswer{Status: message.Status_OK, Code: "482913", Seconds: 900})
	g.answer(HostsProtocol, &message.HostsAnswer{Status: message.Status_OK})
	return g
}

// answer has the gateway answer whatever it is asked.
func (g *farGateway) answer(p protocol.ID, m proto.Message) {
	g.SetStreamHandler(p, func(s network.Stream) {
		defer s.Close()
		message.Write(s, m)
	})
}

// silentAt is an address of a gateway that does not answer.
func silentAt(t testing.TB, id string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "/ip4/127.0.0.1/tcp/" + port + "/p2p/" + id
}

func someID(t testing.TB) string {
	t.Helper()
	_, id, err := NewProfile([]string{"/ip4/192.0.2.1/tcp/1/p2p/" + gatewayID}, "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func dialFar(t testing.TB, gateways ...string) *Host {
	t.Helper()
	h, err := DialHost(t.Context(), HostOptions{Gateways: gateways, Self: Hello{Name: "kitchen-pc"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// Of sixteen gateways one answers. It is reached at once, though the others were before it in the list.
func TestSilentGatewaysAreNotWaitedFor(t *testing.T) {
	g := startFar(t)
	list := []string{g.address}
	for range maxEndpoints - 1 {
		list = append([]string{silentAt(t, someID(t))}, list...)
	}
	began := time.Now()
	h := dialFar(t, list...)
	if way, _ := h.Way(); way.Gateway != g.ID().String() || time.Since(began) > tryFor/2 {
		t.Errorf("the host came by %v after %v", way, time.Since(began))
	}
	h.Close()
	if _, failed := h.Way(); errors.Is(failed, context.Canceled) {
		t.Errorf("that others were slower counts as failure: %v", failed)
	}
}

// An address of one gateway, where another program answers, is a way that failed, and no more.
func TestImpostorAmongGateways(t *testing.T) {
	g, other := startFar(t), startFar(t)
	impostor, _, _ := strings.Cut(other.address, "/p2p/")
	h := dialFar(t, impostor+"/p2p/"+someID(t), g.address)
	way, failed := h.Way()
	if way.Gateway != g.ID().String() || !errors.Is(failed, ErrOtherGateway) {
		t.Errorf("the host came by %v; failed: %v", way, failed)
	}
	for _, f := range failed {
		if f.Way.Gateway == g.ID().String() {
			t.Errorf("the right gateway failed: %v", failed)
		}
	}
	if n := len(h.node.Network().Peers()); n != 1 {
		t.Errorf("the host is connected to %d", n)
	}
}

// A gateway that leads nowhere is tried again while another is silent, and the silent one is not waited for.
func TestSeek(t *testing.T) {
	near, silent, late := startFar(t), startFar(t), startFar(t)
	h := dialFar(t, near.address, silent.address, late.address)
	var tried, ended atomic.Int32
	err := h.seek(t.Context(), h.ways.known(), time.Hour, func(ctx context.Context, g gateway) error {
		switch g.id {
		case near.ID():
			return errors.New("the bridge is not here")
		case silent.ID():
			<-ctx.Done()
			ended.Add(1)
			return ctx.Err()
		}
		if tried.Add(1) < 4 {
			return errors.New("not yet")
		}
		return h.reach(ctx, g)
	})
	if err != nil || h.here().id != late.ID() || ended.Load() != 1 {
		t.Errorf("the host is at %v (%v), and %d leads have ended", h.here(), err, ended.Load())
	}
	if peers := h.node.Network().Peers(); len(peers) != 1 || peers[0] != late.ID() {
		t.Errorf("connected are %v", peers)
	}
	want := errors.New("nowhere")
	if err := h.seek(t.Context(), h.ways.known(), time.Hour, func(context.Context, gateway) error { return want }); !errors.Is(err, want) || h.here().id != late.ID() {
		t.Errorf("no gateway leads there: %v, and the host is at %v", err, h.here())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.seek(ctx, h.ways.known(), time.Hour, h.reach); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: %v", err)
	}
}

// The gateway that a bridge uses announces hosts, and no other one: not one that it knows and is connected to, nor the one before.
func TestArrivalsComeFromTheGatewayInUse(t *testing.T) {
	first, second := startFar(t), startFar(t)
	profile, _, err := NewProfile([]string{first.address, second.address}, "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := DialBridge(t.Context(), BridgeOptions{Profile: profile})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	code := func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.code = Code{Digits: "482913", Expires: time.Now().Add(time.Hour)}
	}
	arrive := func(g *farGateway) message.Status {
		who, _ := peer.Decode(someID(t))
		var a message.ArrivalAnswer
		s, err := g.NewStream(t.Context(), b.node.ID(), ArrivalProtocol)
		if err == nil {
			err = errors.Join(message.Write(s, &message.Arrival{Host: []byte(who), Code: "482913"}), message.Read(s, &a))
		}
		if err != nil {
			return message.Status_UNKNOWN
		}
		return a.Status
	}
	all := b.ways.known()
	for _, used := range []*farGateway{first, second} {
		for _, g := range all { // also to the one that is not used, whatever that is good for
			if err := b.reach(t.Context(), g); err != nil {
				t.Fatal(err)
			}
		}
		for _, g := range []*farGateway{first, second} {
			code()
			if status := arrive(g); (status == message.Status_OK) != (g == used) {
				t.Errorf("%s announces a host: %v; used is %s", g.address, status, used.address)
			}
		}
		if err := b.use(t.Context(), all[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// What a gateway names must be gateways.
func TestNamedGateways(t *testing.T) {
	g := startFar(t)
	h := dialFar(t, g.address)
	bridge := someID(t)
	id, _ := peer.Decode(bridge)
	at, _, _ := strings.Cut(g.address, "/p2p/")
	var many []string
	for range maxEndpoints + 1 {
		many = append(many, at+"/p2p/"+someID(t))
	}
	for _, named := range [][]string{
		{at + "/p2p/" + bridge}, {at + "/p2p/" + h.node.ID().String()}, {"nowhere"}, {""}, many,
		{at + "/p2p/" + otherGatewayID},            // another program
		{"/ip4/127.0.0.1/tcp/1/p2p/" + bridge[:9]}, // half of an id
	} {
		g.answer(RedeemProtocol, &message.Meeting{Status: message.Status_OK, Bridge: []byte(id), Gateways: named})
		if _, err := h.Join(t.Context(), "482913"); !errors.Is(err, ErrBridgeGone) {
			t.Errorf("%.90q: %v", named, err)
		}
		if h.here().id != g.ID() || h.node.Network().Connectedness(g.ID()) != network.Connected {
			t.Errorf("%.90q: the host has left its gateway", named)
		}
		if h.ways.knows(id) || h.ways.knows(h.node.ID()) {
			t.Errorf("%.90q: who is no gateway is known as one", named)
		}
	}
	if len(h.ways.known()) > 2 {
		t.Errorf("known are %v", h.ways.known())
	}
	h.ways.mu.Lock()
	h.ways.best[g.ID()] = Way{Gateway: g.ID().String(), Transport: byTCP, Address: "20.0.0.1:443"} // on the internet
	h.ways.mu.Unlock()
	g.answer(RedeemProtocol, &message.Meeting{Status: message.Status_OK, Bridge: []byte(id), Gateways: []string{startFar(t).address}})
	if _, err := h.Join(t.Context(), "482913"); !errors.Is(err, errInside) {
		t.Errorf("a gateway on the internet sends the host to its own computer: %v", err)
	}
}

// A bridge that is turned away by one gateway is taken by another, and one that nobody takes is told so.
func TestBridgeIsTurnedAway(t *testing.T) {
	strict, other := startFar(t), startFar(t)
	strict.answer(CodeProtocol, &message.CodeAnswer{Status: message.Status_NOT_ADMITTED})
	profile, _, err := NewProfile([]string{strict.address, other.address}, "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lost []error
	b, err := DialBridge(t.Context(), BridgeOptions{Profile: profile, Reach: func(r Reach) {
		mu.Lock()
		defer mu.Unlock()
		if r.Err != nil {
			lost = append(lost, r.Err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if way, _ := b.Way(); way.Gateway != other.ID().String() {
		t.Errorf("the bridge is at %v", way)
	}
	b.Close()
	if len(lost) > 0 {
		t.Errorf("the supporter hears %v", lost)
	}
	other.answer(CodeProtocol, &message.CodeAnswer{Status: message.Status_NOT_ADMITTED})
	if _, err := DialBridge(t.Context(), BridgeOptions{Profile: profile}); !errors.Is(err, ErrNotAdmitted) {
		t.Errorf("nobody knows the profile: %v", err)
	}
}
