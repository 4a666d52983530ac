package p2p

import "errors"

// What callers branch on. Each says cause and remedy in the words that both ends show. None holds a code.
var (
	ErrNoCode      = errors.New("no session waits for this code: it is wrong, has expired or was used; ask your supporter for a new one")
	ErrTooMany     = errors.New("too many wrong codes came from this network; wait a few minutes and type the code again")
	ErrGateway     = errors.New("the gateway cannot be reached: check its address, and that this computer is online and may reach that port")
	ErrBridgeGone  = errors.New("the supporter's program is not connected to the gateway now; ask your supporter for a new code")
	ErrHostGone    = errors.New("the other computer took the code and did not arrive; make a new code")
	ErrHandshake   = errors.New("the other side did not finish the handshake; begin again with a new code")
	ErrVersion     = errors.New("the two programs speak different versions: install the same version of sixgate on both sides")
	ErrNotAdmitted = errors.New("the gateway does not know this profile: have its operator make one with 'sixgate-gateway operator add'")
	ErrImpostor    = errors.New("the supporter's program gives another name than the gateway has for it: do not go on, and tell your administrator")
	ErrNotAllowed  = errors.New("the user has not allowed this")
	ErrClosed      = errors.New("this program is closing")
)
