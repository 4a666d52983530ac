package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	manet "github.com/multiformats/go-multiaddr/net"

	"sixgate/p2p"
	"sixgate/p2p/message"
	"sixgate/session"
)

// answerFor is how long a question may take, asking and answering. A wrong code's answer comes wrongAfter the question,
// whatever it was looked up in: how long that took must not tell a used code from one that never was. One too many waits as
// well, so that nobody fills the log with them.
const (
	answerFor  = 10 * time.Second
	decideFor  = 8 * time.Second // of these, until it is decided: an election among the gateways of a cluster takes 5 to 8
	wrongAfter = 250 * time.Millisecond
)

// handler gives a stream its deadline, and the gateway something to wait for.
func (g *Gateway) handler(serving context.Context, serve func(context.Context, network.Stream)) network.StreamHandler {
	return func(s network.Stream) {
		ctx, cancel := context.WithTimeout(serving, decideFor)
		defer cancel()
		defer s.Close()
		s.SetDeadline(time.Now().Add(answerFor))
		serve(ctx, s)
	}
}

// serveCode answers a bridge.
func (g *Gateway) serveCode(ctx context.Context, s network.Stream) {
	var req message.CodeRequest
	if err := message.Read(s, &req); err != nil {
		s.Reset() // not one of ours: there is nothing to say to it
		return
	}
	bridge := s.Conn().RemotePeer()
	code, lives, err := g.code(ctx, bridge, req.Verb)
	g.log.InfoContext(ctx, "code", "verb", req.Verb, "bridge", bridge, "err", err)
	if g.metrics.refused(err); err == nil && req.Verb == message.CodeRequest_OPEN {
		g.metrics.codes.Inc()
	}
	message.Write(s, &message.CodeAnswer{Status: p2p.Status(err), Code: code, Seconds: uint32(lives.Seconds())})
}

// code does what a bridge asks for, if an operator's bridge asks.
func (g *Gateway) code(ctx context.Context, bridge peer.ID, verb message.CodeRequest_Verb) (string, time.Duration, error) {
	if _, err := findOperator(g.data, bridge); err != nil {
		return "", 0, err
	}
	switch verb {
	case message.CodeRequest_NOTHING: // it only wants to know whether it may, and which code waits
		code, r, err := g.codes.waiting(ctx, bridge.String())
		if errors.Is(err, p2p.ErrNoCode) {
			return "", 0, nil
		}
		return code, r.Expires.Sub(g.codes.now()), err
	case message.CodeRequest_OPEN:
		return g.codes.Issue(ctx, bridge.String())
	case message.CodeRequest_EXTEND:
		return g.codes.Extend(ctx, bridge.String())
	case message.CodeRequest_CANCEL:
		return "", 0, g.codes.Cancel(ctx, bridge.String())
	}
	return "", 0, errors.New("a question that this version does not know")
}

// serveHosts hears from a bridge with whom it has sessions.
func (g *Gateway) serveHosts(ctx context.Context, s network.Stream) {
	var said message.Hosts
	if err := message.Read(s, &said); err != nil || len(said.Hosts) > p2p.MostHosts {
		s.Reset()
		return
	}
	bridge := s.Conn().RemotePeer()
	err := g.admit(bridge, said.Hosts)
	if err == nil {
		g.closeBefore(s.Conn())
	}
	g.log.DebugContext(ctx, "hosts", "bridge", bridge, "hosts", len(said.Hosts), "err", err)
	message.Write(s, &message.HostsAnswer{Status: p2p.Status(err)})
}

// closeBefore closes what a bridge had before it came by the connection now. It has lost that one, whose end may show for minutes only
// in this: hosts that are sent there meet nobody.
func (g *Gateway) closeBefore(now network.Conn) {
	for _, c := range g.node.Network().ConnsToPeer(now.RemotePeer()) {
		if c.Stat().Opened.Before(now.Stat().Opened) {
			c.Close()
		}
	}
}

// admit lets hosts reach an operator's bridge.
func (g *Gateway) admit(bridge peer.ID, hosts [][]byte) error {
	if _, err := findOperator(g.data, bridge); err != nil {
		return err
	}
	if g.pairs.many(bridge) {
		return p2p.ErrBusy
	}
	for _, b := range hosts {
		host, err := peer.IDFromBytes(b)
		if err != nil {
			return err
		}
		g.pairs.add(host, bridge)
	}
	return nil
}

// serveRedeem answers a host.
func (g *Gateway) serveRedeem(ctx context.Context, s network.Stream) {
	answer := time.After(wrongAfter)
	var req message.Redeem
	if err := message.Read(s, &req); err != nil {
		s.Reset()
		return
	}
	host, from := s.Conn().RemotePeer(), addressOf(s.Conn())
	meeting, a, err := g.meet(ctx, host, from, req.Code)
	g.log.InfoContext(ctx, "redeem", "host", host, "from", from, "err", err)
	if g.metrics.refused(err); err == nil {
		g.metrics.redeemed.Inc()
	}
	if errors.Is(err, p2p.ErrNoCode) || errors.Is(err, p2p.ErrTooMany) {
		select {
		case <-answer:
		case <-ctx.Done():
		}
	}
	meeting.Status = p2p.Status(err)
	message.Write(s, meeting)
	g.settle(ctx, a)
}

// meet brings a host to the bridge behind a code, within the limits of wrong ones.
func (g *Gateway) meet(ctx context.Context, host peer.ID, from netip.Addr, typed string) (*message.Meeting, *arrival, error) {
	right, err := g.limits.take(placesOf(host, from))
	if err != nil {
		return new(message.Meeting), nil, err
	}
	g.others.tell(tryTo, try{Host: host, From: from})
	m, a, err := g.redeem(ctx, host, typed)
	if !errors.Is(err, p2p.ErrNoCode) && !errors.Is(err, errAway) {
		right() // also where the store did not answer: then nobody has learned anything
		g.others.tell(tryTo, try{Host: host, From: from, Right: true})
	}
	return m, a, err
}

// redeem has the gateway where the bridge is introduce the host to it: this one, or another of the cluster.
func (g *Gateway) redeem(ctx context.Context, host peer.ID, typed string) (*message.Meeting, *arrival, error) {
	none := new(message.Meeting)
	code, ok := session.ParseCode(typed)
	if !ok {
		return none, nil, p2p.ErrNoCode
	}
	id, err := g.codes.Bridge(ctx, code)
	if err != nil {
		return none, nil, err
	}
	bridge, err := peer.Decode(id)
	if err != nil {
		return none, nil, err
	}
	switch at := g.others.find(ctx, bridge, g.has(bridge)); at {
	case "":
		return none, nil, errAway
	case g.node.ID().String():
		return g.introduce(ctx, host, bridge, code)
	default:
		m, err := g.others.introduce(ctx, at, guest{Host: host, Bridge: bridge, Code: code})
		return m, nil, err
	}
}

// errAway is for a code whose bridge is not connected. The code is not used up: the bridge may come back.
var errAway = fmt.Errorf("it is not connected: %w", p2p.ErrBridgeGone)

// introduce uses up a code, and tells its bridge, which is here, of the host.
func (g *Gateway) introduce(ctx context.Context, host, bridge peer.ID, code string) (*message.Meeting, *arrival, error) {
	none := new(message.Meeting)
	who, err := findOperator(g.data, bridge)
	if err != nil {
		return none, nil, p2p.ErrNoCode // the operator was removed
	}
	if g.node.Network().Connectedness(bridge) != network.Connected {
		return none, nil, errAway
	}
	if _, err := g.codes.Redeem(ctx, code); err != nil {
		return none, nil, err
	}
	g.pairs.add(host, bridge)
	a, err := g.announceHost(ctx, bridge, host, code)
	if err != nil {
		g.log.WarnContext(ctx, "bridge does not answer", "bridge", bridge, "err", err)
		return none, nil, p2p.ErrBridgeGone
	}
	return &message.Meeting{Bridge: []byte(bridge), Operator: who.Name, Organisation: who.Organisation}, a, nil
}

// has says since when a bridge is connected here. One that has moved may still seem so where it was before.
func (g *Gateway) has(bridge peer.ID) (f found) {
	for _, c := range g.node.Network().ConnsToPeer(bridge) {
		if since := time.Since(c.Stat().Opened); f.Gateway == "" || since < f.Since {
			f = found{g.node.ID().String(), since}
		}
	}
	return f
}

// addressOf is where a connection comes from; the zero Addr when it has no IP address.
func addressOf(c network.Conn) netip.Addr {
	ip, err := manet.ToIP(c.RemoteMultiaddr())
	if err != nil {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(ip)
	return a
}
