package viewerbridge

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"sixgate/rfb"
	"sixgate/rfbserver"
	"sixgate/session"
)

// desk is the far end: a desktop in memory that a host would share.
type desk struct {
	changed chan struct{}
	heard   chan string // input, in the order in which it came

	mu      sync.Mutex
	picture *rfb.Image
	dirty   bool
	copied  string
	screens []image.Rectangle // none: one on all of the picture
	lights  int
	pointer image.Point
	resizes atomic.Bool // where asked to
}

func newDesk(size image.Point) *desk {
	d := &desk{changed: make(chan struct{}, 1), heard: make(chan string, 16)}
	d.draw(size, 1)
	return d
}

// draw replaces the picture by another one, of the given size.
func (d *desk) draw(size image.Point, seed uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.picture, d.dirty, d.screens = rfb.NewImage(image.Rectangle{Max: size}), true, nil
	for i := range d.picture.Pix {
		d.picture.Pix[i] = (uint32(i)*2654435761 + seed) >> 8 & 0xf0f0f0
	}
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *desk) Changed() <-chan struct{} { return d.changed }
func (d *desk) Name() string             { return "reception" }
func (d *desk) Pointer() image.Point     { d.mu.Lock(); defer d.mu.Unlock(); return d.pointer }
func (d *desk) Cursor() (*image.RGBA, image.Point) {
	return nil, image.Point{}
}

func (d *desk) Screens() []image.Rectangle {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.screens != nil {
		return d.screens
	}
	return []image.Rectangle{d.picture.Rect}
}

func (d *desk) Capture(take func([]rfbserver.Piece)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dirty {
		take([]rfbserver.Piece{{Rect: d.picture.Rect, Pix: d.picture.Pix, Stride: d.picture.Stride}})
	}
	d.dirty = false
	return nil
}

func (d *desk) Clipboard() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copied
}

// copy is what somebody at the desk does.
func (d *desk) copy(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.copied = text
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *desk) MovePointer(p image.Point, buttons uint16) {
	d.heard <- fmt.Sprintf("pointer %v %d", p, buttons)
}
func (d *desk) PushPointer(by image.Point, buttons uint16) {
	d.heard <- fmt.Sprintf("push %v %d", by, buttons)
}
func (d *desk) KeyCode(code, keysym uint32, down bool) {
	d.heard <- fmt.Sprintf("code %d %d %v", code, keysym, down)
}
func (d *desk) LEDs() int { d.mu.Lock(); defer d.mu.Unlock(); return d.lights }

func (d *desk) Resize(size image.Point) error {
	if !d.resizes.Load() {
		return errors.ErrUnsupported
	}
	d.draw(size, 5)
	return nil
}

func (d *desk) Key(keysym uint32, down bool) { d.heard <- fmt.Sprintf("key %d %v", keysym, down) }
func (d *desk) SetClipboard(text string)     { d.heard <- "text " + text }

// serve runs a server of d, and gives a connection to it.
func serve(t *testing.T, s *rfbserver.Server) func() net.Conn {
	t.Helper()
	l, err := rfbserver.ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	running.Go(func() { l.Serve(ctx, func(conn net.Conn) { s.Serve(ctx, conn) }) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return func() net.Conn {
		conn, err := net.Dial("tcp", l.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
}

// join attaches a viewer that likes encoding best.
func join(t *testing.T, conn net.Conn, encodings ...rfb.Encoding) *rfb.Client {
	t.Helper()
	c, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: encodings})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Request(false, c.Image().Rect); err != nil {
		t.Fatal(err)
	}
	return c
}

// until reads updates until the viewer's picture is want.
func until(t *testing.T, c *rfb.Client, want *rfb.Image) {
	t.Helper()
	for {
		event, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.(*rfb.Update); !ok {
			continue
		}
		if m := c.Image(); m.Rect == want.Rect && slices.Equal(m.Pix, want.Pix) {
			return
		}
		if err := c.Request(true, c.Image().Rect); err != nil {
			t.Fatal(err)
		}
	}
}

func TestViewersSeeWhatTheHostShows(t *testing.T) {
	small, large := image.Pt(333, 222), image.Pt(700, 500)
	d := newDesk(small)
	host := serve(t, &rfbserver.Server{Desktop: d})

	m := newMirror()
	m.show("waiting for the other side", "")
	viewers := serve(t, &rfbserver.Server{Desktop: m})
	early := join(t, viewers(), rfb.EncodingHextile, rfb.EncodingDesktopSize)
	until(t, early, m.picture) // a notice

	conn := host()
	leg, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: (&Bridge{Quality: -1}).encodings(), Ahead: true})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.follow(leg, func() {}) }()
	if err := early.Request(true, early.Image().Rect); err != nil {
		t.Fatal(err)
	}
	until(t, early, d.picture)
	late := join(t, viewers(), rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize)
	until(t, late, d.picture)

	d.draw(large, 7)
	for _, c := range []*rfb.Client{early, late} {
		if err := c.Request(true, c.Image().Rect); err != nil {
			t.Fatal(err)
		}
		until(t, c, d.picture)
	}

	// Input and clipboard reach the host as far as its user allows, and its clipboard the viewers.
	if err := errors.Join(late.Key('p', true), late.Pointer(image.Pt(1, 2), 0), late.CutText("a secret")); err != nil {
		t.Fatal(err)
	}
	if err := late.Request(false, late.Image().Rect); err != nil { // answered after all that was done
		t.Fatal(err)
	}
	until(t, late, d.picture)
	m.allowed.Store(uint32(session.View | session.Control | session.Clipboard))
	if err := errors.Join(late.Key('x', true), late.Pointer(image.Pt(31, 41), 1), late.CutText("from the viewer")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"key 120 true", "pointer (31,41) 1", "text from the viewer"} {
		if got := <-d.heard; got != want {
			t.Errorf("the host heard %q, want %q", got, want)
		}
	}
	d.copy("from the host")
	for {
		event, err := early.Next()
		if err != nil {
			t.Fatal(err)
		}
		if event == (rfb.CutText{Text: "from the host"}) {
			break
		}
	}

	// When the host is gone its last picture is, too, and input goes nowhere.
	conn.Close()
	if err := <-ended; err == nil {
		t.Error("the mirror follows a host that is gone")
	}
	m.show("ended by user", "")
	for _, c := range []*rfb.Client{early, late} {
		if err := c.Request(true, c.Image().Rect); err != nil {
			t.Fatal(err)
		}
		until(t, c, m.picture)
	}
	m.Key('y', true)
	m.MovePointer(image.Pt(1, 1), 0)
	m.SetClipboard("nobody reads this")
}

// A host that stops in the middle of an update holds neither the viewers nor those who come, and what it said of the update
// is not shown.
func TestHostStopsInTheMiddle(t *testing.T) {
	m := newMirror()
	m.show("waiting for the other side", "")
	viewers := serve(t, &rfbserver.Server{Desktop: m})
	near, far := net.Pipe()
	defer far.Close()
	host := make(chan error, 1)
	ended := make(chan error, 1)
	go func() {
		leg, err := rfb.NewClient(near, rfb.ClientOptions{})
		host <- err
		if err == nil {
			ended <- m.follow(leg, func() {})
		}
	}()
	version, err := rfb.Admission{}.Admit(far)
	if err != nil || version != rfb.Version38 {
		t.Fatal(version, err)
	}
	size := image.Pt(4, 4)
	go io.Copy(io.Discard, far)
	half := rfb.ServerInit{Size: size, Format: rfb.Native, Name: "stuck"}.Append(nil)
	half = rfb.AppendFramebufferUpdate(half, 2)
	half = append(half, "\x00\x00\x00\x00\x00\x01\x00\x01"+"\x00\x00\x00\x00"+"\xff\xff\xff\x00"+"\x00\x00"...)
	if _, err := far.Write(half); err != nil { // over a pipe: it is read when this returns
		t.Fatal(err)
	}
	if err := <-host; err != nil {
		t.Fatal(err)
	}
	for _, notice := range []string{"", "asking the user"} {
		if notice != "" {
			m.show(notice, "")
		}
		until(t, join(t, viewers(), rfb.EncodingTight), m.picture)
	}
	far.Close()
	if err := <-ended; err == nil {
		t.Error("the mirror follows a host that is gone")
	}
}

// A server asks for the screens while it captures, when the picture has grown since it last asked.
func TestScreensInsideOfCapture(t *testing.T) {
	m := newMirror()
	m.show("waiting for the other side", "")
	asked := false
	m.Capture(func(pieces []rfbserver.Piece) {
		asked = true
		if got := m.Screens(); !slices.Equal(got, []image.Rectangle{pieces[0].Rect}) {
			t.Errorf("the screens are %v, the picture is %v", got, pieces[0].Rect)
		}
	})
	if !asked {
		t.Error("there is no picture")
	}
}

func TestPrintableNames(t *testing.T) {
	if got := printable("büro\x1b]0;owned\x07\n\u202e:0"); got != "büro]0;owned:0" {
		t.Errorf("%q", got)
	}
}
