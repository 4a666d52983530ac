//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"net"
	"sync"
	"testing"

	"sixgate/rfb"
)

// follower is our own client, attached to a server.
type follower struct {
	*rfb.Client

	mu      sync.Mutex
	seen    *image.RGBA // after the last update
	updates int
	err     error // why it ended
}

var errNoPicture = errors.New("no picture yet")

// follow attaches our client and keeps it attached until the test ends.
func follow(t *testing.T, s *server, o rfb.ClientOptions) *follower {
	t.Helper()
	return followOn(t, s.dial(t), o)
}

// followOn is follow on a connection that there is.
func followOn(t *testing.T, conn net.Conn, o rfb.ClientOptions) *follower {
	t.Helper()
	client, err := rfb.NewClient(conn, o)
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{Client: client}
	if err := client.Request(false, client.Image().Rect); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(f.run)
	t.Cleanup(func() { conn.Close(); running.Wait() })
	return f
}

func (f *follower) run() {
	var err error
	for err == nil {
		var e rfb.Event
		if e, err = f.Next(); err != nil {
			break
		}
		if u, ok := e.(*rfb.Update); ok {
			f.keep()
			err = f.Request(!u.Resized, f.Image().Rect)
		}
	}
	f.mu.Lock()
	f.err = fmt.Errorf("our client: %w: %w", errEnded, err)
	f.mu.Unlock()
}

func (f *follower) keep() {
	img := picture(f.Image())
	f.mu.Lock()
	f.seen = img
	f.updates++
	f.mu.Unlock()
}

// picture is what the client has now.
func (f *follower) picture() (*image.RGBA, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	if f.seen == nil {
		return nil, errNoPicture
	}
	return f.seen, nil
}

// ours is our own client as one of the staying viewers.
func ours(encodings ...rfb.Encoding) func(*testing.T, *server) func() (*image.RGBA, error) {
	return func(t *testing.T, s *server) func() (*image.RGBA, error) {
		encodings := append(encodings, rfb.EncodingCursor, rfb.EncodingLastRect, rfb.EncodingDesktopSize, rfb.EncodingExtendedDesktopSize)
		return follow(t, s, rfb.ClientOptions{Password: s.password, Encodings: encodings}).picture
	}
}
