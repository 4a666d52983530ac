package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"sixgate/p2p/resume"
	"sixgate/session"
)

// Kinds of channels.
const (
	RFB    = "rfb"    // carries the screen (RFC 6143); the host is the server
	Tunnel = "tunnel" // carries the bytes of a connection to a service
)

// kinds are all kinds of channels, and what the user must allow for each: any of these permissions.
var kinds = map[string]session.Permissions{
	RFB:    session.View | session.Control | session.Clipboard,
	Tunnel: session.Tunnel,
}

// talkNumber is that of the channel on which both ends talk; it has no kind.
const talkNumber = 0

// talkWindow is control's: its messages are small.
const talkWindow = 64 << 10

// channel is one of a call's channels. It leaves its call when it is over.
type channel struct {
	*resume.Conn
	number uint32
	kind   string

	joining sync.Mutex    // on a host: held while the channel comes to a stream
	opened  chan struct{} // closed when it stands on its first stream, or never will; the call's mu is held

	// The call's mu holds these.
	attempt uint64        // on a bridge the last one, on a host the last one heard
	latest  resume.Stream // on a host: that of the attempt, until it is answered
	on      carrier       // what its stream is on, or was
}

// newChannel makes a channel of the call. c.mu is held.
func (c *Call) newChannel(number uint32, kind string) *channel {
	ch := &channel{number: number, kind: kind, opened: make(chan struct{})}
	o := resume.Options{Local: c.local, Remote: c.remote, Changed: func() { c.poke() }}
	if number == talkNumber {
		o.Window = talkWindow
	}
	ch.Conn = resume.New(o)
	c.channels[number] = ch
	return ch
}

// isNew reports whether the channel has not stood on a stream yet.
func (ch *channel) isNew() bool {
	select {
	case <-ch.opened:
		return false
	default:
		return true
	}
}

// settled notes what a channel's stream is on.
func (c *Call) settled(ch *channel, on carrier) {
	c.mu.Lock()
	ch.on = on
	c.carriers[on] = struct{}{}
	if ch == c.control {
		c.hushed, c.round, c.toldRTT = false, 0, 0
	}
	if ch.isNew() {
		close(ch.opened)
	}
	c.mu.Unlock()
	c.poke()
}

// Open opens a channel of a kind to the host. Only a bridge opens channels. It returns ErrNotAllowed before the user's
// consent; while the connection is broken it waits. It does not wait for the host: where that refuses, Read says so. The channel
// carries deadlines, and lives through breaks of the connection.
func (c *Call) Open(ctx context.Context, kind string) (net.Conn, error) {
	if c.host {
		return nil, fmt.Errorf("a host opens no channels: %w", errors.ErrUnsupported)
	}
	ch, err := c.newOpen(kind)
	if err == nil {
		select {
		case <-ch.opened:
			if err = ch.Err(); err == nil {
				return ch, nil
			}
		case <-c.stop:
			<-c.done
		case <-ctx.Done():
			err = ctx.Err()
			ch.Reset(unwanted)
		}
	}
	return nil, c.endedOr(fmt.Errorf("open the %s channel: %w", kind, err))
}

// newOpen makes a channel that the keeper then brings to the host.
func (c *Call) newOpen(kind string) (*channel, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.allowed&kinds[kind] == 0 || len(c.channels) > mostChannels {
		return nil, ErrNotAllowed
	}
	c.numbers.highest++
	ch := c.newChannel(c.numbers.highest, kind)
	signal(c.fresh)
	c.poke()
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
			if c.consented(kind) {
				return ch, nil
			}
			ch.Reset(unwanted) // the user has taken it back meanwhile
		case <-c.stop:
			<-c.done
			return nil, c.reason
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// consented reports whether channels of a kind may be opened now.
func (c *Call) consented(kind string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.allowed&kinds[kind] != 0
}
