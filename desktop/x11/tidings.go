//go:build linux

package x11

import (
	"image"
	"sync"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// tiding is one thing that happened to a window on the root window. All that the server tells one connection comes in the
// order in which it was done, replies and events alike. So who has read all that came before a reply to GetImage knows where every
// window was when its pixels were read, without a grab of the server that keeps everybody waiting.
type tiding struct {
	seq    uint16 // of our last request that was done before
	kind   tidingKind
	window xproto.Window
	other  xproto.Window // restacked: the sibling below, none is WindowNone; reparented: the new parent
	place  image.Rectangle
	on     bool // override-redirect; circulated: to the top; composited: by somebody
}

type tidingKind byte

const (
	created tidingKind = iota
	destroyed
	shown
	unshown
	configured
	gravitated // by its gravity
	circulated
	reparented
	reshaped
	dimmed // translucent or not
	composited
)

// maxTidings are kept while nobody captures; beyond, the windows are looked at anew.
const maxTidings = 1 << 15

// tidings are the changes that the watcher has heard of and the stack has not taken in yet.
type tidings struct {
	mu      sync.Mutex
	heard   sync.Cond // of mark and over
	changes []tiding
	read    []tiding               // by the last take
	lost    bool                   // there were too many
	unread  map[xproto.Window]bool // windows with new properties
	mark    uint32                 // the last of our own that has come back
	over    bool                   // the connection is
}

func (t *tidings) add(c tiding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.changes) >= maxTidings {
		t.changes, t.lost = t.changes[:0], true
	}
	if !t.lost {
		t.changes = append(t.changes, c)
	}
}

// take gives the changes so far, valid until the next take.
func (t *tidings) take() (changes []tiding, lost bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changes, lost = t.changes, t.lost
	t.changes, t.read, t.lost = t.read[:0], changes, false
	return changes, lost
}

// lose has the windows looked at anew.
func (t *tidings) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes, t.lost = t.changes[:0], true
}

// renamed notes a window that has other properties.
func (t *tidings) renamed(w xproto.Window) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unread[w] = true
}

// takeUnread gives the windows that have other properties.
func (t *tidings) takeUnread() map[xproto.Window]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.unread) == 0 {
		return nil
	}
	unread := t.unread
	t.unread = make(map[xproto.Window]bool)
	return unread
}

func (t *tidings) marked(mark uint32) {
	t.mu.Lock()
	t.mark = mark
	t.mu.Unlock()
	t.heard.Broadcast()
}

func (t *tidings) end() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.heard.Broadcast()
}

// await waits until a mark has come back: all that the server told before is in changes then.
func (t *tidings) await(mark uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.over && t.mark != mark {
		t.heard.Wait()
	}
}

// unasked is an event that another client has sent instead of the server: it tells nothing about windows.
type unasked struct{ xgb.Event }

// Some programs tell the root window what happened to their own windows (ICCCM, section 4.1.4), and anybody could say
// anything. Only the server is believed.
func init() {
	for number := xproto.CreateNotify; number <= xproto.CirculateNotify; number++ {
		read, ok := xgb.NewEventFuncs[number]
		if !ok {
			continue
		}
		xgb.NewEventFuncs[number] = func(wire []byte) xgb.Event {
			if wire[0]&0x80 != 0 { // SendEvent
				return unasked{read(wire)}
			}
			return read(wire)
		}
	}
}

// tidingOf reads an event; false when it is not about windows.
func (c *connection) tidingOf(event xgb.Event) (tiding, bool) {
	switch e := event.(type) {
	case xproto.CreateNotifyEvent:
		return tiding{seq: e.Sequence, kind: created, window: e.Window, place: outer(e.X, e.Y, e.Width, e.Height, e.BorderWidth), on: e.OverrideRedirect}, true
	case xproto.DestroyNotifyEvent:
		return tiding{seq: e.Sequence, kind: destroyed, window: e.Window}, true
	case xproto.MapNotifyEvent:
		return tiding{seq: e.Sequence, kind: shown, window: e.Window, on: e.OverrideRedirect}, true
	case xproto.UnmapNotifyEvent:
		return tiding{seq: e.Sequence, kind: unshown, window: e.Window}, true
	case xproto.ConfigureNotifyEvent:
		return tiding{seq: e.Sequence, kind: configured, window: e.Window, other: e.AboveSibling,
			place: outer(e.X, e.Y, e.Width, e.Height, e.BorderWidth), on: e.OverrideRedirect}, true
	case xproto.GravityNotifyEvent:
		return tiding{seq: e.Sequence, kind: gravitated, window: e.Window, place: rectangle(e.X, e.Y, 0, 0)}, true
	case xproto.CirculateNotifyEvent:
		return tiding{seq: e.Sequence, kind: circulated, window: e.Window, on: e.Place == xproto.PlaceOnTop}, true
	case xproto.ReparentNotifyEvent:
		return tiding{seq: e.Sequence, kind: reparented, window: e.Window, other: e.Parent, place: rectangle(e.X, e.Y, 0, 0), on: e.OverrideRedirect}, true
	case extensionEvent:
		switch {
		case c.isEvent(e, "SHAPE", shape.Notify):
			n := shape.NotifyEventNew(e).(shape.NotifyEvent) // of the input shape too: once more is looked in vain
			return tiding{seq: n.Sequence, kind: reshaped, window: n.AffectedWindow}, true
		case c.isEvent(e, "XFIXES", xfixes.SelectionNotify):
			n := xfixes.SelectionNotifyEventNew(e).(xfixes.SelectionNotifyEvent)
			return tiding{seq: n.Sequence, kind: composited, on: n.Owner != xproto.WindowNone}, true
		}
	}
	return tiding{}, false
}

// outer is the place of a window with its border.
func outer(x, y int16, width, height, border uint16) image.Rectangle {
	r := rectangle(x, y, width, height)
	r.Max = r.Max.Add(image.Pt(2*int(border), 2*int(border)))
	return r
}

// before tells whether an event was told before the reply to a request, where no more than 32768 requests are between.
func before(event, reply uint16) bool { return int16(event-reply) < 0 }
