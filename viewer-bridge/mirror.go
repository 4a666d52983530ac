package viewerbridge

import (
	"image"
	"sync"
	"sync/atomic"

	"sixgate/rfb"
)

// noticeSize is the picture's size until a host has shown its own.
var noticeSize = image.Pt(800, 600)

// nowhere is outside of every picture.
var nowhere = image.Pt(-1<<15, -1<<15)

// maxDirty bounds the rectangles remembered between two captures; beyond it the whole picture counts as changed.
const maxDirty = 256

// mirror is the host's desktop as this bridge last heard of it, or a notice that says why there is none. It is the
// rfbserver.Desktop that the viewers see: they come and go, ask for what they like and learn nothing of the path.
type mirror struct {
	changed chan struct{}
	host    atomic.Pointer[rfb.Client]  // where input goes; nil: nowhere
	pointer atomic.Pointer[image.Point] // where a viewer put it last

	// mu is held while a message of the host is read, so that viewers get whole updates and never half of one.
	mu        sync.Mutex
	picture   *rfb.Image
	dirty     []image.Rectangle
	cursor    *image.RGBA
	hot       image.Point
	name      string
	clipboard string
}

func newMirror() *mirror {
	m := &mirror{changed: make(chan struct{}, 1), name: "Sixgate"}
	m.pointer.Store(&nowhere)
	return m
}

// show replaces the picture by a notice.
func (m *mirror) show(headline, detail string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := noticeSize
	if m.picture != nil {
		size = m.picture.Rect.Max
	}
	m.picture = rfb.NewImage(image.Rectangle{Max: size})
	paintNotice(m.picture.Pix, size, headline, detail)
	m.cursor, m.clipboard = nil, ""
	m.touch(m.picture.Rect)
}

// follow shows host for as long as it talks, and passes the viewers' input on to it. It calls shown when its picture is there.
func (m *mirror) follow(host *rfb.Client, shown func()) error {
	m.host.Store(host)
	defer m.host.Store(nil)
	if err := host.Request(false, host.Image().Rect); err != nil {
		return err
	}
	for first := true; ; {
		if err := host.Ready(); err != nil {
			return err
		}
		painted, err := m.read(host)
		if err != nil {
			return err
		}
		if first && painted {
			first = false
			shown()
		}
	}
}

// read takes in one message, and asks for the next update as soon as one was painted: one is in flight at any time.
func (m *mirror) read(host *rfb.Client) (painted bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	event, err := host.Next()
	if err != nil {
		return false, err
	}
	switch event := event.(type) {
	case *rfb.Update:
		m.name = host.Name()
		m.cursor, m.hot = host.Cursor()
		if m.picture != host.Image() { // the first update, or another size
			m.picture = host.Image()
			m.touch(m.picture.Rect)
		}
		m.touch(event.Rects...)
		return true, host.Request(true, m.picture.Rect)
	case rfb.CutText:
		m.clipboard = event.Text
		m.touch()
	}
	return false, nil
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

func (m *mirror) Screens() []image.Rectangle {
	m.mu.Lock()
	defer m.mu.Unlock()
	return []image.Rectangle{m.picture.Rect}
}

func (m *mirror) Capture(each func(r image.Rectangle, pix []uint32, stride int)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.dirty {
		if r = r.Intersect(m.picture.Rect); !r.Empty() {
			each(r, m.picture.Pix[r.Min.Y*m.picture.Stride+r.Min.X:], m.picture.Stride)
		}
	}
	m.dirty = m.dirty[:0]
	return nil
}

func (m *mirror) Cursor() (*image.RGBA, image.Point) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursor, m.hot
}

// Pointer is where a viewer has moved it. Until one has, it is nowhere: the host does not tell.
func (m *mirror) Pointer() image.Point { return *m.pointer.Load() }

func (m *mirror) Clipboard() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clipboard
}

// Input goes straight to the host, without waiting for its pictures. An error there is the path's, and ends follow.

func (m *mirror) MovePointer(p image.Point, buttons uint16) {
	host := m.host.Load()
	if host == nil {
		return
	}
	host.Pointer(p, uint8(buttons)) // the eight of the protocol
	m.pointer.Store(&p)
	m.signal()
}

func (m *mirror) Key(keysym uint32, down bool) {
	if host := m.host.Load(); host != nil {
		host.Key(keysym, down)
	}
}

func (m *mirror) SetClipboard(text string) {
	if host := m.host.Load(); host != nil {
		host.CutText(text)
	}
}
