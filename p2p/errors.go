package p2p

import (
	"errors"

	"sixgate/p2p/message"
)

// What callers branch on. Each says cause and remedy in the words that both ends show. None holds a code.
var (
	ErrNoCode = errors.New("no session waits for this code: it is wrong, has expired or was used; ask your supporter " +
		"for a new one")
	ErrTooMany = errors.New("too many wrong codes came from this network; wait a few minutes, then type the code again")
	ErrGateway = errors.New("the gateway cannot be reached: check its address, and that this computer is online and " +
		"may reach that port")
	ErrOtherGateway = errors.New("another program answers at the gateway's address, and it has not the gateway's key: see that the " +
		"address is the gateway's own and today's; if it is, do not go on, and tell its administrator")
	ErrBusy  = errors.New("the gateway cannot do this now; try again in a minute, and tell its administrator if it stays so")
	ErrApart = errors.New("the gateway has lost the other gateways that it shares its codes with: sessions go on, but no code can " +
		"be made or used until they are back; try again in some minutes, and tell its administrator")
	ErrBridgeGone = errors.New("the supporter's program does not answer; ask your supporter for a new code")
	ErrForgotten  = errors.New("the gateway does not know the code that waited; tell the other side the new one")
	ErrHostGone   = errors.New("the other computer took the code and did not arrive; make a new code")
	ErrHandshake  = errors.New("the other side did not finish the handshake; begin again with a new code")
	ErrVersion    = errors.New("the two programs speak different versions: install the same version of sixgate on both sides")

	ErrNotAdmitted = errors.New("the gateway does not know this profile: have its operator make one with " +
		"'sixgate-gateway operator add'")
	ErrImpostor = errors.New("the supporter's program gives another name than the gateway has for it: do not go on, and " +
		"tell your administrator")
	ErrNotAllowed = errors.New("the user has not allowed this")
	ErrClosed     = errors.New("this program is closing")
)

// statusErrors are a gateway's refusals.
var statusErrors = map[message.Status]error{
	message.Status_NO_CODE:      ErrNoCode,
	message.Status_TOO_MANY:     ErrTooMany,
	message.Status_BRIDGE_GONE:  ErrBridgeGone,
	message.Status_NOT_ADMITTED: ErrNotAdmitted,
	message.Status_BUSY:         ErrBusy,
	message.Status_APART:        ErrApart,
}

// Status is err as the gateway tells it to others: what is not theirs to know is BUSY.
func Status(err error) message.Status {
	if err == nil {
		return message.Status_OK
	}
	for status, known := range statusErrors {
		if errors.Is(err, known) {
			return status
		}
	}
	return message.Status_BUSY
}

// StatusError is the other way round.
func StatusError(s message.Status) error {
	if s == message.Status_OK {
		return nil
	}
	if err := statusErrors[s]; err != nil {
		return err
	}
	return ErrBusy
}
