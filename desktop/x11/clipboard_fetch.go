//go:build linux

package x11

import (
	"strconv"
	"strings"
	"time"

	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// settleFor is how long a selection made with the mouse must have stayed as it is: some programs make a new one with every motion.
const settleFor = 100 * time.Millisecond

// fetch is a text on its way from the owner of a selection to us.
type fetch struct {
	selection, target, property xproto.Atom // target is 0 until it is asked for

	owner    xproto.Window
	time     xproto.Timestamp // the request's
	deadline time.Time        // for the owner's next step

	pieces bool // it comes piece by piece: INCR
	data   []byte
	over   bool // more than maxText came: the rest is thrown away

	again bool             // the owner copied something else meanwhile,
	since xproto.Timestamp // at this time
}

// Answers are put into a property each, so that a late one is not taken for the next.
const fetchProperties = 8

func fetchProperty(i int) string { return "SIXGATE_TEXT_" + strconv.Itoa(i%fetchProperties) }

// ownerChanged asks the new owner of a selection for its text. Without an owner there is nobody left to wait for.
func (c *clipboard) ownerChanged(e xfixes.SelectionNotifyEvent) {
	f := c.fetches[e.Selection]
	switch {
	case e.Owner == c.window || e.Owner == xproto.WindowNone:
		delete(c.fetches, e.Selection)
	case f != nil && f.owner == e.Owner: // one question at a time to each program
		f.again, f.since = true, e.Timestamp
		if f.target == xproto.AtomNone {
			f.deadline = time.Now().Add(settleFor)
		}
	default:
		c.begin(e.Selection, e.Owner, e.Timestamp)
	}
}

// begin asks for what was copied, or waits until what is being selected has settled.
func (c *clipboard) begin(selection xproto.Atom, owner xproto.Window, at xproto.Timestamp) {
	if selection == c.atoms["PRIMARY"] {
		c.fetches[selection] = &fetch{selection: selection, owner: owner, deadline: time.Now().Add(settleFor), again: true, since: at}
		return
	}
	c.ask(selection, c.atoms["UTF8_STRING"], owner, at)
}

// ask requests a selection as one target.
func (c *clipboard) ask(selection, target xproto.Atom, owner xproto.Window, at xproto.Timestamp) {
	f := &fetch{
		selection: selection, target: target, property: c.atoms[fetchProperty(c.asked)],
		owner: owner, time: at, deadline: time.Now().Add(answerFor),
	}
	c.asked++
	c.fetches[selection] = f
	xproto.ConvertSelection(c.conn.Conn, c.window, selection, target, f.property, at)
}

// answered takes the answer to ask.
func (c *clipboard) answered(e xproto.SelectionNotifyEvent) {
	f := c.fetches[e.Selection]
	if f == nil || e.Target != f.target || e.Time != f.time && e.Time != xproto.TimeCurrentTime {
		return // to a question that is not asked any more
	}
	if e.Property == xproto.AtomNone {
		c.refused(f)
		return
	}
	reply, err := c.take(f)
	switch {
	case err != nil:
		c.finish(f)
	case reply.Type == c.atoms["INCR"]:
		f.pieces, f.deadline = true, time.Now().Add(answerFor)
	case reply.Format != 8 || reply.Type != c.atoms["UTF8_STRING"] && reply.Type != c.atoms["STRING"]:
		c.refused(f)
	default:
		c.add(f, reply)
		c.arrived(f, reply.Type)
	}
}

// refused asks for the older form of text, once.
func (c *clipboard) refused(f *fetch) {
	if f.target == c.atoms["UTF8_STRING"] && !f.again {
		c.ask(f.selection, c.atoms["STRING"], f.owner, f.time)
		return
	}
	c.finish(f)
}

// pieceArrived takes one of the pieces (ICCCM §2.7.2); an empty one is the end.
func (c *clipboard) pieceArrived(property xproto.Atom) {
	for _, f := range c.fetches {
		if !f.pieces || f.property != property {
			continue
		}
		reply, err := c.take(f)
		switch {
		case err != nil:
			c.finish(f)
		case len(reply.Value) == 0 && reply.BytesAfter == 0:
			c.arrived(f, reply.Type)
		default:
			c.add(f, reply)
			f.deadline = time.Now().Add(answerFor)
		}
		return
	}
}

// take reads what the owner put into the property, and removes it.
func (c *clipboard) take(f *fetch) (*xproto.GetPropertyReply, error) {
	reply, err := xproto.GetProperty(c.conn.Conn, true, c.window, f.property, xproto.GetPropertyTypeAny, 0, maxText/4).Reply()
	if err == nil && reply.BytesAfter > 0 { // then the server has not removed it
		xproto.DeleteProperty(c.conn.Conn, c.window, f.property)
	}
	return reply, err
}

func (c *clipboard) add(f *fetch, reply *xproto.GetPropertyReply) {
	f.over = f.over || reply.BytesAfter > 0 || len(f.data)+len(reply.Value) > maxText
	if f.over {
		f.data = nil
		return
	}
	f.data = append(f.data, reply.Value...)
}

// arrived makes a complete text the answer of text.
func (c *clipboard) arrived(f *fetch, form xproto.Atom) {
	c.finish(f)
	if f.over {
		c.log.Info("text too long for the clipboard", "limit", maxText)
		return
	}
	text := strings.TrimRight(string(f.data), "\x00")
	if form == c.atoms["STRING"] {
		text = fromLatin1(text)
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if text == "" || text == c.echo {
		return
	}
	c.echo = ""
	c.mu.Lock()
	c.theirs = text
	c.mu.Unlock()
	c.changed()
}

// finish ends a fetch, and goes on to what the owner copied meanwhile.
func (c *clipboard) finish(f *fetch) {
	delete(c.fetches, f.selection)
	switch {
	case !f.again:
	case f.target == xproto.AtomNone: // settled
		c.ask(f.selection, c.atoms["UTF8_STRING"], f.owner, f.since)
	default:
		c.begin(f.selection, f.owner, f.since)
	}
}

func fromLatin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
