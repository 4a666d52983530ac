package p2p

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p/message"
	"sixgate/p2p/proxy"
	"sixgate/session"
)

// HostOptions say which gateway a host uses and what it says of itself.
type HostOptions struct {
	Gateways []string // multiaddrs that end in /p2p/ and a gateway's peer id, tried together; several gateways must serve together
	Proxies  proxy.Settings
	Self     Hello        // Name and System
	Log      *slog.Logger // nil: silent
}

// Host is the end user's node. Its identity is made for one run and never stored. It accepts no connection.
type Host struct {
	*uplink
	self  Hello
	log   *slog.Logger
	calls calls

	joining sync.Mutex
	mu      sync.Mutex
	call    *Call // the latest
	bridge  peer.ID
}

// DialHost starts a node and connects it to the gateway, before the user has typed anything. It returns ErrGateway when
// no gateway answers.
func DialHost(ctx context.Context, o HostOptions) (*Host, error) {
	if err := o.Self.check(); err != nil {
		return nil, err
	}
	key, err := NewIdentity()
	if err != nil {
		return nil, err
	}
	u, err := newUplink(key, o.Gateways, o.Proxies, asHost)
	if err != nil {
		return nil, err
	}
	h := &Host{uplink: u, self: o.Self, log: logOr(o.Log)}
	u.node.SetStreamHandler(channelProtocol, h.serveChannel)
	u.node.SetStreamHandler(directProtocol, h.serveDirect)
	u.reports.log = h.log
	if err := u.begin(ctx, u.ways.known()); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// Join redeems code (six digits) at the gateway and does the handshake with the bridge behind it. A code is tried once:
// after any error but ErrGateway and ErrTooMany the user needs a new one. One call at a time: Join waits for another
// Join, not for the call before.
func (h *Host) Join(ctx context.Context, code string) (*Call, error) {
	h.joining.Lock()
	defer h.joining.Unlock()
	m, err := h.redeem(ctx, code)
	if err != nil {
		return nil, err
	}
	bridge, err := peer.IDFromBytes(m.Bridge)
	if err != nil {
		return nil, fmt.Errorf("%w (the gateway names no bridge: %w)", ErrBridgeGone, err)
	}
	h.log.Info("code redeemed", "bridge", bridge)
	if len(m.Gateways) > 0 {
		if err := h.follow(ctx, bridge, m.Gateways); err != nil {
			return nil, fmt.Errorf("%w (its gateway: %w)", ErrBridgeGone, err)
		}
	}
	unmatch := h.gate.match(bridge)
	call, err := h.meet(ctx, bridge, m, code, unmatch)
	if err != nil {
		unmatch()
		h.node.Network().ClosePeer(bridge)
		return nil, err
	}
	return call, nil
}

// redeem asks the gateway for the bridge behind a code, or another gateway where that one is lost.
func (h *Host) redeem(ctx context.Context, code string) (*message.Meeting, error) {
	var m message.Meeting
	for again := true; ; again = false {
		if err := h.connect(ctx, h.ways.known()); err != nil {
			return nil, err
		}
		err := h.ask(ctx, RedeemProtocol, &message.Redeem{Code: code}, &m)
		if err == nil {
			return &m, StatusError(m.Status)
		}
		if !again || ctx.Err() != nil {
			return nil, err
		}
		h.node.Network().ClosePeer(h.here().id)
	}
}

// follow goes to the gateway where a bridge is, as ours says. That may send this computer to where a gateway can be as seen from
// there, and not to what is in this computer's own network.
func (h *Host) follow(ctx context.Context, bridge peer.ID, addresses []string) error {
	within := outside
	if way, _ := h.Way(); way.Proxy == "" {
		if at, err := netip.ParseAddrPort(way.Address); err == nil {
			within = depthOf(at.Addr())
		}
	}
	named, err := parseGateways(addresses, within)
	if err != nil {
		return err
	}
	for _, g := range named {
		if g.id == bridge || g.id == h.node.ID() {
			return fmt.Errorf("%v is no gateway", g.id)
		}
	}
	h.ways.learn(named)
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	return h.goTo(ctx, named)
}

// meet calls the bridge behind a code.
func (h *Host) meet(ctx context.Context, bridge peer.ID, m *message.Meeting, code string, unmatch func()) (*Call, error) {
	s, err := h.dial(ctx, bridge)
	if err != nil {
		h.log.Warn("bridge does not answer", "bridge", bridge, "err", err)
		return nil, ErrBridgeGone
	}
	stop := context.AfterFunc(ctx, func() { s.Reset() })
	p := party{self: h.self, host: h.node.ID().String(), bridge: bridge.String(), code: code}
	met, err := p.asHost(streamConn{s})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil && (met.peer.Name != m.Operator || met.peer.Organisation != m.Organisation) {
		err = ErrImpostor
	}
	deceived := errors.Is(err, session.Tampered) || errors.Is(err, ErrImpostor)
	if err != nil {
		h.log.Warn("handshake", "bridge", bridge, "err", err)
	}
	if err != nil && !deceived {
		s.Reset()
		return nil, err
	}
	s.SetDeadline(time.Time{})
	c := newCall(met, line{host: true, local: peerAddr(h.node.ID().String()), remote: peerAddr(bridge.String()),
		mend: func(ctx context.Context, anew bool) error { return h.mend(ctx, bridge, anew) },
	}, h.log.With("bridge", bridge))
	c.begin(s, conn{s.Conn()})
	if !h.calls.start(c, func() { h.leave(bridge, unmatch) }) {
		c.control.Fail(ErrClosed)
		return nil, ErrClosed
	}
	if deceived { // an honest bridge is deceived as well
		c.End(session.Tampered)
		return nil, err
	}
	h.mu.Lock()
	h.call, h.bridge = c, bridge
	h.mu.Unlock()
	return c, nil
}

// dial opens the session's stream to a bridge, through the relay of the gateway.
func (h *Host) dial(ctx context.Context, bridge peer.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	c, err := h.connectTo(ctx, bridge)
	if err != nil {
		return nil, err
	}
	return openStream(ctx, c, sessionProtocol, false)
}

// serveChannel takes a channel that a bridge opens.
func (h *Host) serveChannel(s network.Stream) {
	h.mu.Lock()
	c, bridge := h.call, h.bridge
	h.mu.Unlock()
	if c == nil || bridge != s.Conn().RemotePeer() {
		s.Reset()
		return
	}
	if err := c.join(context.Background(), s, conn{s.Conn()}); err != nil {
		c.log.Warn("channel's stream refused", "err", err)
	}
}

// Close ends every call with session.ByUser, and waits until nothing of the node runs.
func (h *Host) Close() error {
	h.calls.end(session.ByUser)
	err := h.node.Close()
	h.reporting.Wait()
	h.meeting.Lock() // the last attempt at a direct connection has ended
	defer h.meeting.Unlock()
	return err
}

func logOr(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
