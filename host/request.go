package host

import (
	"slices"

	"sixgate/p2p"
	"sixgate/session"
)

// What this program can do. The end user's say over files is here before the channel that they will go through (p2p's kinds):
// whoever opens that finds F11, bar, page and receipt at work. Chat, files as a mode, and tunnels are not offered yet: keys, bar, page
// and receipt know them.
const offered = session.View | session.Control | session.Clipboard | session.Files

var modes = []session.Mode{session.ModeActive, session.ModeGuidance, session.ModeMonitor}

// deliberate are the permissions that are off until the end user turns them on by themselves: an Allow alone does not give them.
const deliberate = session.Files | session.Tunnel

// Request is what a supporter asks the end user for.
type Request struct {
	Supporter   p2p.Hello
	Mode        session.Mode        // which the end user gives unless they choose a lower one
	Modes       []session.Mode      // which they may choose, highest first: Mode, and lower ones
	Permissions session.Permissions // which they may give, in one of the modes
}

// Grant is the end user's answer. The zero value is their no.
type Grant struct {
	Mode        session.Mode
	Permissions session.Permissions
	ShowNew     bool // windows that open later are shown without asking
}

// newRequest is what a supporter asks for, as far as this program can do it. It has no modes where that is nothing.
func newRequest(supporter p2p.Hello) Request {
	r := Request{Supporter: supporter, Modes: session.Choices(supporter.Mode, modes)}
	if len(r.Modes) > 0 {
		r.Mode = r.Modes[0]
	}
	for _, m := range r.Modes {
		r.Permissions |= m.Offers() & offered
	}
	return r
}

// offers is what there is to allow in a mode.
func (r Request) offers(m session.Mode) session.Permissions { return r.Permissions & m.Offers() }

// within is what of g was asked for, and the mode offers. A mode that there was not to choose is no.
func (r Request) within(g Grant) Grant {
	if !slices.Contains(r.Modes, g.Mode) {
		return Grant{}
	}
	g.Permissions &= r.offers(g.Mode)
	return g
}

// no tells whether nothing is granted. (In a mode without permissions, such as chat, the mode is what is granted.)
func (g Grant) no() bool { return g.Permissions == 0 && g.Mode.Offers() != 0 }
