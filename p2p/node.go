package p2p

import (
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
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
	// Transports are the node's ways to others, made with the upgrader that authenticates and multiplexes. nil: it dials TCP.
	Transports func(transport.Upgrader) ([]transport.Transport, error)
	// Circuits adds the ways through a relay. nil: there are none.
	Circuits func(host.Host, transport.Upgrader) error
}

// NewNode assembles a libp2p node from its parts: Noise, yamux, the transports that it is given, and circuits where wanted. The
// root package of go-libp2p would do the same and bring every transport there is: 7 MB more in a program that users download.
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
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: burstMuxer{&muxer}}}
	security, err := noise.New(noise.ID, o.Key, muxers)
	if err != nil {
		return err
	}
	up, err := upgrader.New([]sec.SecureTransport{security}, muxers, nil, o.Resources, o.Gater)
	if err != nil {
		return err
	}
	make := o.Transports
	if make == nil {
		make = func(up transport.Upgrader) ([]transport.Transport, error) {
			t, err := tcp.NewTCPTransport(up, o.Resources, nil)
			return []transport.Transport{t}, err
		}
	}
	all, err := make(up)
	if err != nil {
		return err
	}
	for _, t := range all {
		if err := sw.AddTransport(t); err != nil {
			return err
		}
	}
	if o.Circuits == nil {
		return nil
	}
	return o.Circuits(h, up)
}
