//go:build linux

package x11

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

const (
	maxText   = 1 << 20 // bytes of a text, either way; longer ones are not transferred
	answerFor = 2 * time.Second
)

// clipboard is our part in the selections PRIMARY and CLIPBOARD of an X server (ICCCM §2), on a connection of its own.
// One goroutine does everything; it never waits for another program, only for the server.
type clipboard struct {
	log     *slog.Logger
	conn    *connection
	window  xproto.Window // owns and asks
	atoms   map[string]xproto.Atom
	changed func() // theirs did
	running sync.WaitGroup
	wanted  chan struct{} // set or clear was called

	mu     sync.Mutex
	theirs string
	ours   string
	none   bool // there is nothing of ours

	// Of the goroutine alone:
	fetches   map[xproto.Atom]*fetch // by selection
	asked     int                    // fetches, ever
	offered   string
	echo      string                           // what comes back from programs that keep what others copy; "" nothing
	owned     map[xproto.Atom]xproto.Timestamp // by selection, since when
	transfers map[destination]*transfer
}

// openClipboard watches the selections of a display. changed is called when text may give another answer.
func openClipboard(display string, log *slog.Logger, changed func()) (*clipboard, error) {
	conn, err := dial(display)
	if err != nil {
		return nil, err
	}
	c := &clipboard{
		log: log, conn: conn, changed: changed, wanted: make(chan struct{}, 1), atoms: map[string]xproto.Atom{},
		fetches: map[xproto.Atom]*fetch{}, owned: map[xproto.Atom]xproto.Timestamp{}, transfers: map[destination]*transfer{},
	}
	if err := c.open(); err != nil {
		conn.shut()
		return nil, err
	}
	events := make(chan xgb.Event)
	c.running.Go(func() { c.listen(events) })
	c.running.Go(func() { c.run(events) })
	return c, nil
}

func (c *clipboard) open() error {
	if err := c.conn.use("XFIXES"); err != nil {
		return err
	}
	if _, err := xfixes.QueryVersion(c.conn.Conn, 4, 0).Reply(); err != nil {
		return c.conn.gone(err)
	}
	if err := c.intern(); err != nil {
		return c.conn.gone(err)
	}
	id, err := xproto.NewWindowId(c.conn.Conn)
	if err != nil {
		return c.conn.gone(err)
	}
	c.window = id
	err = xproto.CreateWindowChecked(c.conn.Conn, 0, id, c.conn.screen.Root, -1, -1, 1, 1, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check()
	if err != nil {
		return c.conn.gone(err)
	}
	const changes = xfixes.SelectionEventMaskSetSelectionOwner | xfixes.SelectionEventMaskSelectionWindowDestroy | xfixes.SelectionEventMaskSelectionClientClose
	for _, selection := range c.selections() {
		xfixes.SelectSelectionInput(c.conn.Conn, id, selection, changes)
	}
	return nil
}

// intern learns the numbers of all names that are used.
func (c *clipboard) intern() error {
	names := []string{
		"PRIMARY", "CLIPBOARD", "INCR", "ATOM", "INTEGER", // ICCCM §2.6
		"TARGETS", "TIMESTAMP", "MULTIPLE", "ATOM_PAIR", "TEXT", "STRING", "UTF8_STRING", mimeText,
		stampProperty,
	}
	for i := range fetchProperties {
		names = append(names, fetchProperty(i))
	}
	asked := make([]xproto.InternAtomCookie, len(names))
	for i, name := range names {
		asked[i] = xproto.InternAtom(c.conn.Conn, false, uint16(len(name)), name)
	}
	for i, name := range names {
		reply, err := asked[i].Reply()
		if err != nil {
			return err
		}
		c.atoms[name] = reply.Atom
	}
	return nil
}

func (c *clipboard) selections() [2]xproto.Atom {
	return [2]xproto.Atom{c.atoms["PRIMARY"], c.atoms["CLIPBOARD"]}
}

// close disconnects; the server gives up our selections with the connection.
func (c *clipboard) close() {
	c.conn.Close()
	c.running.Wait()
}

// text is what others copied last.
func (c *clipboard) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.theirs
}

// set offers a text to others.
func (c *clipboard) set(text string) {
	if len(text) > maxText {
		c.log.Warn("text too long for the clipboard", "bytes", len(text), "limit", maxText)
		return
	}
	c.offer(text, false)
}

// clear takes back what set offered, where nobody has copied something else since.
func (c *clipboard) clear() { c.offer("", true) }

func (c *clipboard) offer(text string, none bool) {
	c.mu.Lock()
	c.ours, c.none = text, none
	c.mu.Unlock()
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

// listen passes the server's events on until the connection ends.
func (c *clipboard) listen(events chan<- xgb.Event) {
	defer close(events)
	for {
		event, err := c.conn.WaitForEvent()
		if event == nil && err == nil {
			return
		}
		if err != nil { // a window that was gone before our answer came
			c.log.Debug("X server refused a clipboard request", "err", fmt.Sprintf("%T", err))
			continue
		}
		events <- event
	}
}

// run does everything that happens to the selections, until the connection ends.
func (c *clipboard) run(events <-chan xgb.Event) {
	for {
		var timeout <-chan time.Time
		if next := c.nextDeadline(); !next.IsZero() {
			timeout = time.After(time.Until(next))
		}
		select {
		case event, ok := <-events:
			if !ok {
				return
			}
			c.handle(event)
		case <-c.wanted:
			if !c.disown() {
				c.askTime()
			}
		case now := <-timeout:
			c.expire(now)
		}
	}
}

func (c *clipboard) handle(event xgb.Event) {
	switch e := event.(type) {
	case extensionEvent:
		if c.conn.isEvent(e, "XFIXES", xfixes.SelectionNotify) {
			c.ownerChanged(xfixes.SelectionNotifyEventNew(e).(xfixes.SelectionNotifyEvent))
		}
	case xproto.SelectionNotifyEvent:
		c.answered(e)
	case xproto.SelectionRequestEvent:
		c.answer(e)
	case xproto.SelectionClearEvent:
		delete(c.owned, e.Selection)
	case xproto.PropertyNotifyEvent:
		switch {
		case e.Window != c.window && e.State == xproto.PropertyDelete:
			c.continueTransfer(destination{e.Window, e.Atom})
		case e.Window == c.window && e.State == xproto.PropertyNewValue && e.Atom == c.atoms[stampProperty]:
			c.own(e.Time)
		case e.Window == c.window && e.State == xproto.PropertyNewValue:
			c.pieceArrived(e.Atom)
		}
	}
}

// nextDeadline is when the first of the other programs has been waited for long enough; zero while none is waited for.
func (c *clipboard) nextDeadline() (next time.Time) {
	earlier := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for _, f := range c.fetches {
		earlier(f.deadline)
	}
	for _, t := range c.transfers {
		earlier(t.deadline)
	}
	return next
}

// expire gives up on programs that do not answer, and asks for selections that have settled.
func (c *clipboard) expire(now time.Time) {
	for _, f := range c.fetches {
		if !now.Before(f.deadline) {
			if f.target != xproto.AtomNone {
				c.log.Debug("a program does not give its selection")
			}
			c.finish(f)
		}
	}
	for to, t := range c.transfers {
		if !now.Before(t.deadline) {
			c.endTransfer(to)
		}
	}
}
