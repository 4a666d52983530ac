package p2p

import (
	"context"
	"net"
	"sixgate/session"
	"time"
)

// Call is one session between a host and a bridge, end to end. Its methods may be called by many goroutines at once.
//
// Only the host's Tell of a live state with permissions allows channels; before that, and after a notice that takes them
// all back, neither end opens one.
type Call struct{}

// Peer is what the other end says of itself.
func (c *Call) Peer() Hello { return Hello{} }

// CheckDigits are the four digits that both ends computed. The supporter reads them out; the host compares what its user
// types with them (session.Attempts) and never shows them.
func (c *Call) CheckDigits() string { return "" }

// Tell sends n to the other end. On a host it also grants (and takes back) what n says.
func (c *Call) Tell(n Notice) error { return errTODO }

// Notices delivers what the other end tells. Where nobody reads, the oldest are dropped. It is closed when the call ends.
func (c *Call) Notices() <-chan Notice { return nil }

// Open opens a channel of a kind to the host. Only a bridge opens channels. It returns ErrNotAllowed before the user's
// consent. The channel carries deadlines; writes of 16 KiB and more are cheapest.
func (c *Call) Open(ctx context.Context, kind string) (net.Conn, error) { return nil, errTODO }

// Accept returns the next channel of a kind that the bridge opens. Only a host accepts channels.
func (c *Call) Accept(ctx context.Context, kind string) (net.Conn, error) { return nil, errTODO }

// Path says whether the call goes through the gateway's relay, and how long a round trip takes (0: not measured yet).
func (c *Call) Path() (relay bool, rtt time.Duration) { return true, 0 }

// End ends the call for both ends with one reason, closes its channels and waits until nothing of it runs. Where both
// end at once, the user's reason counts. A second End changes nothing.
func (c *Call) End(reason session.Reason) {}

// Done is closed when the call has ended.
func (c *Call) Done() <-chan struct{} { return nil }

// Err is why the call ended, a session.Reason in the same words on both ends, and nil before.
func (c *Call) Err() error { return nil }
