package p2p

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/multiformats/go-multiaddr"
)

// mendFor is how long one try to reach the gateway and the bridge may take: what is lost on the way is sent again ever later, so a
// new try is sooner there when the network is.
const mendFor = 4 * time.Second

// answerWithin is how long a gateway may take to show that it is there.
const answerWithin = 2 * time.Second

// mend connects to a bridge again.
func (h *Host) mend(ctx context.Context, bridge peer.ID, anew bool) error {
	if anew {
		h.node.Network().ClosePeer(bridge)
	}
	if bestOf(h.node.Network(), bridge) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, mendFor)
	defer cancel()
	if err := h.revive(ctx); err != nil {
		return err
	}
	_, err := h.connectTo(ctx, bridge)
	return err
}

// connectTo connects to a bridge through the relay of the gateway. It does not wait, as the library would, until the ends have told each
// other what they can: that is known.
func (h *Host) connectTo(ctx context.Context, bridge peer.ID) (network.Conn, error) {
	relay, err := multiaddr.NewMultiaddr("/p2p/" + h.gateway.ID.String() + "/p2p-circuit")
	if err != nil {
		return nil, err
	}
	if sw, ok := h.node.Network().(*swarm.Swarm); ok {
		sw.Backoff().Clear(bridge) // a new code, or a new way to the gateway, is a new chance
	}
	h.node.Peerstore().AddAddr(bridge, relay, peerstore.TempAddrTTL)
	return h.node.Network().DialPeer(network.WithAllowLimitedConn(ctx, "session"), bridge)
}

// suspect gives up a connection on which nothing comes, and the gateway's as well if that is why.
func (u *uplink) suspect(on carrier) {
	if on.Relayed() {
		ctx, cancel := context.WithTimeout(context.Background(), mendFor)
		defer cancel()
		if !u.answers(ctx) {
			u.node.Network().ClosePeer(u.gateway.ID)
		}
	}
	on.close()
}

// revive sees that the gateway answers, and connects to it anew where it does not.
func (u *uplink) revive(ctx context.Context) error {
	if !u.answers(ctx) {
		u.node.Network().ClosePeer(u.gateway.ID)
	}
	return u.connect(ctx)
}

// answers reports whether the connection to the gateway carries anything.
func (u *uplink) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(network.WithNoDial(ctx, "answers"), answerWithin)
	defer cancel()
	s, err := u.node.NewStream(ctx, u.gateway.ID, identify.ID)
	if err != nil {
		return false
	}
	defer s.Reset()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	_, err = s.Read(make([]byte, 1)) // it tells who it is
	return err == nil
}
