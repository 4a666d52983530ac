package host

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"sixgate/rfbserver"
)

// VNC shows a desktop to VNC viewers on this machine without a gateway, as a classic VNC server does: for legacy tooling
// and for comparisons. Whoever starts it is the one whose desktop it is, so nobody is asked.
type VNC struct {
	Desktop    Desktop
	Port       int  // 0 takes a free one
	NoPassword bool // otherwise a random one is made and printed
	Log        *slog.Logger
}

// Serve prints where viewers attach and serves them until ctx ends.
func (v VNC) Serve(ctx context.Context, out io.Writer) error {
	port, err := rfbserver.ListenLoopback(v.Port)
	if err != nil {
		return err
	}
	defer port.Close()
	server := &rfbserver.Server{Desktop: v.Desktop, Log: v.Log}
	if !v.NoPassword {
		server.Password = rfbserver.RandomPassword()
		fmt.Fprintln(out, "password:", server.Password)
	}
	fmt.Fprintln(out, "listening on", port.Address())

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var viewers sync.WaitGroup
	viewers.Go(func() {
		port.Serve(ctx, func(conn net.Conn) { server.Serve(ctx, conn) }) // the server logs who came and went
	})
	err = server.Run(ctx)
	cancel()
	viewers.Wait()
	return err
}
