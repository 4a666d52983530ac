package p2p

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"sixgate/p2p/message"
	"sixgate/session"
)

// Version is what both ends of a session must speak alike.
const Version = 2

// maxText is the longest name, organisation, purpose or system in bytes.
const maxText = 200

// Hello is what one end says of itself when a session begins. Each field is at most 200 bytes of printable text.
type Hello struct {
	Name         string       // the operator, as the gateway knows them; the host's computer name
	Organisation string       // the operator's; empty from a host
	Purpose      string       // what the bridge asks for; empty from a host
	System       string       // the operating system
	Mode         session.Mode // what a bridge wants the session to be for
}

// check refuses what would not fit on a line, or would move the cursor of a terminal that shows it.
func (h Hello) check() error {
	for _, s := range []string{h.Name, h.Organisation, h.Purpose, h.System} {
		if len(s) > maxText {
			return fmt.Errorf("a name of %d bytes: more than %d", len(s), maxText)
		}
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("the name %q has characters that cannot be shown", s)
		}
	}
	if strings.TrimSpace(h.Name) == "" {
		return fmt.Errorf("the name is empty")
	}
	return nil
}

func (h Hello) message() *message.Hello {
	return &message.Hello{Version: Version, Name: h.Name, Organisation: h.Organisation, Purpose: h.Purpose, System: h.System, Mode: uint32(h.Mode)}
}

// parseHello checks what the other end says of itself. Its version comes first: a newer hello may look different.
func parseHello(m *message.Hello) (Hello, error) {
	if m.Version != Version {
		return Hello{}, fmt.Errorf("%w (the other side speaks %d, this one %d)", ErrVersion, m.Version, Version)
	}
	h := Hello{Name: m.Name, Organisation: m.Organisation, Purpose: m.Purpose, System: m.System, Mode: session.Mode(min(m.Mode, 255))}
	return h, h.check()
}

// Notice tells the other end where a session is. Each one is complete: the newest is all that matters.
type Notice struct {
	State       session.State
	Mode        session.Mode        // what the session is for now; only a live host's notice has one
	Permissions session.Permissions // what the user allows now; only a host's notice has any
}

// allowed is what n allows: nothing, unless the session is live.
func (n Notice) allowed() session.Permissions {
	if !n.State.Live() {
		return 0
	}
	return n.Permissions
}

func (n Notice) message() *message.Notice {
	return &message.Notice{State: uint32(n.State), Mode: uint32(n.Mode), Permissions: uint32(n.Permissions)}
}

// parseNotice drops the permissions that this version does not know.
func parseNotice(m *message.Notice) Notice {
	return Notice{State: session.State(min(m.State, 255)), Mode: session.Mode(min(m.Mode, 255)),
		Permissions: session.Permissions(m.Permissions & 0xff)}
}
