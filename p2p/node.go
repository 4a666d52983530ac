package p2p

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"
)

// userAgent is all that identify tells of a program.
const userAgent = "sixgate"

// A silent connection is given up after deadAfter + writeFor.
const (
	aliveEvery = 10 * time.Second // yamux asks the other end whether it lives
	writeFor   = 10 * time.Second // yamux's bytes must have left by then
)

// NodeOptions are what the nodes of a host, a bridge and a gateway differ in.
type NodeOptions struct {
	Key       crypto.PrivKey
	Gater     connmgr.ConnectionGater
	Resources network.ResourceManager
	Listen    []multiaddr.Multiaddr // none: the node only dials
	Circuit   bool                  // dials and accepts through a relay
}

// NewNode assembles a libp2p node from its parts: TCP, Noise, yamux, and circuits where wanted. The root package of
// go-libp2p would do the same and bring every transport there is: 7 MB more in a program that users download.
func NewNode(o NodeOptions) (host.Host, error) {
	id, err := peer.IDFromPrivateKey(o.Key)
	if err != nil {
		return nil, err
	}
	peers, err := pstoremem.NewPeerstore()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(peers.AddPrivKey(id, o.Key), peers.AddPubKey(id, o.Key.GetPublic())); err != nil {
		return nil, err
	}
	bus := eventbus.NewBus()
	sw, err := swarm.NewSwarm(id, peers, bus, swarm.WithConnectionGater(o.Gater), swarm.WithResourceManager(o.Resources))
	if err != nil {
		return nil, err
	}
	h, err := basichost.NewHost(sw, &basichost.HostOpts{EventBus: bus, UserAgent: userAgent})
	if err != nil {
		sw.Close()
		return nil, err
	}
	if err := transports(h, sw, o); err != nil {
		h.Close()
		return nil, err
	}
	h.Start()
	return h, nil
}

// transports gives a node its ways to others.
func transports(h host.Host, sw *swarm.Swarm, o NodeOptions) error {
	muxer := *yamux.DefaultTransport
	muxer.KeepAliveInterval, muxer.ConnectionWriteTimeout = aliveEvery, writeFor
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: &muxer}}
	security, err := noise.New(noise.ID, o.Key, muxers)
	if err != nil {
		return err
	}
	up, err := upgrader.New([]sec.SecureTransport{security}, muxers, nil, o.Resources, o.Gater)
	if err != nil {
		return err
	}
	var options []tcp.Option
	if len(o.Listen) > 0 { // else a second gateway could share the port, and take every other connection
		options = append(options, tcp.DisableReuseport())
	}
	t, err := tcp.NewTCPTransport(up, o.Resources, nil, options...)
	if err != nil {
		return err
	}
	if err := sw.AddTransport(t); err != nil {
		return err
	}
	if o.Circuit {
		if err := client.AddTransport(h, up); err != nil {
			return err
		}
	}
	if len(o.Listen) == 0 {
		return nil
	}
	if err := sw.Listen(o.Listen...); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}
