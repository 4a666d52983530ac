package p2p

import (
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/multiformats/go-multiaddr"

	"sixgate/p2p/message"
)

func addresses(t testing.TB, texts ...string) (all []multiaddr.Multiaddr) {
	t.Helper()
	for _, text := range texts {
		a, err := multiaddr.NewMultiaddr(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func spotOf(all []multiaddr.Multiaddr) *message.Spot {
	var m message.Spot
	for _, a := range all {
		m.Addresses = append(m.Addresses, a.Bytes())
	}
	return &m
}

// A host dials only where a bridge of a person can be.
func TestSpots(t *testing.T) {
	for _, text := range []string{"/ip4/20.0.0.1/tcp/40000", "/ip4/10.1.1.2/udp/40000/quic-v1", "/ip6/2a00::1/udp/1024/quic-v1"} {
		if got, err := parseSpot(spotOf(addresses(t, text))); err != nil || len(got) != 1 || got[0].String() != text {
			t.Errorf("%s is read as %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{
		"/ip4/20.0.0.1/tcp/22", "/ip4/20.0.0.1/udp/53/quic-v1", // where servers listen
		"/ip4/127.0.0.1/tcp/40000", "/ip6/::1/tcp/40000", "/ip4/0.0.0.0/tcp/40000", "/ip4/255.255.255.255/udp/40000/quic-v1",
		"/ip4/224.0.0.1/udp/40000/quic-v1", "/ip4/169.254.169.254/tcp/40000",
		"/ip4/20.0.0.1", "/ip4/20.0.0.1/udp/40000", "/ip4/20.0.0.1/tcp/40000/ws", "/dns/localhost/tcp/40000", "/memory/1",
		"/ip4/20.0.0.1/tcp/40000/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA",
		"/ip4/20.0.0.1/tcp/40000/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/p2p-circuit",
	} {
		if got, err := parseSpot(spotOf(addresses(t, "/ip4/20.0.0.1/tcp/40000", text))); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
	many := addresses(t, slices.Repeat([]string{"/ip4/20.0.0.1/tcp/40000"}, maxSpots+1)...)
	if _, err := parseSpot(spotOf(many)); err == nil {
		t.Errorf("%d addresses are read", len(many))
	}
	if _, err := parseSpot(spotOf(many[1:])); err != nil {
		t.Errorf("%d addresses: %v", maxSpots, err)
	}
	if _, err := parseSpot(new(message.Spot)); err == nil {
		t.Error("no address is read")
	}
}

func FuzzParseSpot(f *testing.F) {
	f.Add(addresses(f, "/ip4/20.0.0.1/tcp/40000")[0].Bytes())
	f.Add(addresses(f, "/ip6/2a00::1/udp/40000/quic-v1")[0].Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseSpot(&message.Spot{Addresses: [][]byte{b}})
		if err != nil {
			return
		}
		if at, err := addrPort(all[0]); err != nil || at.Addr().IsLoopback() || at.Port() < 1024 {
			t.Errorf("%v", all)
		}
	})
}

func TestReachable(t *testing.T) {
	near, far := "/ip4/10.1.1.2/tcp/40000", "/ip4/20.0.0.1/tcp/40000"
	for _, tt := range []struct {
		seen string // the host by the gateway
		want []string
	}{
		{"/ip4/20.0.0.9/tcp/5000", []string{far}},       // elsewhere
		{"/ip4/20.0.0.1/tcp/5000", []string{near, far}}, // behind the same router
		{"/ip4/10.7.7.7/tcp/5000", []string{near, far}}, // and so is the gateway
	} {
		got := reachable(addresses(t, near, far), addresses(t, tt.seen))
		if want := addresses(t, tt.want...); !slices.EqualFunc(got, want, multiaddr.Multiaddr.Equal) {
			t.Errorf("seen as %s: %v, want %v", tt.seen, got, want)
		}
	}
}

// A bridge lets in who it waits for and nobody else, and that only as long as it waits. A host lets nobody in.
func TestWhoKnocks(t *testing.T) {
	const bridge, other = "bridge", "other"
	for _, isHost := range []bool{true, false} {
		g := newGate(isGateway, isHost)
		knock := func(text string) bool { return g.InterceptAccept(knocker{at: addresses(t, text)[0]}) }
		circuit := "/ip4/20.0.0.3/tcp/443/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/p2p-circuit"
		if knock("/ip4/20.0.0.1/tcp/40000") || knock("/ip4/10.0.0.1/tcp/40000") || knock(circuit) == isHost {
			t.Errorf("host %v: the door is open, or closed to circuits", isHost)
		}
		defer g.match(other)()
		done := g.expect(other, addresses(t, "/ip4/20.0.0.1/tcp/40000"))
		if knock("/ip4/20.0.0.1/tcp/41111") == isHost || knock("/ip4/20.0.0.2/tcp/40000") || !g.InterceptPeerDial(other) || g.InterceptPeerDial(bridge) {
			t.Errorf("host %v: the wrong ones come in, or are dialled", isHost)
		}
		done()
		if knock("/ip4/20.0.0.1/tcp/40000") || g.InterceptPeerDial(other) != isHost {
			t.Errorf("host %v: the door stays open", isHost)
		}
	}
}

// knocker is a connection as far as a gate sees it before it knows the peer.
type knocker struct {
	network.ConnMultiaddrs
	at multiaddr.Multiaddr
}

func (k knocker) RemoteMultiaddr() multiaddr.Multiaddr { return k.at }
