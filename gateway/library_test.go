//go:build linux

package gateway

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/multiformats/go-multiaddr"

	"sixgate/p2p"
)

// What the library alone does is measured beside what ours does: a relay in a process of its own, and nodes that meet there.

// libraryAlone is what a process has for a gateway's data that is to be such a relay.
const libraryAlone = "library"

const bare = "/bare/1"

func bareNode(circuits func(host.Host, transport.Upgrader) error) (host.Host, error) {
	key, err := p2p.NewIdentity()
	if err != nil {
		return nil, err
	}
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits), rcmgr.WithLimitPerSubnet(nil, nil))
	if err != nil {
		return nil, err
	}
	return p2p.NewNode(p2p.NodeOptions{Key: key, Resources: limits, Circuits: circuits})
}

func serveLibrary() {
	n, err := bareNode(nil)
	if err == nil {
		err = n.Network().Listen(multiaddr.StringCast("/ip4/127.0.0.1/tcp/0"))
	}
	r := relay.DefaultResources()
	r.Limit, r.BufferSize, r.MaxReservations, r.MaxReservationsPerIP = &relay.RelayLimit{Duration: circuitFor, Data: circuitBytes}, circuitBuffer, mostBridges, mostBridges
	if err == nil {
		_, err = relay.New(n, relay.WithResources(r))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%v/p2p/%v\n", n.Network().ListenAddresses()[0], n.ID())
	io.Copy(io.Discard, os.Stdin)
	n.Close()
}

// bareCircuit is a stream between two nodes through such a relay.
func bareCircuit(b *testing.B, g apart) (at, from io.ReadWriteCloser) {
	hop, err := peer.AddrInfoFromString(g.address)
	if err != nil {
		b.Fatal(err)
	}
	var ends [2]host.Host
	for i := range ends {
		if ends[i], err = bareNode(client.AddTransport); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { ends[i].Close() })
		if err := ends[i].Connect(b.Context(), *hop); err != nil {
			b.Fatal(err)
		}
	}
	came := make(chan network.Stream, 1)
	ends[1].SetStreamHandler(bare, func(s network.Stream) { came <- s })
	if _, err := client.Reserve(b.Context(), ends[1], *hop); err != nil {
		b.Fatal(err)
	}
	over := multiaddr.StringCast(g.address + "/p2p-circuit")
	if err := ends[0].Connect(b.Context(), peer.AddrInfo{ID: ends[1].ID(), Addrs: []multiaddr.Multiaddr{over}}); err != nil {
		b.Fatal(err)
	}
	s, err := ends[0].NewStream(network.WithAllowLimitedConn(context.Background(), "bare"), ends[1].ID(), bare)
	if err != nil {
		b.Fatal(err)
	}
	s.Write([]byte{0})
	far := <-came
	io.ReadFull(far, make([]byte, 1))
	return s, far
}

// BenchmarkThroughput is what one channel carries through the gateway, from the host to the bridge, beside a stream of the library
// alone. BenchmarkChannel in p2p is the same without a relay.
func BenchmarkThroughput(b *testing.B) {
	for _, tt := range []struct {
		name, data string
		meet       func(*testing.B, apart) (at, from io.ReadWriteCloser)
	}{{"relayed channel", "", through}, {"relayed stream", libraryAlone, bareCircuit}} {
		b.Run(tt.name, func(b *testing.B) {
			if tt.data == "" {
				tt.data = b.TempDir() + "/data"
			}
			at, from := tt.meet(b, startApart(b, Options{Data: tt.data}))
			go io.Copy(io.Discard, struct{ io.Reader }{from})
			piece := make([]byte, 64<<10)
			b.SetBytes(int64(len(piece)))
			for b.Loop() {
				if _, err := at.Write(piece); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
