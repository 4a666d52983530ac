package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

// arrival is a host that a bridge is being told of. The host learns of the bridge at the same time, which saves it half of a round
// trip to there. What it then asks of the relay waits for the bridge's answer, so that nobody calls before they are expected.
type arrival struct {
	host, bridge peer.ID
	s            network.Stream
	answered     chan struct{}
	welcome      bool // valid once answered is closed
}

// arrivals are those that bridges have not answered yet.
type arrivals struct {
	mu   sync.Mutex
	open map[*arrival]struct{}
}

// announceHost tells a bridge who will call. Its answer is to be read by settle.
func (g *Gateway) announceHost(ctx context.Context, bridge, host peer.ID, code string) (*arrival, error) {
	s, err := g.node.NewStream(network.WithNoDial(ctx, "arrival"), bridge, p2p.ArrivalProtocol)
	if err != nil {
		return nil, err
	}
	s.SetDeadline(time.Now().Add(answerFor / 2)) // the host waits for its circuit meanwhile
	if err := message.Write(s, &message.Arrival{Host: []byte(host), Code: code}); err != nil {
		s.Reset()
		return nil, err
	}
	a := &arrival{host, bridge, s, make(chan struct{}), false}
	g.arrivals.mu.Lock()
	defer g.arrivals.mu.Unlock()
	if g.arrivals.open == nil {
		g.arrivals.open = make(map[*arrival]struct{})
	}
	g.arrivals.open[a] = struct{}{}
	return a, nil
}

// settle reads what a bridge answers to an arrival.
func (g *Gateway) settle(ctx context.Context, a *arrival) {
	if err := g.arrivals.settle(a); err != nil {
		g.log.WarnContext(ctx, "bridge does not answer", "bridge", a.bridge, "err", err)
	}
}

// settle reads what the bridge answers to an arrival; nil: there is none.
func (as *arrivals) settle(a *arrival) error {
	if a == nil {
		return nil
	}
	defer a.s.Close()
	defer func() {
		as.mu.Lock()
		defer as.mu.Unlock()
		delete(as.open, a)
		close(a.answered)
	}()
	var answer message.ArrivalAnswer
	if err := message.Read(a.s, &answer); err != nil {
		return err
	}
	if a.welcome = answer.Status == message.Status_OK; !a.welcome {
		return fmt.Errorf("the bridge refuses: %v", answer.Status)
	}
	return nil
}

// wait returns when a bridge has answered for a host, and whether it lets it in. A bridge that is not being told of it sees for itself.
func (as *arrivals) wait(host, bridge peer.ID) (welcome bool) {
	as.mu.Lock()
	var told []*arrival
	for a := range as.open {
		if a.host == host && a.bridge == bridge {
			told = append(told, a)
		}
	}
	as.mu.Unlock()
	welcome = len(told) == 0
	for _, a := range told {
		<-a.answered
		welcome = welcome || a.welcome
	}
	return welcome
}
