package p2p

import (
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
)

// mendFor is how long one try to reach the gateway and the bridge may take: what is lost on the way is sent again ever later, so a
// new try is sooner there when the network is.
const mendFor = 4 * time.Second

// How a gateway is found to be silent.
const (
	askEvery    = 2 * time.Second        // a bridge asks whether it is there …
	answerFor   = 3 * time.Second        // … and waits so long for the answer
	watchAfter  = 500 * time.Millisecond // a question that is not answered waits so long before that is asked …
	watchWithin = 2 * time.Second        // … and so long for the answer: both leave some of mendFor for another connection
)

// mend connects to a bridge again, wherever it is now.
func (h *Host) mend(ctx context.Context, bridge peer.ID, anew bool) error {
	if anew {
		h.node.Network().ClosePeer(bridge)
	}
	if bestOf(h.node.Network(), bridge) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mendFor)
	defer cancel()
	_, err := h.connectTo(ctx, bridge)
	return err
}

// connectTo connects to a bridge through a gateway's relay. It does not wait, as the library would, until the ends have told each
// other what they can: that is known.
func (h *Host) connectTo(ctx context.Context, bridge peer.ID) (network.Conn, error) {
	if sw, ok := h.node.Network().(*swarm.Swarm); ok {
		sw.Backoff().Clear(bridge) // a new code, or a new way to the gateway, is a new chance
	}
	h.node.Peerstore().ClearAddrs(bridge) // where it was to be met directly: relays come after such addresses, and fail with the last of them
	h.node.Peerstore().AddAddr(bridge, relayed, peerstore.TempAddrTTL)
	return h.node.Network().DialPeer(network.WithAllowLimitedConn(ctx, "session"), bridge)
}

// watch gives up the connection to a gateway that leaves a question open and then does not answer whether it is there, until stop is
// called.
func (u *uplink) watch(ctx context.Context, g gateway) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		if sleep(ctx, watchAfter) == nil && !u.answers(ctx, g, watchWithin) && ctx.Err() == nil {
			u.node.Network().ClosePeer(g.id)
		}
	})
	return func() { cancel(); watching.Wait() }
}

// answers reports whether the connection to a gateway carries anything.
func (u *uplink) answers(ctx context.Context, g gateway, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "answers"), within)
	defer cancel()
	s, err := u.node.NewStream(ctx, g.id, identify.ID)
	if err != nil {
		return false
	}
	defer s.Reset()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	_, err = s.Read(make([]byte, 1)) // it tells who it is
	return err == nil
}
