package p2p

import (
	"fmt"
	"strings"
	"unicode"

	"sixgate/p2p/message"
)

// Alert tells a supporter what stands in their way on the host's desktop.
type Alert struct {
	Kind  AlertKind
	Title string // of the window; at most 200 bytes of printable text
}

// AlertKind is what an alert is about.
type AlertKind uint8

const (
	AlertBlocked AlertKind = iota + 1 // another program there has the mouse or the keyboard, as when it asks for a password
	AlertFree                         // no longer
	AlertPaused                       // the user works with their own mouse or keyboard, and the supporter's are not listened to
	AlertResumed                      // no longer
)

var alertKinds = [...]string{AlertBlocked: "blocked", AlertFree: "free", AlertPaused: "paused", AlertResumed: "resumed"}

func (k AlertKind) known() bool { return k > 0 && int(k) < len(alertKinds) }

func (k AlertKind) String() string {
	if !k.known() {
		return "unknown"
	}
	return alertKinds[k]
}

// parseAlert trusts no title: a host's windows say what they like.
func parseAlert(m *message.Alert) Alert {
	return Alert{AlertKind(min(m.GetKind(), 255)), clean(m.GetTitle())}
}

// clean is text on one line, without what moves a cursor or turns the line, in at most maxText bytes.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") // not half of a letter
	}
	return text
}

// Alert tells the bridge. Only a host alerts.
func (c *Call) Alert(a Alert) error {
	if !c.host {
		return fmt.Errorf("a bridge alerts nobody: %w", ErrNotAllowed)
	}
	m := &message.Alert{Kind: uint32(a.Kind), Title: clean(a.Title)}
	if err := c.send(&message.Control{What: &message.Control_Alert{Alert: m}}); err != nil {
		return c.endedOr(err)
	}
	return nil
}

// Alerts delivers the host's alerts to a bridge. Where nobody reads, the oldest are dropped. It is closed when the call ends.
func (c *Call) Alerts() <-chan Alert { return c.alerts }
