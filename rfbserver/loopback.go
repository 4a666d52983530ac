package rfbserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Loopback is a port of this machine that viewers attach to, on 127.0.0.1 and, where there is IPv6, on ::1. It cannot be
// made to listen anywhere else.
type Loopback struct {
	Port int

	listeners []net.Listener
}

// portTries bounds the search for a port that is free on both addresses, when any will do.
const portTries = 16

// ListenLoopback opens a port; 0 takes one that is free.
func ListenLoopback(port int) (*Loopback, error) {
	if port != 0 {
		return listenBoth(port)
	}
	var err error
	for range portTries {
		var l *Loopback
		if l, err = listenBoth(0); err == nil {
			return l, nil
		}
	}
	return nil, err
}

func listenBoth(port int) (*Loopback, error) {
	v4, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, portError(port, err)
	}
	l := &Loopback{Port: v4.Addr().(*net.TCPAddr).Port, listeners: []net.Listener{v4}}
	v6, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(l.Port)))
	switch {
	case err == nil:
		l.listeners = append(l.listeners, v6)
	case errors.Is(err, syscall.EADDRINUSE): // somebody else would get half of our viewers
		v4.Close()
		return nil, portError(l.Port, err)
	}
	return l, nil
}

func portError(port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is in use on this machine: end the program that uses it or choose another port", port)
	}
	return fmt.Errorf("open port %d on loopback: %w", port, err)
}

// Address is where a viewer attaches: "127.0.0.1:5901".
func (l *Loopback) Address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Port))
}

// Serve hands every viewer that attaches to serve, each on a goroutine of its own, until ctx ends. Then it closes the
// port and waits for the viewers to be gone; serve closes its connection.
func (l *Loopback) Serve(ctx context.Context, serve func(net.Conn)) {
	defer context.AfterFunc(ctx, l.Close)()
	var viewers sync.WaitGroup
	for _, listener := range l.listeners {
		viewers.Go(func() {
			for ctx.Err() == nil {
				conn, err := listener.Accept()
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err != nil { // out of file descriptors: what holds them may let go
					wait(ctx, 100*time.Millisecond)
					continue
				}
				viewers.Go(func() { serve(conn) })
			}
		})
	}
	viewers.Wait()
}

// Close closes the port; viewers that are attached stay.
func (l *Loopback) Close() {
	for _, listener := range l.listeners {
		listener.Close()
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
