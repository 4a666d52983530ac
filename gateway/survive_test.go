package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
	"sixgate/p2p/message"
	"sixgate/session"
)

// flow is a channel in both directions of which every byte is known.
type flow struct {
	all  sync.WaitGroup
	stop chan struct{}
}

// startFlow has both ends write what goes on and on, and read it.
func startFlow(t *testing.T, ends ...io.ReadWriter) *flow {
	f := &flow{stop: make(chan struct{})}
	for i, end := range ends {
		sent, got := byte(i), byte(1-i)
		f.all.Go(func() {
			for b := make([]byte, 10_000); ; {
				for i := range b {
					b[i] = sent
					sent += 3
				}
				if _, err := end.Write(b); err != nil {
					t.Errorf("writes: %v", err)
					return
				}
				select {
				case <-f.stop:
					end.(interface{ CloseWrite() error }).CloseWrite()
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
		f.all.Go(func() {
			for b := make([]byte, 1<<16); ; {
				n, err := end.Read(b)
				for _, c := range b[:n] {
					if c != got {
						t.Errorf("%d where %d belongs", c, got)
						return
					}
					got += 3
				}
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Errorf("reads: %v", err)
					return
				}
			}
		})
	}
	return f
}

func (f *flow) end() {
	close(f.stop)
	f.all.Wait()
}

// awaitBroken waits until a call is broken, or is not any more.
func awaitBroken(t *testing.T, broken bool, calls ...*p2p.Call) {
	t.Helper()
	late := time.After(time.Minute)
	for _, c := range calls {
		for c.Broken() != broken {
			select {
			case <-c.Changes():
			case <-c.Done():
				t.Fatalf("ended: %v", c.Err())
			case <-late:
				t.Fatalf("still broken %v", !broken)
			}
		}
	}
}

// Cables are pulled at the host, at the bridge and in the middle, again and again. The session and its channel go on.
func TestSessionSurvivesCuts(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	host, bridge := call(t, dialHost(t, g.Addresses()...), b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)
	f := startFlow(t, at, from)
	who := onlyHost(t, g)
	var operator peer.ID
	for _, p := range g.node.Network().Peers() {
		if p != who {
			operator = p
		}
	}
	for _, cut := range [][]peer.ID{{who}, {operator}, {who, operator}, {operator, who}} {
		for _, p := range cut {
			g.node.Network().ClosePeer(p)
		}
		eventually(t, "both are back", func() bool { // a break may be over before anybody looks
			to := g.node.Network().Connectedness
			return to(who) == network.Connected && to(operator) == network.Connected && !host.Broken() && !bridge.Broken()
		})
	}
	f.end()
	if host.Err() != nil || bridge.Err() != nil {
		t.Errorf("ended: %v and %v", host.Err(), bridge.Err())
	}
	host.End(session.ByUser)
	<-bridge.Done()
}

// The gateway is stopped, and after a while started again: sessions go on, before and after consent.
func TestSessionSurvivesGatewayRestart(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	host, bridge := call(t, dialHost(t, g.Addresses()...), b)
	consent(t, host, bridge)
	asked, asking := call(t, dialHost(t, g.Addresses()...), b)
	at, from := screen(t, host, bridge)
	f := startFlow(t, at, from)
	g.Close()
	awaitBroken(t, true, host, bridge, asked, asking)
	if err := asked.Tell(p2p.Notice{State: session.Asking}); err != nil {
		t.Errorf("what is told while the connection is broken: %v", err)
	}
	listen := strings.Split(g.Addresses()[0], "/") // /ip4/127.0.0.1/tcp/port/p2p/id
	start(t, Options{Data: g.data, Listen: net.JoinHostPort(listen[2], listen[4])})
	awaitBroken(t, false, host, bridge, asked, asking)
	if n := <-asking.Notices(); n.State != session.Asking {
		t.Errorf("the bridge hears %v", n)
	}
	f.end()
	consent(t, asked, asking)
	at, from = screen(t, asked, asking)
	go at.Write([]byte("new"))
	if got := make([]byte, 3); must(io.ReadFull(from, got)) != 3 || !bytes.Equal(got, []byte("new")) {
		t.Errorf("a new channel carries %q", got)
	}
	host.End(session.ByUser) // while the gateway is there to tell
	asked.End(session.ByUser)
}

// A bridge opens its own door and nobody else's; who is no bridge opens none.
func TestHostsThatABridgeNames(t *testing.T) {
	g := start(t, Options{})
	n, gateway := stranger(t, g)
	s, err := n.NewStream(t.Context(), gateway.ID, p2p.HostsProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var a message.HostsAnswer
	message.Write(s, &message.Hosts{Hosts: [][]byte{[]byte(n.ID())}})
	if err := message.Read(s, &a); err != nil || a.Status != message.Status_NOT_ADMITTED || g.pairs.hasHost(n.ID()) {
		t.Errorf("a stranger names hosts: %v, %v", a.Status, err)
	}

	clock := newClock()
	g.pairs.now = clock.now
	ada, bob := peer.ID("ada"), peer.ID("bob")
	g.pairs.add("kitchen", ada)
	if !g.pairs.has("kitchen", ada) || g.pairs.has("kitchen", bob) || !g.pairs.hasBridge(ada) || g.pairs.hasBridge(bob) || !g.pairs.hasHost("kitchen") {
		t.Error("the pair is not the pair")
	}
	clock.advance(pairFor - time.Second)
	g.pairs.add("cellar", ada)
	clock.advance(time.Second)
	if g.pairs.has("kitchen", ada) || !g.pairs.has("cellar", ada) || g.pairs.hasHost("kitchen") {
		t.Error("a pair does not end with its time")
	}
	g.pairs.sweep()
	if len(g.pairs.bridges) != 1 {
		t.Errorf("%d hosts are remembered", len(g.pairs.bridges))
	}
	for i := range 5 * p2p.MostHosts {
		g.pairs.add(peer.ID(string(rune(i))), bob)
	}
	if !g.pairs.many(bob) || g.pairs.many(ada) {
		t.Error("one bridge's hosts have no limit")
	}
}

// A bridge that comes again, without the gateway having noticed that it went, is reached by its new connection alone.
func TestBridgeComesAgain(t *testing.T) {
	g := start(t, Options{})
	_, key := operatorOf(t, g, "Ada")
	before, gateway := node(t, g, key) // and goes, though it does not know that
	gone := make(chan struct{}, 1)
	before.Network().Notify(&network.NotifyBundle{DisconnectedF: func(network.Network, network.Conn) { gone <- struct{}{} }})
	now, _ := node(t, g, key)
	s, err := now.NewStream(t.Context(), gateway.ID, p2p.HostsProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var a message.HostsAnswer
	if err := errors.Join(message.Write(s, new(message.Hosts)), message.Read(s, &a)); err != nil || a.Status != message.Status_OK {
		t.Fatal(a.Status, err)
	}
	if open := g.node.Network().ConnsToPeer(now.ID()); len(open) != 1 || open[0].IsClosed() {
		t.Errorf("the gateway has %v", open)
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the connection before is still open")
	}
	if now.Network().Connectedness(gateway.ID) != network.Connected {
		t.Error("the new connection is closed as well")
	}
}
