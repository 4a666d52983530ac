package p2p

import (
	"context"
	"log/slog"
	"time"
)

// BridgeOptions say who a bridge is.
type BridgeOptions struct {
	Profile Profile
	Purpose string       // what the host's user is asked for: "fix your printer"
	System  string       // the bridge's operating system
	Log     *slog.Logger // nil: silent
	// Link is told when the gateway is lost (an error that wraps ErrGateway; the bridge retries until it is closed) and
	// when it is back (nil). It must not block. nil: nobody wants to know.
	Link func(error)
}

// Code is a code that waits for its host.
type Code struct {
	Digits  string // six
	Expires time.Time
}

// Bridge is the supporter's node. It keeps its connection to the gateway until Close.
type Bridge struct{}

// DialBridge starts a node and connects it to the gateway. It returns ErrGateway when no gateway answers, and
// ErrNotAdmitted when the gateway does not know the profile.
func DialBridge(ctx context.Context, o BridgeOptions) (*Bridge, error) { return nil, errTODO }

// NewCode asks the gateway for a code. The one before dies, if it has not been used.
//
// Somebody in the middle who may try again and again finds check digits that fit both ends, so each call in a row that
// ended before the user consented makes the next code wait: 0, 2, 4, 8 … at most 64 seconds.
func (b *Bridge) NewCode(ctx context.Context) (Code, error) { return Code{}, errTODO }

// Extend sets the waiting code's life back to 15 minutes. It returns ErrNoCode when none waits.
func (b *Bridge) Extend(ctx context.Context) (Code, error) { return Code{}, errTODO }

// Cancel kills the waiting code. It returns ErrNoCode when none waits.
func (b *Bridge) Cancel(ctx context.Context) error { return errTODO }

// Accept returns the next host that redeemed a code, when the handshake with it is done. A host that redeemed a code and
// then did not arrive, stalled or spoke another version is an error: its code is dead, and the bridge goes on.
func (b *Bridge) Accept(ctx context.Context) (*Call, error) { return nil, errTODO }

// Close ends every call with session.BySupporter, and waits until nothing of the node runs.
func (b *Bridge) Close() error { return errTODO }
