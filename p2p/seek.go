package p2p

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// A node may know several gateways that serve together. It uses one, and another when that is lost: all are tried side by side, so that
// none has to wait until a dead one has not answered.

// here is the gateway that is used, or was last; before that the first of the list.
func (u *uplink) here() gateway {
	u.moving.Lock()
	defer u.moving.Unlock()
	return u.at
}

// seek goes to several gateways, until one of them leads where it is to. The one that is used has a head start, until it fails; those
// that fail are tried again until all have failed. The one that led is used from then on, and the others are left.
func (u *uplink) seek(ctx context.Context, among []gateway, headStart time.Duration, lead func(context.Context, gateway) error) error {
	ctx, stop := context.WithCancel(ctx)
	var leading sync.WaitGroup
	defer leading.Wait()
	defer stop()
	type end struct {
		at    gateway
		err   error
		first bool
	}
	ends := make(chan end)
	ahead, over := context.WithTimeout(ctx, headStart)
	defer over()
	used := u.here().id
	if indexOf(among, used) < 0 {
		over()
	}
	for _, g := range among {
		leading.Go(func() {
			if g.id != used {
				<-ahead.Done()
			}
			for e, pace := (end{at: g, first: true}), paceFirst; ctx.Err() == nil; e.first, pace = false, min(pace*3/2, paceMost) {
				e.err = lead(ctx, g)
				select {
				case ends <- e:
				case <-ctx.Done():
				}
				if e.err == nil || sleep(ctx, pace) != nil {
					return
				}
			}
		})
	}
	var failed error
	for left := len(among); left > 0; {
		select {
		case e := <-ends:
			if e.err == nil {
				stop()
				leading.Wait()
				u.settle(e.at)
				return nil
			}
			if e.first {
				failed = errors.Join(failed, e.err)
				left--
			}
			if e.at.id == used {
				over()
			}
		case <-ctx.Done():
			return errors.Join(failed, ctx.Err())
		}
	}
	return failed
}

// use connects to a gateway, and uses that.
func (u *uplink) use(ctx context.Context, g gateway) error {
	return u.seek(ctx, []gateway{g}, 0, u.reach)
}

// settle has a gateway be the one that is used, and leaves the others, but one through which a session still goes.
func (u *uplink) settle(at gateway) {
	u.moving.Lock()
	before := u.at
	u.at = at
	u.moving.Unlock()
	n := u.node.Network()
	carry := map[peer.ID]bool{at.id: true}
	for _, p := range u.gate.peers() {
		for _, c := range n.ConnsToPeer(p) {
			carry[relayOf(c)] = true
		}
	}
	for _, g := range append(u.ways.known(), before) { // which a list that was learned since may not have
		if !carry[g.id] {
			n.ClosePeer(g.id)
		}
	}
}

// relayOf is the gateway through which a connection goes; "" where it is direct.
func relayOf(c network.Conn) peer.ID {
	at, through := multiaddr.SplitFunc(c.RemoteMultiaddr(), func(c multiaddr.Component) bool { return c.Code() == multiaddr.P_CIRCUIT })
	if through == nil {
		return ""
	}
	id, err := peer.IDFromP2PAddr(at)
	if err != nil {
		return ""
	}
	return id
}
