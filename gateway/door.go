package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Whoever comes to the cluster's port has enterFor to show that it is one of the gateways; JetStream's server cuts off who does not.
// Meanwhile it counts: this server by itself would take any number.
const (
	enterFor    = 2 * time.Second
	mostEnter   = 64 // at a time
	mostEnterAt = 8  // of these, from an address
)

// door is the port of a cluster: it hands connections on to JetStream's server, which has a port of its own on loopback, and
// demands mutual TLS there.
type door struct {
	listener net.Listener
	to       string

	mu       sync.Mutex
	entering map[netip.Addr]int
	all      int
}

func openDoor(at, to string) (*door, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, err
	}
	return &door{listener: l, to: to, entering: make(map[netip.Addr]int)}, nil
}

// serve hands connections on until ctx ends.
func (d *door) serve(ctx context.Context) {
	var handed sync.WaitGroup
	defer handed.Wait()
	defer context.AfterFunc(ctx, func() { d.listener.Close() })()
	for {
		c, err := d.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(wantFor) // no file descriptor is left
			continue
		}
		from := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
		if !d.enter(from) {
			c.Close()
			continue
		}
		handed.Go(func() { d.hand(ctx, c, from) })
	}
}

func (d *door) enter(from netip.Addr) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= mostEnter || d.entering[from] >= mostEnterAt {
		return false
	}
	d.all++
	d.entering[from]++
	return true
}

func (d *door) entered(from netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.entering[from]--; d.entering[from] == 0 {
		delete(d.entering, from)
	}
}

// hand joins a connection to one with JetStream's server until either ends.
func (d *door) hand(ctx context.Context, c net.Conn, from netip.Addr) {
	defer c.Close()
	enters := sync.OnceFunc(func() { d.entered(from) })
	defer enters()
	// Longer than the server gives it: what is there after that has entered.
	defer time.AfterFunc(2*enterFor, enters).Stop()
	inner, err := new(net.Dialer).DialContext(ctx, "tcp", d.to)
	if err != nil {
		return
	}
	defer inner.Close()
	defer context.AfterFunc(ctx, func() { c.Close(); inner.Close() })()
	var out sync.WaitGroup
	out.Go(func() {
		io.Copy(c, inner)
		c.Close()
	})
	io.Copy(inner, c)
	inner.Close()
	out.Wait()
}
