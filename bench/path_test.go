//go:build linux

package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What is sent at once arrives after half the delay at the path's rate, and the sender is held up by what the queue does not take.
func TestPathTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		sender, in := net.Pipe()
		out, receiver := net.Pipe()
		var running sync.WaitGroup
		defer running.Wait()
		start := time.Now()
		running.Go(func() {
			distant.carry(out, in)
			out.Close()
		})
		running.Go(func() {
			sender.Write(make([]byte, size))
			if took, want := time.Since(start), distant.passes(size)-queued; took < want-5*time.Millisecond || took > want {
				t.Errorf("the sender was free after %v, not %v", took, want)
			}
			sender.Close()
		})
		if _, err := io.ReadFull(receiver, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if took, want := time.Since(start), distant.delay/2+distant.passes(packet); took != want {
			t.Errorf("the first byte came after %v, not %v", took, want)
		}
		if n, err := io.Copy(io.Discard, receiver); n != size-1 || err != nil {
			t.Errorf("%d bytes and %v", n, err)
		}
		if took, want := time.Since(start), distant.delay/2+distant.passes(size); took < want-time.Millisecond || took > want {
			t.Errorf("the last byte came after %v, not %v", took, want)
		}
	})
}

// passes is how long n bytes take through the bottleneck.
func (p path) passes(n int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(p.rate)
}

// What comes back goes over the path as well.
func TestRelayCarriesBothWays(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer echo.Close()
	running.Go(func() {
		conn, err := echo.Accept()
		if err == nil {
			io.Copy(conn, conn)
			conn.Close()
		}
	})
	r, err := newRelay(t.Context(), distant, echo.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	conn, err := net.Dial("tcp", r.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	start := time.Now()
	for range 3 {
		if _, err := io.WriteString(conn, "there"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took < 3*distant.delay {
		t.Errorf("three round trips took %v", took)
	}
	if n := r.sent.Load(); n != 15 {
		t.Errorf("%d bytes were sent", n)
	}
}
