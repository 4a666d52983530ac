//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// path is what lies between the two ends of a connection. The zero path is the machine's own loopback.
type path struct {
	name  string
	delay time.Duration // there and back
	rate  int           // bytes a second, each way; 0: no limit
}

var (
	loopback = path{name: "loopback"}
	distant  = path{name: "80 ms, 10 Mbit/s", delay: 80 * time.Millisecond, rate: 10e6 / 8}
	poor     = path{name: "300 ms, 1 Mbit/s", delay: 300 * time.Millisecond, rate: 1e6 / 8}
)

// queued is how much a router holds before the bottleneck, as the time that it takes to pass. Then it takes no more: a
// real one would drop packets, and the sender would learn the same a round trip later.
const queued = 100 * time.Millisecond

// A packet is as long as Ethernet has them, and a kernel's receive buffer shorter than the path's own queue. Both are set
// before the connection begins: the sender's kernel then sees a path like a real one, and not 64 KiB packets on loopback.
const (
	packet        = 1448
	receiveBuffer = 8 << 10 // the kernel doubles it
)

// inFlight bounds the packets on their way, however short they are.
const inFlight = 4096

// relay listens, and carries each connection to its target and back over a path.
type relay struct {
	path
	target string
	sent   atomic.Int64 // bytes from the side that dialled, as they were taken in

	listener net.Listener
	running  sync.WaitGroup
	stopped  context.Context
	stop     context.CancelFunc
}

func newRelay(ctx context.Context, p path, target string) (*relay, error) {
	config := net.ListenConfig{Control: p.control}
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{path: p, target: target, listener: l}
	r.stopped, r.stop = context.WithCancel(ctx)
	r.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.running.Go(func() { r.serve(conn) })
		}
	})
	return r, nil
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// close hangs up on both sides of every connection.
func (r *relay) close() {
	r.stop()
	r.listener.Close()
	r.running.Wait()
}

func (r *relay) serve(near net.Conn) {
	defer near.Close()
	dialer := net.Dialer{Control: r.control}
	far, err := dialer.DialContext(r.stopped, "tcp", r.target)
	if err != nil {
		return
	}
	hangUp := func() { near.Close(); far.Close() }
	defer context.AfterFunc(r.stopped, hangUp)()
	var both sync.WaitGroup
	both.Go(func() { defer hangUp(); r.carry(far, metered{near, &r.sent}) })
	both.Go(func() { defer hangUp(); r.carry(near, far) })
	both.Wait()
}

// control makes a socket that has not begun yet as the path needs it.
func (p path) control(_, _ string, c syscall.RawConn) error {
	if p.rate == 0 {
		return nil
	}
	var set error
	err := c.Control(func(fd uintptr) {
		set = errors.Join(syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, packet),
			syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer))
	})
	return errors.Join(err, set)
}

// carry takes bytes from src to dst over one direction of the path, until either ends.
func (p path) carry(dst io.Writer, src io.Reader) {
	type parcel struct {
		due   time.Time
		bytes []byte
	}
	way := make(chan parcel, inFlight)
	var arriving sync.WaitGroup
	arriving.Go(func() {
		var failed error
		for it := range way {
			time.Sleep(time.Until(it.due))
			if failed == nil {
				_, failed = dst.Write(it.bytes)
			}
		}
	})
	defer arriving.Wait()
	defer close(way)
	size := packet
	if p.rate == 0 {
		size = 64 << 10
	}
	for free := time.Now(); ; { // the bottleneck is
		b := make([]byte, size)
		n, err := src.Read(b)
		if n > 0 {
			if now := time.Now(); free.Before(now) {
				free = now
			}
			if p.rate > 0 {
				free = free.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
			}
			way <- parcel{free.Add(p.delay / 2), b[:n]}
		}
		if err != nil {
			return
		}
		time.Sleep(time.Until(free) - queued)
	}
}
