//go:build linux

package x11

import (
	"encoding/binary"
	"time"

	"github.com/jezek/xgb/xproto"
)

const (
	mimeText      = "text/plain;charset=utf-8"
	stampProperty = "SIXGATE_TIME"

	maxTransfers = 16      // at a time, piece by piece
	maxPairs     = 32      // in one request for several targets
	maxPiece     = 1 << 18 // bytes; less where the server takes less in one request
)

// destination is where a program wants a text: a property of its window.
type destination struct {
	window   xproto.Window
	property xproto.Atom
}

// transfer is a text on its way from us to another program, piece by piece.
type transfer struct {
	form     xproto.Atom
	rest     []byte
	ended    bool // the empty piece is sent
	deadline time.Time
}

// askTime has the server tell its time, as a change of a property of ours: a selection must not be taken at "now" (ICCCM §2.1).
func (c *clipboard) askTime() {
	xproto.ChangeProperty(c.conn.Conn, xproto.PropModeAppend, c.window, c.atoms[stampProperty], c.atoms["INTEGER"], 8, 0, nil)
}

// own takes both selections, to offer what was last set.
func (c *clipboard) own(now xproto.Timestamp) {
	c.mu.Lock()
	text, none := c.ours, c.none
	c.mu.Unlock()
	if none {
		return
	}
	c.offered, c.echo = text, text
	for _, selection := range c.selections() {
		xproto.SetSelectionOwner(c.conn.Conn, c.window, selection, now)
		c.owned[selection] = now
	}
}

// disown gives up the selections that are ours, if there is nothing to offer any more. The server knows whether they still are.
func (c *clipboard) disown() (none bool) {
	c.mu.Lock()
	none = c.none
	c.mu.Unlock()
	if !none {
		return false
	}
	for selection, since := range c.owned {
		xproto.SetSelectionOwner(c.conn.Conn, xproto.WindowNone, selection, since)
	}
	clear(c.owned)
	for to := range c.transfers {
		c.endTransfer(to)
	}
	c.offered = ""
	return true
}

// answer gives another program what it asks of a selection of ours, and says so (ICCCM §2.2).
func (c *clipboard) answer(e xproto.SelectionRequestEvent) {
	to := destination{e.Requestor, e.Property}
	if to.property == xproto.AtomNone {
		to.property = e.Target // as programs older than ICCCM mean it
	}
	since, owned := c.owned[e.Selection]
	late := e.Time != xproto.TimeCurrentTime && int32(e.Time-since) < 0 // asked of the owner before us
	if !owned || late || !c.convert(e.Target, to, since) {
		to.property = xproto.AtomNone
	}
	notice := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: to.property}
	xproto.SendEvent(c.conn.Conn, false, e.Requestor, xproto.EventMaskNoEvent, string(notice.Bytes()))
}

// convert puts one target of what is offered into a property, and says whether it could.
func (c *clipboard) convert(target xproto.Atom, to destination, since xproto.Timestamp) bool {
	switch target {
	case c.atoms["TARGETS"]:
		var list []byte
		for _, name := range []string{"TARGETS", "TIMESTAMP", "MULTIPLE", "UTF8_STRING", mimeText, "TEXT", "STRING"} {
			list = binary.LittleEndian.AppendUint32(list, uint32(c.atoms[name]))
		}
		c.put32(to, c.atoms["ATOM"], list)
	case c.atoms["TIMESTAMP"]:
		c.put32(to, c.atoms["INTEGER"], binary.LittleEndian.AppendUint32(nil, uint32(since)))
	case c.atoms["MULTIPLE"]:
		return c.convertAll(to, since)
	case c.atoms["UTF8_STRING"], c.atoms[mimeText]:
		c.putText(to, target, []byte(c.offered))
	case c.atoms["TEXT"]:
		c.putText(to, c.atoms["UTF8_STRING"], []byte(c.offered))
	case c.atoms["STRING"]:
		c.putText(to, target, toLatin1(c.offered))
	default:
		return false
	}
	return true
}

// convertAll converts several targets, listed in the property with a property for each; those that it cannot are struck
// off the list (ICCCM §2.6.2).
func (c *clipboard) convertAll(to destination, since xproto.Timestamp) bool {
	list, err := xproto.GetProperty(c.conn.Conn, false, to.window, to.property, c.atoms["ATOM_PAIR"], 0, 2*maxPairs).Reply()
	if err != nil || list.Format != 32 || list.BytesAfter > 0 {
		return false
	}
	for pair := list.Value; len(pair) >= 8; pair = pair[8:] {
		target, property := xproto.Atom(binary.LittleEndian.Uint32(pair)), xproto.Atom(binary.LittleEndian.Uint32(pair[4:]))
		if target == c.atoms["MULTIPLE"] || !c.convert(target, destination{to.window, property}, since) {
			binary.LittleEndian.PutUint32(pair[4:], xproto.AtomNone)
		}
	}
	c.put32(to, c.atoms["ATOM_PAIR"], list.Value)
	return true
}

func (c *clipboard) put32(to destination, form xproto.Atom, data []byte) {
	xproto.ChangeProperty(c.conn.Conn, xproto.PropModeReplace, to.window, to.property, form, 32, uint32(len(data)/4), data)
}

func (c *clipboard) put8(to destination, form xproto.Atom, data []byte) {
	xproto.ChangeProperty(c.conn.Conn, xproto.PropModeReplace, to.window, to.property, form, 8, uint32(len(data)), data)
}

// piece is how many bytes go into one request.
func (c *clipboard) piece() int {
	const header = 24
	return min(maxPiece, 4*int(c.conn.setup.MaximumRequestLength)-header)
}

// putText puts a text into a property, or announces that it comes piece by piece.
func (c *clipboard) putText(to destination, form xproto.Atom, text []byte) {
	if len(text) <= c.piece() {
		c.put8(to, form, text)
		return
	}
	for len(c.transfers) >= maxTransfers {
		c.endTransfer(c.slowest())
	}
	xproto.ChangeWindowAttributes(c.conn.Conn, to.window, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
	c.transfers[to] = &transfer{form: form, rest: text, deadline: time.Now().Add(answerFor)}
	c.put32(to, c.atoms["INCR"], binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
}

// slowest is the transfer whose program has kept us waiting for longest.
func (c *clipboard) slowest() (to destination) {
	var first time.Time
	for at, t := range c.transfers {
		if first.IsZero() || t.deadline.Before(first) {
			to, first = at, t.deadline
		}
	}
	return to
}

// continueTransfer sends the next piece: the program has taken the last one away. An empty one says that it was all.
func (c *clipboard) continueTransfer(to destination) {
	t := c.transfers[to]
	if t == nil {
		return
	}
	if t.ended {
		c.endTransfer(to)
		return
	}
	n := min(len(t.rest), c.piece())
	c.put8(to, t.form, t.rest[:n])
	t.rest, t.ended, t.deadline = t.rest[n:], n == 0, time.Now().Add(answerFor)
}

func (c *clipboard) endTransfer(to destination) {
	delete(c.transfers, to)
	for other := range c.transfers {
		if other.window == to.window {
			return
		}
	}
	xproto.ChangeWindowAttributes(c.conn.Conn, to.window, xproto.CwEventMask, []uint32{xproto.EventMaskNoEvent})
}

// toLatin1 puts a question mark for each character that Latin-1 does not have.
func toLatin1(s string) []byte {
	latin := make([]byte, 0, len(s))
	for _, char := range s {
		if char > 0xff {
			char = '?'
		}
		latin = append(latin, byte(char))
	}
	return latin
}
