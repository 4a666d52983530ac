package p2p

import (
	"errors"
	"sixgate/session"
)

// Hello is what one end says of itself when a session begins. Each field is at most 200 bytes of printable text.
type Hello struct {
	Name         string // the operator, as the gateway knows them; the host's computer name
	Organisation string // the operator's; empty from a host
	Purpose      string // what the bridge asks for; empty from a host
	System       string // the operating system
}

// Notice tells the other end where a session is. Each one is complete: the newest is all that matters.
type Notice struct {
	State       session.State
	Permissions session.Permissions // what the user allows now; only a host's notice has any
}

// Channel kinds.
const RFB = "rfb" // the screen: RFC 6143, the host is the server

var errTODO = errors.New("p2p: not written yet")
