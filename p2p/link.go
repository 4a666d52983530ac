package p2p

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

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

// keepLink sees whether the gateway is there, goes to it or another when it is lost, and tells it again and again with whom the bridge
// has sessions.
func (b *Bridge) keepLink(ctx context.Context) {
	tell, ask := time.NewTicker(tellEvery), time.NewTicker(askEvery)
	defer tell.Stop()
	defer ask.Stop()
	for {
		select {
		case <-b.lost:
			if !b.regain(ctx) {
				return
			}
			b.recall(ctx)
		case <-ask.C:
			b.check(ctx)
		case <-tell.C:
			if err := b.announce(ctx); err != nil {
				b.log.Debug("gateway", "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// check gives the gateway up when it does not answer: the bridge would wait in vain for hosts that it sends.
func (b *Bridge) check(ctx context.Context) {
	at, began := b.here(), time.Now()
	answers := b.answers(ctx, at, answerFor)
	slept := time.Since(began) > 2*answerFor // so did this program, or its machine: the answer may be there by now
	if !answers && !slept && ctx.Err() == nil {
		b.node.Network().ClosePeer(at.id)
	}
}

// regain connects to the gateway that was lost, or to another. It returns false when ctx has ended.
func (b *Bridge) regain(ctx context.Context) bool {
	b.reports.lost(b.uplink.lost(errLinkBroken, b.here()))
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

// reconnect connects to the gateway or another, and has it know the bridge's sessions.
func (b *Bridge) reconnect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mendFor)
	defer cancel()
	select {
	case <-b.lost: // before this
	default:
	}
	if err := b.connect(ctx, b.open()); err != nil {
		return err
	}
	if err := b.announce(ctx); err != nil {
		b.shun()
		return err
	}
	clear(b.shunned)
	return nil
}

// open are the gateways that have not turned the bridge away.
func (b *Bridge) open() []gateway {
	return slices.DeleteFunc(slices.Clone(b.ways.known()), func(g gateway) bool { return b.shunned[g.id] })
}

// shun leaves the gateway that did not take the bridge to others for now. It reports whether there is another.
func (b *Bridge) shun() bool {
	if b.shunned[b.here().id] = true; len(b.open()) == 0 {
		clear(b.shunned)
		return false
	}
	return true
}

// recall sees whether the gateway knows the code that waits. Sessions have not waited for that: gateways that elect who leads them take
// seconds to answer.
func (b *Bridge) recall(ctx context.Context) {
	b.mu.Lock()
	code := b.code
	b.mu.Unlock()
	if code.Digits == "" || !time.Now().Before(code.Expires) {
		return
	}
	known, err := b.ask(ctx, message.CodeRequest_NOTHING)
	if err == nil && known.Digits != code.Digits {
		b.log.Warn("the gateway does not know the code that waits")
		b.forgetCode(code)
		return
	}
	if err := errors.Join(err, b.reserve(ctx)); err != nil {
		b.log.Warn("the code that waits may be of no use", "err", err)
	}
}

// forgetCode has Accept tell that the code that waits is dead, unless there is a new one.
func (b *Bridge) forgetCode(dead Code) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.code.Digits != dead.Digits {
		return
	}
	b.code = Code{}
	signal(b.forgotten)
}

// announce tells the gateway which hosts may reach the bridge, and takes its place at the relay for them. The gateway keeps neither
// when it is restarted, and another one never knew: this is how a session goes on through both.
func (b *Bridge) announce(ctx context.Context) error {
	hosts := b.gate.peers()
	var m message.Hosts
	for _, host := range hosts[:min(len(hosts), MostHosts)] {
		m.Hosts = append(m.Hosts, []byte(host))
	}
	var a message.HostsAnswer
	if err := b.uplink.ask(ctx, HostsProtocol, &m, &a); err != nil {
		return err
	}
	if err := StatusError(a.Status); err != nil || len(hosts) == 0 {
		return err
	}
	return b.reserve(ctx)
}
