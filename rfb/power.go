package rfb

import "bufio"

const msgXVP byte = 250 // of both ends: padding1, version1, code1 (rfbproto, xvp)

const (
	xvpVersion      = 1
	xvpFail    byte = 0 // of the server
	xvpInit    byte = 1
)

// PowerAction is what the xvp extension asks of the computer whose screen is shown.
type PowerAction byte

// The power actions.
const (
	PowerShutdown PowerAction = 2
	PowerReboot   PowerAction = 3
	PowerReset    PowerAction = 4 // at once, without leave of anything that runs
)

// String names the action.
func (a PowerAction) String() string {
	switch a {
	case PowerShutdown:
		return "shut down"
	case PowerReboot:
		return "reboot"
	case PowerReset:
		return "reset"
	}
	return "unknown power action"
}

// Power asks for a power action, of a server that has offered them. Other actions than the three may be read.
type Power struct{ Action PowerAction }

// PowerOffered is the server's offer of power actions, PowerFailed its answer to one that will not be done.
type (
	PowerOffered struct{}
	PowerFailed  struct{}
)

func (PowerOffered) event() {}
func (PowerFailed) event()  {}

func (m Power) Append(b []byte) []byte { return append(b, msgXVP, 0, xvpVersion, byte(m.Action)) }

// AppendPowerOffered adds the offer.
func AppendPowerOffered(b []byte) []byte { return append(b, msgXVP, 0, xvpVersion, xvpInit) }

// AppendPowerFailed adds the answer.
func AppendPowerFailed(b []byte) []byte { return append(b, msgXVP, 0, xvpVersion, xvpFail) }

// readPower reads a request. One of another version of xvp is one for an unknown action.
func readPower(br *bufio.Reader) (ClientMessage, error) {
	b, err := take(br, 3)
	if err != nil {
		return nil, err
	}
	if b[1] != xvpVersion {
		return Power{}, nil
	}
	return Power{PowerAction(b[2])}, nil
}

// readPowerEvent reads an offer or a refusal; nil is something else.
func readPowerEvent(br *bufio.Reader) (Event, error) {
	b, err := take(br, 3)
	if err != nil {
		return nil, err
	}
	switch b[2] {
	case xvpInit:
		return PowerOffered{}, nil
	case xvpFail:
		return PowerFailed{}, nil
	}
	return nil, nil
}
