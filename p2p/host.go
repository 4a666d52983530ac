package p2p

import (
	"context"
	"log/slog"
)

// HostOptions say which gateway a host uses and what it says of itself.
type HostOptions struct {
	Gateways []string     // multiaddrs that end in /p2p/ and the gateway's peer id, tried together
	Self     Hello        // Name and System
	Log      *slog.Logger // nil: silent
}

// Host is the end user's node. Its identity is made for one run and never stored. It accepts no connection.
type Host struct{}

// DialHost starts a node and connects it to the gateway, before the user has typed anything. It returns ErrGateway when
// no gateway answers.
func DialHost(ctx context.Context, o HostOptions) (*Host, error) { return nil, errTODO }

// Join redeems code (six digits) at the gateway and does the handshake with the bridge behind it. A code is tried once:
// after any error but ErrGateway and ErrTooMany the user needs a new one.
func (h *Host) Join(ctx context.Context, code string) (*Call, error) { return nil, errTODO }

// Close ends every call with session.ByUser, and waits until nothing of the node runs.
func (h *Host) Close() error { return errTODO }
