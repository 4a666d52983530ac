package resume

import (
	"io"
	"net"
	"testing"
)

// tcpEnds are both ends of a TCP connection on loopback.
func tcpEnds(b *testing.B) (near, far net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return near, far
}

// BenchmarkWrite has one end write and the other read, with a channel and without.
func BenchmarkWrite(b *testing.B) {
	run := func(b *testing.B, near, far net.Conn) {
		go io.Copy(io.Discard, onlyReader{far})
		chunk := make([]byte, 64<<10)
		b.SetBytes(int64(len(chunk)))
		b.ReportAllocs()
		for b.Loop() {
			near.Write(chunk)
		}
	}
	b.Run("tcp", func(b *testing.B) {
		near, far := tcpEnds(b)
		run(b, near, far)
	})
	b.Run("channel over tcp", func(b *testing.B) {
		near, far := tcpEnds(b)
		from, to := New(Options{}), New(Options{})
		from.Attach(pipe{near}, 0, false)
		to.Attach(pipe{far}, 0, false)
		run(b, from, to)
		from.Fail(net.ErrClosed)
		to.Fail(net.ErrClosed)
	})
}

// onlyReader has io.Copy use a buffer, as for everybody else.
type onlyReader struct{ io.Reader }

// BenchmarkRoundTrip has both ends say a few bytes in turn.
func BenchmarkRoundTrip(b *testing.B) {
	run := func(b *testing.B, near, far net.Conn) {
		go io.Copy(far, onlyReader{far})
		said := make([]byte, 100)
		b.ReportAllocs()
		for b.Loop() {
			near.Write(said)
			io.ReadFull(near, said)
		}
	}
	b.Run("tcp", func(b *testing.B) {
		near, far := tcpEnds(b)
		run(b, near, far)
	})
	b.Run("channel over tcp", func(b *testing.B) {
		near, far := tcpEnds(b)
		from, to := New(Options{}), New(Options{})
		from.Attach(pipe{near}, 0, false)
		to.Attach(pipe{far}, 0, false)
		run(b, from, to)
		from.Fail(net.ErrClosed)
		to.Fail(net.ErrClosed)
	})
}
