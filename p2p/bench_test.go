package p2p

import (
	"io"
	"net"
	"testing"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/multiformats/go-multiaddr"

	"sixgate/p2p/resume"
)

// streamPair is a stream of libp2p between two nodes on loopback: TCP, Noise, yamux.
func streamPair(b *testing.B) (near, far network.Stream) {
	var nodes []host.Host
	for range 2 {
		key, err := NewIdentity()
		if err != nil {
			b.Fatal(err)
		}
		limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits))
		if err != nil {
			b.Fatal(err)
		}
		n, err := NewNode(NodeOptions{Key: key, Resources: limits})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { n.Close() })
		nodes = append(nodes, n)
	}
	if err := nodes[1].Network().Listen(multiaddr.StringCast("/ip4/127.0.0.1/tcp/0")); err != nil {
		b.Fatal(err)
	}
	came := make(chan network.Stream, 1)
	nodes[1].SetStreamHandler(channelProtocol, func(s network.Stream) { came <- s })
	if err := nodes[0].Connect(b.Context(), peer.AddrInfo{ID: nodes[1].ID(), Addrs: nodes[1].Network().ListenAddresses()}); err != nil {
		b.Fatal(err)
	}
	near, err := nodes[0].NewStream(b.Context(), nodes[1].ID(), channelProtocol)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := near.Write([]byte{0}); err != nil {
		b.Fatal(err)
	}
	far = <-came
	io.ReadFull(far, make([]byte, 1))
	return near, far
}

// BenchmarkChannel is what a channel costs beside the stream that it stands on.
func BenchmarkChannel(b *testing.B) {
	for name, run := range map[string]func(*testing.B, io.ReadWriter, io.ReadWriter){"throughput": throughput, "round trip": roundTrip} {
		b.Run(name+"/stream", func(b *testing.B) {
			near, far := streamPair(b)
			run(b, near, far)
		})
		b.Run(name+"/channel", func(b *testing.B) {
			near, far := streamPair(b)
			from, to := resume.New(resume.Options{}), resume.New(resume.Options{})
			from.Attach(near, 0, false)
			to.Attach(far, 0, false)
			run(b, from, to)
			from.Fail(net.ErrClosed)
			to.Fail(net.ErrClosed)
		})
	}
}

func throughput(b *testing.B, near, far io.ReadWriter) {
	go io.Copy(io.Discard, struct{ io.Reader }{far})
	chunk := make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		near.Write(chunk)
	}
}

func roundTrip(b *testing.B, near, far io.ReadWriter) {
	go io.Copy(struct{ io.Writer }{far}, struct{ io.Reader }{far})
	said := make([]byte, 100)
	for b.Loop() {
		near.Write(said)
		io.ReadFull(near, said)
	}
}
