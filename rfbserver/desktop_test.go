package rfbserver

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"

	"sixgate/rfb"
)

// paper is a desktop that tests draw on.
type paper struct {
	hint chan struct{}

	mu        sync.Mutex
	name      string
	screens   []image.Rectangle
	pix       []uint32 // the top byte is rubbish
	stride    int
	damage    []image.Rectangle
	captures  int
	fails     error  // from the next capture on
	meanwhile func() // happens at the next capture
	shape     *image.RGBA
	hot, at   image.Point
	lights    int    // Caps Lock and others
	clipboard string // copied here
	pasted    string // copied on a viewer's side
	input     []string
	resizes   func(size image.Point) error // nil: never
	echo      func(keysym uint32)          // happens at each key
}

func newPaper(w, h int) *paper {
	d := &paper{hint: make(chan struct{}, 1), name: "paper"}
	d.resize(image.Rect(0, 0, w, h))
	return d
}

const rubbish = 0xab000000

func (d *paper) changed() {
	select {
	case d.hint <- struct{}{}:
	default:
	}
}

// resize puts a new sheet in place, with a pattern on it.
func (d *paper) resize(screens ...image.Rectangle) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed()
	var all image.Rectangle
	for _, s := range screens {
		all = all.Union(s)
	}
	d.screens, d.stride = screens, all.Max.X
	d.pix = make([]uint32, all.Max.X*all.Max.Y)
	for i := range d.pix {
		d.pix[i] = uint32(i*2654435761)&colourMask | rubbish
	}
	d.damage = []image.Rectangle{{Max: all.Max}}
}

// draw fills r with a colour, and hints at damage that reaches further.
func (d *paper) draw(r image.Rectangle, px uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			d.pix[y*d.stride+x] = px | rubbish
		}
	}
	d.damage = append(d.damage, r.Inset(-40).Intersect(image.Rect(0, 0, d.stride, len(d.pix)/d.stride)))
	d.changed()
}

// set changes something else.
func (d *paper) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	d.changed()
}

func (d *paper) Changed() <-chan struct{} { return d.hint }

func (d *paper) Name() string { d.mu.Lock(); defer d.mu.Unlock(); return d.name }

func (d *paper) Screens() []image.Rectangle { d.mu.Lock(); defer d.mu.Unlock(); return d.screens }

func (d *paper) Pointer() image.Point { d.mu.Lock(); defer d.mu.Unlock(); return d.at }

func (d *paper) Clipboard() string { d.mu.Lock(); defer d.mu.Unlock(); return d.clipboard }

func (d *paper) Cursor() (*image.RGBA, image.Point) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shape, d.hot
}

func (d *paper) Capture(take func([]Piece)) error {
	d.mu.Lock()
	if happens := d.meanwhile; happens != nil {
		d.meanwhile = nil
		d.mu.Unlock()
		happens()
		d.mu.Lock()
	}
	damage := d.damage
	d.damage = nil
	d.captures++
	pix, stride := slices.Clone(d.pix), d.stride
	err := d.fails
	d.mu.Unlock()
	var whole region // pieces do not overlap
	for _, r := range damage {
		whole.add(r)
	}
	var pieces []Piece
	for _, r := range whole.rects {
		pieces = append(pieces, Piece{r, pix[r.Min.Y*stride+r.Min.X:], stride})
	}
	take(pieces)
	return err
}

func (d *paper) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.input = append(d.input, fmt.Sprintf(format, args...))
}

func (d *paper) MovePointer(p image.Point, buttons uint16) { d.note("%d,%d %03b", p.X, p.Y, buttons) }

func (d *paper) PushPointer(by image.Point, buttons uint16) {
	d.note("%+d,%+d %03b", by.X, by.Y, buttons)
}

func (d *paper) LEDs() int { d.mu.Lock(); defer d.mu.Unlock(); return d.lights }

func (d *paper) KeyCode(code, keysym uint32, down bool) {
	d.note("#%d %c %v", code, rune(keysym), down)
}

func (d *paper) Resize(size image.Point) error {
	d.note("%dx%d", size.X, size.Y)
	if d.resizes == nil {
		return errors.ErrUnsupported
	}
	return d.resizes(size)
}

func (d *paper) Key(keysym uint32, down bool) {
	d.note("%c %v", rune(keysym), down)
	if d.echo != nil && down {
		d.echo(keysym)
	}
}

func (d *paper) SetClipboard(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pasted = text
}

// captured is how often the desktop was captured.
func (d *paper) captured() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.captures
}

// inputs is what viewers typed and pointed at.
func (d *paper) inputs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.input)
}

// pixel returns the colour of a pixel.
func (d *paper) pixel(x, y int) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pix[y*d.stride+x] & colourMask
}

// share runs a server until the test ends.
func share(t testing.TB, s *Server) *Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil && s.Desktop.(*paper).fails == nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// connect gives the server a connection and returns the viewer's end, and what Serve returned.
func connect(t testing.TB, s *Server) (viewer net.Conn, served <-chan error) {
	t.Helper()
	viewer, conn := net.Pipe()
	done := make(chan error, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		done <- s.Serve(context.Background(), conn)
	}()
	t.Cleanup(func() { viewer.Close(); <-gone })
	return viewer, done
}

// attach lets a viewer take part that waits for its first picture.
func attach(t testing.TB, s *Server, encodings ...rfb.Encoding) *viewerEnd {
	t.Helper()
	conn, served := connect(t, s)
	c, err := rfb.NewClient(conn, rfb.ClientOptions{Password: s.Password, Encodings: encodings})
	if err != nil {
		t.Fatalf("attach: %v", err)
	}
	v := &viewerEnd{Client: c, t: t, conn: conn, served: served}
	v.ask(false)
	return v
}

// viewerEnd is a viewer as the tests see it.
type viewerEnd struct {
	*rfb.Client
	t      testing.TB
	conn   net.Conn
	served <-chan error
}

func (v *viewerEnd) ask(incremental bool) {
	v.t.Helper()
	if err := v.Request(incremental, v.Image().Rect); err != nil {
		v.t.Fatalf("request: %v", err)
	}
}

// update returns the next update.
func (v *viewerEnd) update() *rfb.Update {
	v.t.Helper()
	e := v.event()
	u, ok := e.(*rfb.Update)
	if !ok {
		v.t.Fatalf("%T instead of an update", e)
	}
	return u
}

func (v *viewerEnd) event() rfb.Event {
	v.t.Helper()
	e, err := v.Next()
	if err != nil {
		v.t.Fatalf("next: %v", err)
	}
	return e
}

// until asks for updates until the viewer's picture is as it should be.
func (v *viewerEnd) until(done func() bool) {
	v.t.Helper()
	for !done() {
		v.ask(true)
		v.update()
	}
}

// sees asks for updates until the viewer shows what is on the paper.
func (v *viewerEnd) sees(d *paper) {
	v.t.Helper()
	v.until(func() bool { return v.same(d) })
}

// pixel is the colour that the viewer shows.
func (v *viewerEnd) pixel(x, y int) uint32 { return v.Image().Row(x, x+1, y)[0] }

func (v *viewerEnd) same(d *paper) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := v.Image()
	if m.Rect.Dx() != d.stride || m.Rect.Dx()*m.Rect.Dy() != len(d.pix) {
		return false
	}
	for i, px := range m.Pix {
		if px != d.pix[i]&colourMask {
			return false
		}
	}
	return true
}

func (v *viewerEnd) leave() error {
	v.conn.Close()
	return <-v.served
}

// talkative lets a failing test say what the server logged.
func talkative(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
