package rfbserver

import (
	"context"
	"image"
	"net"
	"sync"
	"time"

	"sixgate/rfb"
)

// viewer is one who takes part.
type viewer struct {
	server  *Server
	conn    net.Conn
	version rfb.Version
	leave   context.CancelCauseFunc // closes conn, so that serve ends
	joined  chan struct{}           // closed when size and told are known
	wake    chan struct{}           // capacity 1: there may be something to write
	held    held                    // of the goroutine that reads
	sync    *rfb.Fence              // likewise: to be answered after the next message
	out     composer                // of the goroutine that writes
	works   sync.WaitGroup          // goroutines that do what takes long

	mu      sync.Mutex
	size    image.Point // of the framebuffer as the viewer knows it
	told    string      // the desktop's name as the viewer knows it
	format  rfb.PixelFormat
	wishes  wishes
	asked   image.Rectangle // what it waits for once
	stale   bool            // asked is for all the pixels, and Run has not looked for newer ones since
	begun   bool            // it has asked for something
	looked  bool            // Run is about to, for the sake of stale
	busy    bool            // an update is being written
	lacks   backlog         // what it does not have
	ahead   region          // sent since, or now, from a picture that may be newer than what lacks knows of
	repairs bool            // nothing is newer than what was repaired or is to be
	taking  bool            // pixels are being taken from the picture
	due     due

	changed, repaired time.Time // when pixels were last sent, for one reason or the other

	says   []byte // messages that wait for no request
	paused bool   // no update is to be begun

	continuous image.Rectangle // what it waits for always; empty: nothing
	offered    []rfb.Encoding  // extensions that it knows it may use
	put        places
	movesToo   bool // it was asked to say movements of the pointer
	clip       clip
	sizeWish   sizeWish
	answers    bool // fences
	cutOff     bool // the last update, for want of room on the path
	flow       flow
	thrift     thrift
}

// due is what the viewer has not been told, besides pixels. It is told as far as it understands it.
type due struct {
	colourMap bool
	size      bool // the framebuffer is not as large as it knows
	screens   bool
	who       int   // changed size or screens, as ExtendedDesktopSize counts
	results   []int // of the viewer's wishes for another size
	cursor    bool
	pointer   bool // has been moved
	leds      bool
	motion    bool // what PointerEvents are to say
	name      bool
	notices   []rfb.Encoding // extensions that it may use
}

func newViewer(s *Server, conn net.Conn, version rfb.Version, leave context.CancelCauseFunc) *viewer {
	return &viewer{
		server: s, conn: conn, version: version, leave: leave,
		joined: make(chan struct{}), wake: make(chan struct{}, 1),
		format: rfb.Native, wishes: parseWishes(nil),
	}
}

// signal wakes the goroutine that writes.
func (v *viewer) signal() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// What Run says to a viewer.

// waits tells whether the viewer is ready for an update.
func (v *viewer) waits() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	return !v.busy && !v.wanted().Empty() && v.pace(now) > none && !v.lags(now)
}

// copies tells whether the viewer can be told to copy.
func (v *viewer) copies() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.wishes.copies
}

// refreshes says that the picture is about to be made as new as can be, and tells whether the viewer waits for that.
func (v *viewer) refreshes() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.looked = v.stale
	return v.stale
}

// refreshed says that it is, for those who asked before, or that something newer waits to be captured.
func (v *viewer) refreshed(newest bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.repairs = newest && len(v.lacks.rest.rects) > 0; v.repairs && !v.busy {
		v.signal()
	}
	if v.stale && v.looked && !v.busy {
		v.stale, v.looked = false, false
		v.signal()
	}
}

// damaged says what moved, in this order, and which other pixels changed.
func (v *viewer) damaged(moves []move, rects []image.Rectangle) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range moves {
		v.moved(m)
	}
	for _, r := range rects {
		v.lacks.change(r.Intersect(v.bounds()))
	}
	if !v.taking {
		v.ahead.clear()
	}
	v.signal()
}

// moved adds to what the viewer lacks. What it has been sent out of the new picture must not be moved once more, nor the
// cursor that was painted for it.
func (v *viewer) moved(m move) {
	if !v.wishes.copies {
		v.lacks.change(m.to.Intersect(v.bounds()))
		return
	}
	v.lacks.move(m, v.bounds())
	spoilt := func(r image.Rectangle) { v.lacks.change(r.Intersect(m.from()).Add(m.by).Intersect(v.bounds())) }
	for _, r := range v.ahead.rects {
		spoilt(r)
	}
	if !v.wishes.cursor {
		cursor := v.server.picture.cursor.rect() // which only Run changes, and this is Run
		spoilt(cursor)
		v.lacks.change(cursor.Intersect(m.to).Intersect(v.bounds()))
	}
}

// rearranged says that the screens have other places and, if so, that the framebuffer has another size; by is the viewer
// that wished for it, nil: nobody did.
func (v *viewer) rearranged(resized bool, by *viewer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due.screens, v.due.who = true, rfb.ResizedByServer
	if by != nil && by != v { // who wished for it gets an answer of its own
		v.due.who = rfb.ResizedByOther
	}
	if resized {
		v.due.size = true
		v.lacks.change(v.bounds())     // for one that stays with the size it knows
		v.stale, v.looked = true, true // what is shown now is of the old size: Run is about to capture the new
	}
	v.signal()
}

func (v *viewer) renamed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due.name = true
	v.signal()
}

func (v *viewer) cursorChanged(was, now cursor) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due.pointer = v.due.pointer || was.at != now.at
	if !v.wishes.cursor {
		v.lacks.change(was.rect().Intersect(v.bounds()))
		v.lacks.change(now.rect().Intersect(v.bounds()))
	} else if was.shape != now.shape || was.hot != now.hot {
		v.due.cursor = true
	}
	v.signal()
}

func (v *viewer) ledsChanged() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due.leds = true
	v.signal()
}

// bounds is the framebuffer as the viewer knows it.
func (v *viewer) bounds() image.Rectangle { return image.Rectangle{Max: v.size} }

// What the viewer says.

func (v *viewer) setFormat(f rfb.PixelFormat) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.format = f
	v.due.colourMap = !f.TrueColour
}

func (v *viewer) setEncodings(list rfb.SetEncodings) {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.wishes
	v.wishes = parseWishes(list)
	if v.wishes.cursorAs != was.cursorAs {
		v.due.cursor = true
	}
	v.due.leds = v.due.leds || v.wishes.ledsAs != was.ledsAs
	v.due.pointer = v.due.pointer || v.wishes.pointerAs != was.pointerAs
	if v.wishes.cursor != was.cursor { // the painted one has to go or to come
		v.lacks.change(v.server.picture.cursorRect().Intersect(v.bounds()))
	}
	if v.wishes.extendedSize && !was.extendedSize {
		v.due.screens = true
	}
	v.offer()
}

func (v *viewer) request(m rfb.FramebufferUpdateRequest) {
	v.mu.Lock()
	defer v.mu.Unlock()
	area := m.Rect.Intersect(v.bounds())
	if !m.Incremental && v.wishes.extendedSize && !v.due.screens {
		v.due.screens, v.due.who = true, rfb.ResizedByServer
	}
	if area.Empty() || m.Incremental && !v.continuous.Empty() {
		return
	}
	v.asked = v.asked.Union(area)
	if !v.wishes.fence { // it is done with what was sent before
		v.flow.arrived(time.Now(), v.flow.number)
	}
	if !m.Incremental || !v.begun { // the first one: nobody may have looked at the desktop yet
		v.begun = true
		v.lacks.change(area)
		v.stale, v.looked = true, false
	}
	if !v.busy {
		v.signal()
		v.server.await()
	}
}
