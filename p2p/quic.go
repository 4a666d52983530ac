package p2p

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"net"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/transport"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/quic-go/quic-go"
)

// quicTransport closes its sockets with the node.
type quicTransport struct {
	transport.Transport
	sockets *quicreuse.ConnManager
}

func (t quicTransport) Close() error { return t.sockets.Close() }

// QUIC makes the transport over UDP. What comes in is counted by o.Resources before it costs a handshake.
func QUIC(o NodeOptions) (transport.Transport, error) {
	var reset quic.StatelessResetKey // the same after a restart: so the other end learns that its connection is dead
	var token quic.TokenGeneratorKey
	secret, err := o.Key.Raw()
	if err != nil {
		return nil, err
	}
	r, err := hkdf.Key(sha256.New, secret, nil, "sixgate quic stateless reset", len(reset))
	k, err2 := hkdf.Key(sha256.New, secret, nil, "sixgate quic token", len(token))
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	copy(reset[:], r)
	copy(token[:], k)
	sockets, err := quicreuse.NewConnManager(reset, token,
		quicreuse.VerifySourceAddress(func(a net.Addr) bool { return o.Resources.VerifySourceAddress(a) }),
		quicreuse.ConnContext(func(ctx context.Context, who *quic.ClientInfo) (context.Context, error) {
			from, err := quicreuse.ToQuicMultiaddr(who.RemoteAddr, quic.Version1)
			if err != nil {
				return ctx, err
			}
			scope, err := o.Resources.OpenConnection(network.DirInbound, false, from)
			if err != nil {
				return ctx, err
			}
			ctx = network.WithConnManagementScope(ctx, scope)
			context.AfterFunc(ctx, scope.Done)
			return ctx, nil
		}))
	if err != nil {
		return nil, err
	}
	t, err := libp2pquic.NewTransport(o.Key, sockets, nil, o.Gater, o.Resources)
	if err != nil {
		return nil, errors.Join(err, sockets.Close())
	}
	return quicTransport{t, sockets}, nil
}

// holdPort keeps the UDP port that a connection came in at after nobody listens there any more: the library counts only the
// connections that it dialled from a port, and closes one that has none.
func (w *ways) holdPort(conn network.Conn) (release func()) {
	there, err := addrPort(conn.RemoteMultiaddr())
	t, is := w.quic.(quicTransport)
	if err != nil || !is || !conn.RemoteMultiaddr().Equal(onQUIC(there)) {
		return func() {}
	}
	version := "udp4"
	if there.Addr().Is6() {
		version = "udp6"
	}
	port, err := t.sockets.TransportWithAssociationForDial(t.Transport, version, net.UDPAddrFromAddrPort(there))
	if err != nil {
		return func() {}
	}
	return port.DecreaseCount
}
