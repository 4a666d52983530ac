package p2p

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// gate lets a node dial its gateway, and the peers it was matched with dial (a host) or be dialled by (a bridge). Nobody
// else gets a connection.
type gate struct {
	gateway peer.ID
	host    bool

	mu      sync.Mutex
	matched map[peer.ID]int // how many calls with them there may be
}

func newGate(gateway peer.ID, host bool) *gate {
	return &gate{gateway: gateway, host: host, matched: make(map[peer.ID]int)}
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

func (g *gate) InterceptPeerDial(p peer.ID) bool { return p == g.gateway || g.host && g.isMatched(p) }

// InterceptAddrDial has the gateway reached by its ways only, whatever addresses it tells of itself.
func (g *gate) InterceptAddrDial(p peer.ID, a multiaddr.Multiaddr) bool {
	return g.InterceptPeerDial(p) && (p != g.gateway || a.Equal(home))
}

// InterceptAccept sees circuits only: neither role listens on a network.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return !g.host }

func (g *gate) InterceptSecured(way network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	if way == network.DirInbound {
		return !g.host && g.isMatched(p)
	}
	return g.InterceptPeerDial(p)
}

func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
