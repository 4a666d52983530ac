package p2p

import (
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// gate lets a node dial gateways that it knows, and the peers it was matched with dial (a host) or be dialled by (a bridge). Nobody
// else gets a connection.
type gate struct {
	isGateway func(peer.ID) bool
	host      bool

	mu      sync.Mutex
	matched map[peer.ID]int                 // how many calls with them there may be
	due     map[peer.ID]map[netip.Addr]bool // who comes directly now, and from where
}

func newGate(isGateway func(peer.ID) bool, host bool) *gate {
	return &gate{isGateway: isGateway, host: host, matched: make(map[peer.ID]int), due: make(map[peer.ID]map[netip.Addr]bool)}
}

// match lets p through until the returned function is called.
func (g *gate) match(p peer.ID) (unmatch func()) {
	g.mu.Lock()
	g.matched[p]++
	g.mu.Unlock()
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.matched[p]--; g.matched[p] == 0 {
			delete(g.matched, p)
		}
	})
}

func (g *gate) isMatched(p peer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.matched[p] > 0
}

func (g *gate) InterceptPeerDial(p peer.ID) bool {
	return g.isGateway(p) || g.isMatched(p) && (g.host || g.isDue(p))
}

func (g *gate) isDue(p peer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.due[p] != nil
}

// peers are those that are let through.
func (g *gate) peers() []peer.ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.matched))
}

// InterceptAddrDial has gateways reached by their ways only, whatever addresses they tell of themselves.
func (g *gate) InterceptAddrDial(p peer.ID, a multiaddr.Multiaddr) bool {
	return g.InterceptPeerDial(p) && (!g.isGateway(p) || a.Equal(home))
}

// InterceptAccept sees circuits and, on a bridge that is about to meet a host directly, whoever knocks. Nobody calls a host.
func (g *gate) InterceptAccept(c network.ConnMultiaddrs) bool {
	if g.host {
		return false
	}
	if _, err := c.RemoteMultiaddr().ValueForProtocol(multiaddr.P_CIRCUIT); err == nil {
		return true
	}
	from, err := addrPort(c.RemoteMultiaddr())
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, there := range g.due {
		if err == nil && (there[from.Addr()] || from.Addr().IsPrivate()) {
			return true
		}
	}
	return false
}

// expect lets other come from there, or from the local network, until the returned function is called.
func (g *gate) expect(other peer.ID, there []multiaddr.Multiaddr) (done func()) {
	from := make(map[netip.Addr]bool)
	for _, a := range there {
		if at, err := addrPort(a); err == nil {
			from[at.Addr()] = true
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.due[other] = from
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.due, other)
	}
}

func (g *gate) InterceptSecured(way network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	if way == network.DirInbound {
		return !g.host && g.isMatched(p)
	}
	return g.InterceptPeerDial(p)
}

func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
