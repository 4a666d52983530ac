package p2p

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"sixgate/p2p/message"
	"sixgate/p2p/resume"
	"sixgate/session"
)

// Times of a call.
const (
	sendFor = 10 * time.Second // a control message must have room by then
	endFor  = 2 * time.Second  // for the last words of both ends
	// Where the connection is broken the last word waits for another: on a host, whose user wants the program to be gone, not for
	// long; on a bridge, which has other sessions, as long as the host waits.
	lateHost, lateBridge = 8 * time.Second, resume.PatienceFor
)

// lastWords is how many bytes of the other end are still read when a call is over.
const lastWords = 64 << 10

// talkMost is how many control messages a second this end hears. The words of who says more wait in the stream, which holds no more
// than its window: a flood keeps nobody busy.
const talkMost = 500

// notesKept is how many notices, and how many alerts, wait for a reader.
const notesKept = 16

// Call is one session between a host and a bridge, end to end. Its methods may be called by many goroutines at once.
//
// Only the host's Tell of a live state with permissions allows channels; before that, and after a notice that takes them
// all back, neither end opens one.
type Call struct {
	met
	line
	control  *channel
	log      *slog.Logger
	boot     func() time.Duration     // sinceBoot
	incoming map[string]chan *channel // on a host: the channels that wait for Accept, by kind

	ended   func()                              // called before done is closed
	taken   func(relay bool, rtt time.Duration) // on a bridge: called when the session's path is another, and how long it is is known
	notices chan Notice
	alerts  chan Alert    // on a bridge
	look    chan struct{} // capacity 1: for the keeper
	fresh   chan struct{} // capacity 1: there is a new channel, for the keeper as well
	changes chan struct{} // capacity 1
	hurry   chan struct{} // closed when this end has ended the call
	stop    chan struct{} // closed when the talk is over
	done    chan struct{} // closed when everything is but the last word, where the connection is broken
	closing chan struct{} // on a bridge: closed when the program ends

	sending chan struct{} // holds one token while somebody writes to control
	parted  bool          // the last message is written; whoever holds the token may look

	live chan struct{} // closed when the end user has allowed the session

	mu       sync.Mutex
	allowed  session.Permissions // of a live session
	granted  bool                // allowed, now or before
	ending   bool
	whole    bool           // there was a connection when the end began
	lastBy   time.Time      // until when the last words are waited for
	said     session.Reason // ours, when this end ended the call first
	reason   session.Reason // valid once done is closed
	channels map[uint32]*channel
	numbers  numbers
	carriers map[carrier]struct{} // that were used
	hushed   bool                 // nothing has come for silentFor
	round    time.Duration        // how long a round trip takes, over some beats; 0: not known on this path yet
	toldRTT  time.Duration        // that Path tells
	unsaid   bool                 // it was measured on a path that is not reported

	relayed, direct traffic
}

// line is what a call stands on.
type line struct {
	host          bool // this end is the host
	local, remote net.Addr
	best          func() carrier // on a bridge: the best connection to the host; nil: none
	// mend connects a host to the bridge, where it is not connected; anew: also where it is, for nothing comes of that.
	mend func(ctx context.Context, anew bool) error
}

// newCall makes one end of a call that begins on the stream of the handshake.
func newCall(m met, l line, log *slog.Logger) *Call {
	c := &Call{met: m, line: l, log: log, boot: sinceBoot, ended: func() {}, taken: func(bool, time.Duration) {},
		notices: make(chan Notice, notesKept), alerts: make(chan Alert, notesKept),
		look: make(chan struct{}, 1), fresh: make(chan struct{}, 1), changes: make(chan struct{}, 1),
		live: make(chan struct{}), hurry: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{}), closing: make(chan struct{}), sending: make(chan struct{}, 1),
		channels: make(map[uint32]*channel), carriers: make(map[carrier]struct{}), incoming: make(map[string]chan *channel)}
	for kind := range kinds {
		c.incoming[kind] = make(chan *channel)
	}
	c.control = c.newChannel(talkNumber, "")
	return c
}

// begin has the call's talk stand on its first stream.
func (c *Call) begin(s resume.Stream, on carrier) {
	c.settled(c.control, on)
	c.control.Attach(s, 0, false)
}

// run talks with the other end until the call has ended.
func (c *Call) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Go(c.beats)
	keeping.Go(func() { c.keep(ctx) })
	reason := c.listen()
	c.mute()
	close(c.stop)
	if c.goodbye(reason); c.saidOr(0) != 0 && !c.control.Over() {
		c.over(reason)
		c.later()
	}
	cancel()
	c.hangUp()
	keeping.Wait()
	c.control.Fail(reason)
	c.control.Wait()
	c.over(reason)
}

// over tells why the call has ended, once.
func (c *Call) over(reason session.Reason) {
	c.mu.Lock()
	told := c.reason != 0
	if !told {
		c.reason = reason
	}
	c.mu.Unlock()
	if told {
		return
	}
	c.log.Info("call ended", "reason", reason)
	close(c.notices)
	close(c.alerts)
	c.ended()
	close(c.done)
}

// later waits until the other end is there again, and has heard the last word.
func (c *Call) later() {
	wait := lateBridge
	if c.host {
		wait = lateHost
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	c.mu.Lock()
	c.whole = false
	on, attached := c.control.on, c.control.Attached()
	c.mu.Unlock()
	if attached { // and nothing comes on it
		on.close()
	}
	for closing := c.closing; ; {
		select {
		case <-c.control.Done():
			return
		case <-late.C:
			return
		case <-closing:
			closing = nil
			late.Reset(endFor)
		}
	}
}

// listen reads what the other end says, and returns why the call ends.
func (c *Call) listen() session.Reason {
	for heard, since := 1, time.Now(); ; heard++ {
		if heard > talkMost {
			if !c.rest(time.Until(since.Add(time.Second))) { // its last word may be far behind
				return c.saidOr(session.ByNetwork)
			}
			heard, since = 1, time.Now()
		}
		var m message.Control
		if err := message.Read(c.control, &m); err != nil {
			reason := c.saidOr(session.ByNetwork) // we ended it, and the other end hung up or is silent
			if reason == session.ByNetwork {
				c.log.Warn("call broken", "err", err)
			}
			return reason
		}
		switch what := m.What.(type) {
		case *message.Control_Notice:
			c.heard(parseNotice(what.Notice))
		case *message.Control_Alert:
			if a := parseAlert(what.Alert); !c.host && a.Kind.known() {
				leave(c.alerts, a)
			}
		case *message.Control_End:
			return c.agree(session.Reason(min(what.End.GetReason(), 255)))
		}
	}
}

// rest waits, until this end has ended the call: then it returns false.
func (c *Call) rest(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.hurry:
		return false
	}
}

// awaitEnd lets listen go on for the other end's last word, where that can come. c.mu is held.
func (c *Call) awaitEnd() {
	if !c.ending {
		close(c.hurry)
	}
	c.end()
	c.control.SetReadDeadline(c.lastBy)
}

// end begins the end. c.mu is held.
func (c *Call) end() {
	if c.ending {
		return
	}
	c.ending, c.whole, c.lastBy = true, c.control.Attached() && !c.hushed, time.Now()
	if c.whole {
		c.lastBy = c.lastBy.Add(endFor)
	}
}

// hungUp reports whether the connection broke while both ends say their last words: then that is how the other took its leave.
func (c *Call) hungUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending && c.whole && !c.control.Attached()
}

// saidOr is why this end ended the call and, if it has not, reason.
func (c *Call) saidOr(reason session.Reason) session.Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said != 0 {
		return c.said
	}
	return reason
}

// agree settles on one reason: the one that came first or, where both ends ended the call at once, the host's.
func (c *Call) agree(theirs session.Reason) session.Reason {
	byBridge := theirs == session.BySupporter || theirs == session.ByNetwork || theirs == session.Tampered
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.said != 0 && theirs == c.said: // they have heard ours
	case c.host && !byBridge: // a bridge cannot say what the user did
		theirs = session.BySupporter
	case !c.host && (theirs == session.BySupporter || !theirs.Known()):
		theirs = session.ByUser
	}
	if c.said != 0 && c.host {
		return c.said
	}
	return theirs
}

// goodbye tells the other end the reason, unless End has, and waits until it has heard everything.
func (c *Call) goodbye(reason session.Reason) {
	c.sendEnd(reason)
	c.control.SetReadDeadline(c.lastBy)
	io.CopyN(io.Discard, c.control, lastWords)
	c.control.Close()
	late := time.NewTimer(time.Until(c.lastBy))
	defer late.Stop()
	select {
	case <-c.control.Done():
	case <-late.C:
	}
}

// send writes a control message. Where it cannot, the call is over: the message may have left in part.
func (c *Call) send(m *message.Control) error {
	c.sending <- struct{}{}
	defer func() { <-c.sending }()
	c.mu.Lock()
	ending := c.ending
	c.mu.Unlock()
	if ending { // the last word is said
		return ErrClosed
	}
	c.control.SetWriteDeadline(time.Now().Add(sendFor))
	err := message.Write(c.control, m)
	if err != nil {
		c.mu.Lock()
		c.awaitEnd() // an end that reads no more has perhaps said why
		c.mu.Unlock()
	}
	return err
}

// sendEnd writes the last message, once, and returns when it is written. The caller has set ending.
func (c *Call) sendEnd(reason session.Reason) {
	c.control.SetWriteDeadline(time.Now().Add(endFor)) // also hurries a message that is stuck
	c.sending <- struct{}{}
	defer func() { <-c.sending }()
	if c.parted {
		return
	}
	c.parted = true
	c.control.SetWriteDeadline(time.Now().Add(endFor))
	message.Write(c.control, &message.Control{What: &message.Control_End{End: &message.End{Reason: uint32(reason)}}})
	c.control.CloseWrite()
}

// heard takes in a notice of the other end.
func (c *Call) heard(n Notice) {
	if c.host {
		n.Permissions = 0 // a bridge has none to give
	} else {
		c.mu.Lock()
		c.allowed = 0
		if !c.ending {
			c.allowed = n.allowed()
		}
		if c.allowed != 0 && !c.granted {
			c.granted = true
			close(c.live)
		}
		c.mu.Unlock()
	}
	leave(c.notices, n)
}

// leave leaves v for who reads to; where nobody does, the oldest is dropped. Only one goroutine writes to it.
func leave[T any](to chan T, v T) {
	for {
		select {
		case to <- v:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}

// Peer is what the other end says of itself.
func (c *Call) Peer() Hello { return c.peer }

// CheckDigits are the four digits that both ends computed. The supporter reads them out; the host compares what its user
// types with them (session.Attempts) and never shows them.
func (c *Call) CheckDigits() string { return c.digits }

// Tell sends n to the other end. On a host it also grants (and takes back) what n says.
func (c *Call) Tell(n Notice) error {
	if !c.host && n.Permissions != 0 {
		return fmt.Errorf("a bridge has no permissions to give: %w", ErrNotAllowed)
	}
	c.mu.Lock()
	if c.ending {
		c.mu.Unlock()
		return c.endedOr(ErrClosed)
	}
	if c.host {
		c.allowed = n.allowed()
	}
	c.mu.Unlock()
	if err := c.send(&message.Control{What: &message.Control_Notice{Notice: n.message()}}); err != nil {
		return c.endedOr(session.ByNetwork)
	}
	return nil
}

// Notices delivers what the other end tells. Where nobody reads, the oldest are dropped. It is closed when the call ends.
func (c *Call) Notices() <-chan Notice { return c.notices }

// End ends the call for both ends with one reason, closes its channels and waits until nothing of it runs. Where the connection is
// broken it does not wait: the other end hears of it if it is back soon, and the node's Close waits for that. Where both end at
// once, the user's reason counts. A second End changes nothing.
func (c *Call) End(reason session.Reason) {
	c.mu.Lock()
	first := !c.ending
	if first {
		c.said = reason
		c.awaitEnd()
	}
	c.mu.Unlock()
	if first {
		c.mute()
		c.sendEnd(reason)
	}
	<-c.done
}

// Done is closed when the call has ended and nothing of it runs but, where the connection is broken, the last word.
func (c *Call) Done() <-chan struct{} { return c.done }

// Err is why the call ended, a session.Reason in the same words on both ends, and nil before Done.
func (c *Call) Err() error {
	select {
	case <-c.done:
		return c.reason
	default:
		return nil
	}
}

// endedOr is why the call ended and, while it has not, err.
func (c *Call) endedOr(err error) error {
	if ended := c.Err(); ended != nil {
		return ended
	}
	return err
}

// hangUp breaks the connections that the call used.
func (c *Call) hangUp() {
	c.mu.Lock()
	used := slices.Collect(maps.Keys(c.carriers))
	c.mu.Unlock()
	for _, on := range used {
		on.close()
	}
}

// mute breaks the channels but the one of the talk, and lets no new one begin.
func (c *Call) mute() {
	c.mu.Lock()
	c.allowed = 0
	c.end()
	c.mu.Unlock()
	for _, ch := range c.open() {
		if ch != c.control {
			ch.Fail(net.ErrClosed)
		}
	}
}

// open are the channels that are not over, as far as the keeper knows.
func (c *Call) open() []*channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.channels))
}
