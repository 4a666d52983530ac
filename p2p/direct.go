package p2p

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"sixgate/p2p/message"
)

// A session begins over the relay and moves to a direct connection when one can be had. It is made as DCUtR makes it
// (github.com/libp2p/specs, relay/DCUtR.md): over the relay the ends tell each other where others see them, and dial each
// other at the same moment, so that each router takes what comes for an answer. It is not libp2p's own service, for three reasons:
//   - Nobody learns the end user's address before they have allowed the session.
//   - A host never listens, and a bridge for these seconds only, on the one interface that leads to the gateway, for nobody but
//     the host that it is in a session with. libp2p's service listens always, on all interfaces, for all.
//   - libp2p tries once for each relayed connection; networks change, so this tries again.

// Times of an attempt.
const (
	prepareFor  = lookFor + 2*time.Second
	punchFor    = 5 * time.Second
	redialAfter = 100 * time.Millisecond
	againSoon   = 2 * time.Second  // after a connection that broke
	againFirst  = 20 * time.Second // after an attempt that failed, then twice that …
	againMost   = 10 * time.Minute
)

// Why there is no direct connection.
var (
	errNoWay = errors.New("no way")
	errUnmet = errors.New("the host is not ready to be met directly")
	errSpot  = errors.New("the other end told where it cannot be")
)

// maxSpots is how many addresses one end may tell.
const maxSpots = 8

// direct sees that there is a direct connection to host, until ctx ends.
func (b *Bridge) direct(ctx context.Context, host peer.ID) {
	gone := make(chan struct{}, 1)
	losses := &network.NotifyBundle{DisconnectedF: func(_ network.Network, c network.Conn) {
		if c.RemotePeer() == host {
			signal(gone)
		}
	}}
	b.node.Network().Notify(losses)
	defer b.node.Network().StopNotify(losses)
	for again := againFirst; ; again = min(2*again, againMost) {
		conn, release, err := b.approach(ctx, host)
		if errors.Is(err, errNear) {
			return
		}
		if err != nil {
			says := whyNotDirect(err)
			b.log.Info("no direct connection", "host", host, "why", says, "err", err)
			b.directly(says)
			b.report(&message.Report{Undirect: uint32(why(err))})
		} else {
			b.log.Info("direct connection", "host", host, "at", conn.RemoteMultiaddr())
			for len(b.directTo(host)) > 0 && ctx.Err() == nil {
				select {
				case <-gone:
				case <-ctx.Done():
				}
			}
			for _, c := range b.directTo(host) {
				c.Close()
			}
			release()
			again = againSoon
		}
		if sleep(ctx, again/2+rand.N(again)) != nil {
			return
		}
	}
}

// directTo are the direct connections to host: both transports may have got through.
func (b *Bridge) directTo(host peer.ID) []network.Conn {
	return slices.DeleteFunc(b.node.Network().ConnsToPeer(host), func(c network.Conn) bool { return c.Stat().Limited || c.IsClosed() })
}

// approach makes one attempt. The port that a connection came in at is there until it is released.
func (b *Bridge) approach(ctx context.Context, host peer.ID) (conn network.Conn, release func(), err error) {
	b.meeting.Lock()
	defer b.meeting.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*prepareFor+punchFor)
	defer cancel()
	relayed := network.WithNoDial(network.WithAllowLimitedConn(ctx, "direct"), "direct")
	s, err := b.node.NewStream(relayed, host, directProtocol)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	if err := message.Write(s, new(message.Spot)); err != nil { // both ends open their spots at the same time
		return nil, nil, err
	}
	here, err := b.openSpot(ctx)
	if err != nil {
		s.Reset()
		return nil, nil, err
	}
	defer here.close()
	var theirs message.Spot
	if err := message.Write(s, &message.Spot{Addresses: here.addresses()}); err != nil {
		return nil, nil, err
	}
	if err := message.Read(s, &theirs); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errUnmet, err)
	}
	there, err := parseSpot(&theirs)
	if err != nil {
		s.Reset()
		return nil, nil, err
	}
	conn, err = b.punch(ctx, host, there, func() error {
		began := time.Now()
		err := errors.Join(message.Write(s, new(message.Spot)), message.Read(s, new(message.Spot)), message.Write(s, new(message.Spot)))
		return errors.Join(err, sleep(ctx, time.Since(began)/2)) // until the host has heard it
	})
	if err != nil {
		return nil, nil, err
	}
	return conn, b.ways.holdPort(conn), nil
}

// serveDirect is the host's part of an attempt.
func (h *Host) serveDirect(s network.Stream) {
	defer s.Close()
	h.mu.Lock()
	c, bridge := h.call, h.bridge
	h.mu.Unlock()
	if c == nil || bridge != s.Conn().RemotePeer() || !c.isLive() || !h.meeting.TryLock() {
		s.Reset()
		return
	}
	defer h.meeting.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 2*prepareFor+punchFor)
	defer cancel()
	go func() {
		select {
		case <-c.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := h.answer(ctx, s, bridge); err != nil {
		h.log.Info("no direct connection", "bridge", bridge, "why", whyNotDirect(err), "err", err)
		s.Reset()
	}
}

// isLive reports whether the end user allows anything now.
func (c *Call) isLive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allowed != 0
}

func (h *Host) answer(ctx context.Context, s network.Stream, bridge peer.ID) error {
	s.SetDeadline(time.Now().Add(2 * prepareFor))
	if err := message.Read(s, new(message.Spot)); err != nil {
		return err
	}
	here, err := h.openSpot(ctx)
	if err != nil {
		return err
	}
	defer here.close()
	var theirs message.Spot
	if err := message.Read(s, &theirs); err != nil {
		return err
	}
	there, err := parseSpot(&theirs)
	if err != nil {
		return err
	}
	if err := message.Write(s, &message.Spot{Addresses: here.addresses()}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var watching sync.WaitGroup
	defer watching.Wait()
	defer s.CloseRead()
	_, err = h.punch(ctx, bridge, reachable(there, here.seen), func() error {
		err := errors.Join(message.Read(s, new(message.Spot)), message.Write(s, new(message.Spot)), message.Read(s, new(message.Spot)))
		watching.Go(func() {
			if _, broken := s.Read(make([]byte, 1)); broken != io.EOF {
				cancel() // the way over the relay is to be mended first: the library dials a peer in all ways or none
			}
		})
		return err
	})
	return err
}

// parseSpot reads where the other end can be met. It may only be where programs of users are, not where servers are.
func parseSpot(m *message.Spot) (all []multiaddr.Multiaddr, err error) {
	if len(m.Addresses) == 0 || len(m.Addresses) > maxSpots {
		return nil, errSpot
	}
	for _, b := range m.Addresses {
		a, err := multiaddr.NewMultiaddrBytes(b)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", errSpot, err)
		}
		at, err := addrPort(a)
		if err != nil || at.Port() < 1024 || !at.Addr().IsGlobalUnicast() || !a.Equal(onTCP(at)) && !a.Equal(onQUIC(at)) {
			return nil, fmt.Errorf("%w: %v", errSpot, a)
		}
		all = append(all, a)
	}
	return all, nil
}

// reachable leaves out the private addresses of another network: a bridge is in the same one if the gateway sees both ends under the
// same address, or is itself on the inside.
func reachable(there, seen []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	outside := make(map[netip.Addr]bool)
	inside := false
	for _, a := range seen {
		if at, err := addrPort(a); err == nil {
			outside[at.Addr()] = true
			inside = inside || at.Addr().IsPrivate()
		}
	}
	inside = inside || slices.ContainsFunc(there, func(a multiaddr.Multiaddr) bool {
		at, err := addrPort(a)
		return err == nil && outside[at.Addr()]
	})
	return slices.DeleteFunc(there, func(a multiaddr.Multiaddr) bool {
		at, err := addrPort(a)
		return err != nil || !inside && at.Addr().IsPrivate()
	})
}

// punch dials the other end, which dials at the same moment, until one of them gets through. The moment is when now returns.
func (u *uplink) punch(ctx context.Context, other peer.ID, there []multiaddr.Multiaddr, now func() error) (network.Conn, error) {
	arrived := make(chan network.Conn, 1)
	arrivals := &network.NotifyBundle{ConnectedF: func(_ network.Network, c network.Conn) {
		if c.RemotePeer() == other && !c.Stat().Limited {
			select {
			case arrived <- c:
			default:
			}
		}
	}}
	u.node.Network().Notify(arrivals)
	defer u.node.Network().StopNotify(arrivals)
	defer u.gate.expect(other, there)()
	if err := now(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, punchFor)
	defer cancel()
	var dialling sync.WaitGroup
	defer dialling.Wait()
	var lost error
	dialling.Go(func() {
		ctx := network.WithForceDirectDial(network.WithSimultaneousConnect(ctx, u.gate.host, "direct"), "direct")
		for ctx.Err() == nil {
			if lost = u.node.Connect(ctx, peer.AddrInfo{ID: other, Addrs: there}); lost == nil {
				return
			}
			sleep(ctx, redialAfter) // the other end may have been a moment late, or gets through meanwhile
		}
	})
	select {
	case c := <-arrived:
		cancel()
		return c, nil
	case <-ctx.Done():
		dialling.Wait()
		return nil, fmt.Errorf("%w: %v: %w", errNoWay, there, cmp.Or(lost, ctx.Err()))
	}
}
