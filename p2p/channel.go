package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"sixgate/p2p/message"
	"sixgate/session"
)

// RFB is the kind of channel that carries the screen (RFC 6143); the host is the server.
const RFB = "rfb"

// kinds are all kinds of channels, and what the user must allow for each: any of these permissions.
var kinds = map[string]session.Permissions{
	RFB: session.View | session.Control | session.Clipboard,
}

// Open opens a channel of a kind to the host. Only a bridge opens channels. It returns ErrNotAllowed before the user's
// consent. The channel carries deadlines; writes of 16 KiB and more are cheapest.
func (c *Call) Open(ctx context.Context, kind string) (net.Conn, error) {
	if c.host {
		return nil, fmt.Errorf("a host opens no channels: %w", errors.ErrUnsupported)
	}
	if !c.consented(kind) {
		return nil, c.endedOr(ErrNotAllowed)
	}
	ctx, cancel := context.WithTimeout(ctx, stepFor)
	defer cancel()
	conn, err := c.open(ctx)
	if err != nil {
		return nil, c.endedOr(fmt.Errorf("open the %s channel: %w", kind, err))
	}
	ch := &channel{Conn: conn, call: c, kind: kind}
	var answer message.Opened
	err = ch.during(ctx, func() error {
		if err := message.Write(conn, &message.Open{Kind: kind}); err != nil {
			return err
		}
		return message.Read(conn, &answer)
	})
	if err == nil && !answer.Allowed {
		err = ErrNotAllowed
	}
	if err == nil {
		err = c.keep(ch)
	}
	if err != nil {
		ch.Close()
		return nil, c.endedOr(fmt.Errorf("open the %s channel: %w", kind, err))
	}
	return ch, nil
}

// Accept returns the next channel of a kind that the bridge opens. Only a host accepts channels.
func (c *Call) Accept(ctx context.Context, kind string) (net.Conn, error) {
	incoming := c.incoming[kind]
	if !c.host || incoming == nil {
		return nil, fmt.Errorf("no %s channel comes here: %w", kind, errors.ErrUnsupported)
	}
	for {
		select {
		case ch := <-incoming:
			if ch.answer(ctx, true) == nil && c.keep(ch) == nil {
				return ch, nil
			}
			ch.Close() // the bridge has left it; the next one may come
		case <-c.stop:
			<-c.done
			return nil, c.reason
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// offer takes a channel that the bridge opened to who waits for its kind. Before the user's consent it refuses.
func (c *Call) offer(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, stepFor)
	defer cancel()
	ch := &channel{Conn: conn, call: c}
	var open message.Open
	if err := ch.during(ctx, func() error { return message.Read(conn, &open) }); err != nil {
		ch.Close()
		return err
	}
	ch.kind = open.Kind
	if incoming := c.incoming[ch.kind]; incoming != nil && c.consented(ch.kind) {
		select {
		case incoming <- ch:
			return nil
		case <-c.stop:
		case <-ctx.Done():
		}
	}
	defer ch.Close()
	ch.answer(ctx, false)
	return fmt.Errorf("channel %.20q: %w", ch.kind, ErrNotAllowed)
}

// consented reports whether channels of a kind may be opened now.
func (c *Call) consented(kind string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allowed&kinds[kind] != 0
}

// keep remembers ch, so that it is closed with the call.
func (c *Call) keep(ch *channel) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allowed&kinds[ch.kind] == 0 {
		return ErrNotAllowed
	}
	c.channels[ch] = struct{}{}
	return nil
}

// channel is one channel's stream, and leaves its call when it is closed.
type channel struct {
	net.Conn
	call *Call
	kind string
}

func (ch *channel) Close() error {
	ch.call.mu.Lock()
	delete(ch.call.channels, ch)
	ch.call.mu.Unlock()
	return ch.Conn.Close()
}

func (ch *channel) Read(b []byte) (int, error) {
	n, err := ch.Conn.Read(b)
	return n, readable(err)
}

func (ch *channel) Write(b []byte) (int, error) {
	n, err := ch.Conn.Write(b)
	return n, readable(err)
}

// readable turns yamux's word for a passed deadline into a net.Conn's.
func readable(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return os.ErrDeadlineExceeded
	}
	return err
}

// answer tells the bridge whether its channel is open.
func (ch *channel) answer(ctx context.Context, allowed bool) error {
	return ch.during(ctx, func() error { return message.Write(ch.Conn, &message.Opened{Allowed: allowed}) })
}

// during does a step on the stream that ends with ctx, and at the latest after stepFor.
func (ch *channel) during(ctx context.Context, step func() error) error {
	ch.SetDeadline(time.Now().Add(stepFor))
	stop := context.AfterFunc(ctx, func() { ch.SetDeadline(time.Unix(1, 0)) })
	err := step()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	ch.SetDeadline(time.Time{})
	return err
}
