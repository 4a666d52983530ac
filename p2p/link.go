package p2p

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	pbv2 "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"

	"sixgate/p2p/message"
)

// Times of a bridge's link to the gateway.
const (
	retryFirst = 200 * time.Millisecond
	retryMost  = 5 * time.Second
	retryBusy  = time.Second // at most, while there are sessions
	tellEvery  = 2 * time.Minute
)

// MostHosts is how many hosts a bridge may name to the gateway at a time.
const MostHosts = 64

// keepLink brings the gateway back whenever it is lost, and tells it again and again with whom the bridge has sessions.
func (b *Bridge) keepLink(ctx context.Context) {
	tell := time.NewTicker(tellEvery)
	defer tell.Stop()
	for {
		select {
		case <-b.lost:
			if !b.regain(ctx) {
				return
			}
		case <-tell.C:
			if err := b.announce(ctx); err != nil {
				b.log.Debug("gateway", "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// regain connects to a gateway that was lost. It returns false when ctx has ended.
func (b *Bridge) regain(ctx context.Context) bool {
	b.reports.lost(b.uplink.lost(errLinkBroken))
	for delay := retryFirst; ; delay = min(delay*3/2, retryMost) {
		if len(b.gate.peers()) > 0 {
			delay = min(delay, retryBusy)
		}
		if sleep(ctx, delay/2+rand.N(delay)) != nil {
			return false
		}
		if err := b.reconnect(ctx); err != nil {
			b.log.Debug("gateway", "err", err)
			continue
		}
		b.reached()
		return true
	}
}

// reached tells that the gateway is there, and all that is needed for a session.
func (b *Bridge) reached() {
	way, failed := b.Way()
	b.reports.say(Reach{Way: way, Failed: failed})
}

// reconnect connects to the gateway and, where a code waits or there are sessions, takes the place at the relay again.
func (b *Bridge) reconnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mendFor)
	defer cancel()
	if err := b.revive(ctx); err != nil {
		return err
	}
	if err := b.announce(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	waits := b.code.Digits != "" && time.Now().Before(b.code.Expires)
	b.mu.Unlock()
	if !waits {
		return nil
	}
	err := b.reserve(ctx)
	if refused, ok := errors.AsType[client.ReservationError](err); ok && refused.Status == pbv2.Status_PERMISSION_DENIED {
		b.log.Warn("the gateway has forgotten the code that waits")
		b.mu.Lock()
		b.code = Code{}
		b.mu.Unlock()
		return nil
	}
	return err
}

// announce tells the gateway which hosts may reach the bridge, and takes its place at the relay for them. The gateway keeps neither
// when it is restarted, and another one never knew: this is how a session goes on through both.
func (b *Bridge) announce(ctx context.Context) error {
	hosts := b.gate.peers()
	if len(hosts) == 0 {
		return nil
	}
	var m message.Hosts
	for _, host := range hosts[:min(len(hosts), MostHosts)] {
		m.Hosts = append(m.Hosts, []byte(host))
	}
	var a message.HostsAnswer
	if err := b.uplink.ask(ctx, HostsProtocol, &m, &a); err != nil {
		return err
	}
	if err := StatusError(a.Status); err != nil {
		return err
	}
	return b.reserve(ctx)
}
