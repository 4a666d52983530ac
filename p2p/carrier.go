package p2p

import (
	"context"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multistream"

	"sixgate/p2p/resume"
)

// carrier is a connection to the other end that can carry a call's channels. Two are compared with ==.
type carrier interface {
	Relayed() bool
	// open opens a stream to the host. Where sure is set it returns when the other end has heard of it.
	open(ctx context.Context, sure bool) (resume.Stream, error)
	close()
}

// conn is a connection of libp2p's as a carrier.
type conn struct{ network.Conn }

func (c conn) Relayed() bool { return c.Stat().Limited }

func (c conn) close() { c.Close() }

func (c conn) open(ctx context.Context, sure bool) (resume.Stream, error) {
	return openStream(ctx, c.Conn, channelProtocol, sure)
}

// openStream names the protocol without asking whether the other end speaks it, so that it costs no round trip, unless it is to be
// sure that the other end has heard.
func openStream(ctx context.Context, c network.Conn, p protocol.ID, sure bool) (network.Stream, error) {
	s, err := c.NewStream(network.WithAllowLimitedConn(ctx, "session"))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { s.Reset() })
	defer stop()
	if err = s.SetProtocol(p); err == nil && sure {
		err = multistream.SelectProtoOrFail(p, s)
	}
	if err != nil {
		s.Reset()
		return nil, err
	}
	if sure {
		return s, nil
	}
	return lazyStream{s, multistream.NewMSSelect(s, p)}, nil
}

// lazyStream sends the name of its protocol with the first bytes, and hears the other end's with its first.
type lazyStream struct {
	network.Stream
	named multistream.LazyConn
}

func (s lazyStream) Read(b []byte) (int, error)  { return s.named.Read(b) }
func (s lazyStream) Write(b []byte) (int, error) { return s.named.Write(b) }

// carriers are the connections to a peer; the first is the best. nil: there is none.
func bestOf(n network.Network, p peer.ID) carrier {
	var best network.Conn
	for _, c := range n.ConnsToPeer(p) {
		if !c.IsClosed() && (best == nil || best.Stat().Limited && !c.Stat().Limited || better(c, best)) {
			best = c
		}
	}
	if best == nil {
		return nil
	}
	return conn{best}
}

// better prefers the younger of two of one sort: the older may have died unheard.
func better(a, b network.Conn) bool {
	return a.Stat().Limited == b.Stat().Limited && a.Stat().Opened.After(b.Stat().Opened)
}
