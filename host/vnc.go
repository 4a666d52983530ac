package host

import (
	"context"
	"errors"
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

	ctx, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		port.Serve(ctx, func(conn net.Conn) { server.Serve(ctx, conn) }) // the server logs who came and went
	})
	running.Go(func() { // the server looks at the desktop for viewers only
		select {
		case <-v.Desktop.Gone():
			cancel(errGone)
		case <-ctx.Done():
		}
	})
	err = server.Run(ctx)
	cancel(err)
	running.Wait()
	if context.Cause(ctx) == errGone {
		return errGone
	}
	return err
}

var errGone = errors.New("the desktop that was shown is gone, as after logging out: start again in a desktop session")
