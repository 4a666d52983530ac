package viewerbridge

import (
	"image"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"sixgate/rfb"
	"sixgate/rfbserver"
)

// noticeSize is the picture's size until a host has shown its own.
var noticeSize = image.Pt(800, 600)

// nowhere is outside of every picture.
var nowhere = image.Pt(-1<<15, -1<<15)

// unknownLEDs is what rfb.Client and rfbserver.Desktop say of lights of which nothing is known.
const unknownLEDs = -1

// maxDirty bounds the rectangles remembered between two captures; beyond it the whole picture counts as changed.
const maxDirty = 256

// mirror is the host's desktop as this bridge last heard of it, or a notice that says why there is none. It is the
// rfbserver.Desktop that the viewers see: they come and go, ask for what they like and learn nothing of the path.
type mirror struct {
	changed chan struct{}
	host    atomic.Pointer[rfb.Client]        // where input goes; nil: nowhere
	pointer atomic.Pointer[image.Point]       // where a viewer put it last, or the host
	allowed atomic.Uint32                     // session.Permissions: what may go to the host
	points  atomic.Bool                       // the session is for pointing at things
	screens atomic.Pointer[[]image.Rectangle] // of picture; apart from mu, for a server asks for them inside of Capture
	leds    atomic.Int32                      // of the host's keyboard
	resizes chan error                        // capacity 1: what became of a wish for another size
	power   power
	broken  atomic.Bool   // viewers are shown that there is no connection to the host
	stops   chan struct{} // capacity 1: a viewer ends the session, as the notice says that it can
	held    atomic.Uint32 // buttons, as the host knows

	// mu is never held while a message of the host is read: a host that stops in the middle of one would hold the viewers.
	// So the picture is a copy of the host's, taken after each update, and viewers never get half of one.
	mu        sync.Mutex
	picture   *rfb.Image
	notice    [2]string // that picture shows; zero: the host's desktop
	paused    bool      // the host's user shows nothing: whatever its program still says
	dirty     []image.Rectangle
	pieces    []rfbserver.Piece // of the last Capture
	cursor    *image.RGBA
	hot       image.Point
	name      string
	clipboard string
}

func newMirror() *mirror {
	m := &mirror{changed: make(chan struct{}, 1), resizes: make(chan error, 1), stops: make(chan struct{}, 1), name: "Sixgate"}
	m.power.refused = make(chan struct{}, 1)
	m.pointer.Store(&nowhere)
	m.leds.Store(unknownLEDs)
	m.resize(noticeSize)
	return m
}

// show replaces the picture by a notice.
func (m *mirror) show(headline, detail string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cover(headline, detail)
}

// cover is show for who holds mu.
func (m *mirror) cover(headline, detail string) {
	notice := [2]string{headline, detail}
	if m.notice == notice {
		return
	}
	m.notice = notice
	paintNotice(m.picture.Pix, m.picture.Rect.Max, headline, detail)
	m.cursor, m.clipboard = nil, ""
	m.touch(m.picture.Rect)
}

// pause shows a notice in place of the desktop, or ends that.
func (m *mirror) pause(on bool, notice string) {
	m.mu.Lock()
	if on {
		m.cover(notice, "They can show their screen again at any time.")
	}
	was := m.paused
	m.paused = on
	m.mu.Unlock()
	if host := m.host.Load(); host != nil && was && !on {
		host.Request(false, image.Rectangle{Max: m.size()}) // what came meanwhile was not shown
	}
}

// mended has the host's picture shown again after a notice that the connection was broken. All of it is here, and shown with the
// next update, however small.
func (m *mirror) mended() {
	if host := m.host.Load(); host != nil {
		host.Request(false, image.Rect(0, 0, 1, 1))
	}
}

// follow shows host, which was asked for everything ahead, for as long as it talks, and passes the viewers' input on to it. It calls shown when its picture is there.
func (m *mirror) follow(host *rfb.Client, shown func()) error {
	m.host.Store(host)
	defer m.host.Store(nil)
	defer m.leds.Store(unknownLEDs)
	continuous := false // the host sends as fast as the path takes it
	for first := true; ; {
		event, err := host.Next()
		if err != nil {
			return err
		}
		switch event := event.(type) {
		case rfb.EndOfContinuousUpdates:
			if !continuous { // the first one is the host's offer
				continuous = true
				err = host.ContinuousUpdates(true, host.Image().Rect)
			}
		case *rfb.Update:
			m.take(host, event)
			if first {
				first = false
				shown()
			}
			switch {
			case !continuous: // the next is asked for when one was painted: one is in flight at any time
				err = host.Request(true, host.Image().Rect)
			case event.Resized:
				err = host.ContinuousUpdates(true, host.Image().Rect)
			}
		case rfb.CutText:
			m.copied(event.Text)
		default:
			m.power.heard(event)
		}
		if err != nil {
			return err
		}
	}
}

// take copies what the host's update changed.
func (m *mirror) take(host *rfb.Client, u *rfb.Update) {
	if u.Refused || u.Resized {
		m.answer(u)
	}
	if u.PointerMoved {
		m.pointer.Store(new(host.PointerPos()))
	}
	m.leds.Store(int32(host.LEDs()))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.name = printable(host.Name())
	if m.paused {
		return
	}
	m.cursor, m.hot = host.Cursor()
	from, rects := host.Image(), u.Rects
	switch all := []image.Rectangle{from.Rect}; {
	case m.picture.Rect != from.Rect:
		m.resize(from.Rect.Max)
		rects = all
	case m.notice != [2]string{} || totalArea(rects) > totalArea(all):
		rects = all
	}
	m.notice = [2]string{}
	m.arrange(host.Screens())
	for _, r := range rects {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			copy(m.picture.Row(r.Min.X, r.Max.X, y), from.Row(r.Min.X, r.Max.X, y))
		}
	}
	m.touch(rects...)
}

// resize makes picture as large as the host's. The caller holds mu, and paints all of it.
func (m *mirror) resize(size image.Point) {
	m.picture = m.picture.Resized(size)
	m.screens.Store(&[]image.Rectangle{m.picture.Rect})
}

// arrange takes over where the host's monitors are, unless they leave out a part of its picture.
func (m *mirror) arrange(screens []image.Rectangle) {
	var all image.Rectangle
	for _, s := range screens {
		all = all.Union(s)
	}
	if was := *m.screens.Load(); all.Max == m.picture.Rect.Max && !slices.Equal(was, screens) {
		m.screens.Store(new(slices.Clone(screens)))
	}
}

// size is the picture's.
func (m *mirror) size() (size image.Point) {
	for _, s := range *m.screens.Load() {
		size = image.Pt(max(size.X, s.Max.X), max(size.Y, s.Max.Y))
	}
	return size
}

// printable leaves out of a name what would move the cursor of the terminal where a viewer prints it.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
}

func totalArea(rects []image.Rectangle) (n int) {
	for _, r := range rects {
		n += r.Dx() * r.Dy()
	}
	return n
}

// copied takes over what was copied on the host.
func (m *mirror) copied(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clipboard = text
	m.touch()
}

// touch notes what changed and wakes the server. The caller holds mu.
func (m *mirror) touch(rects ...image.Rectangle) {
	m.dirty = append(m.dirty, rects...)
	if len(m.dirty) > maxDirty {
		m.dirty = append(m.dirty[:0], m.picture.Rect)
	}
	m.signal()
}

func (m *mirror) signal() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

func (m *mirror) Changed() <-chan struct{} { return m.changed }

func (m *mirror) Name() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.name
}

func (m *mirror) Screens() []image.Rectangle { return *m.screens.Load() }

func (m *mirror) Capture(take func(pieces []rfbserver.Piece)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pieces = m.pieces[:0]
	for _, r := range m.dirty {
		if r = r.Intersect(m.picture.Rect); !r.Empty() {
			pix := m.picture.Pix[r.Min.Y*m.picture.Stride+r.Min.X:]
			m.pieces = append(m.pieces, rfbserver.Piece{Rect: r, Pix: pix, Stride: m.picture.Stride})
		}
	}
	m.dirty = m.dirty[:0]
	take(m.pieces)
	return nil
}

func (m *mirror) LEDs() int { return int(m.leds.Load()) }

func (m *mirror) Cursor() (*image.RGBA, image.Point) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursor, m.hot
}

// Pointer is where a viewer has moved it, or the host said that it is. Until either has, it is nowhere.
func (m *mirror) Pointer() image.Point { return *m.pointer.Load() }

func (m *mirror) Clipboard() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clipboard
}
