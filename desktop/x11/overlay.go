//go:build linux

package x11

import (
	"image"
	"slices"
	"sync"
	"time"

	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"
)

// overlay is what somebody points out to the people at a screen: a pointer that is not theirs, and strokes. It is above all windows but
// the bar, on every monitor, and has no part in what the mouse does there. Its windows have the shape of what they show, so
// that no compositor is needed.
type overlay struct {
	conn *connection
	bit  xproto.Gcontext // draws shapes
	news chan struct{}   // capacity 1

	halo, ink, pointer xproto.Window // from below

	mu      sync.Mutex
	size    image.Point // of the screen
	hot     image.Point // the tip, in the pointer's picture
	at      image.Point // where the tip is
	visible bool        // the pointer is
	marks   []mark      // oldest first
	drawn   bool        // they are, all of them
}

// mark is a short straight stroke, of which lines are made.
type mark struct {
	xproto.Segment
	since time.Time
}

const (
	inkWidth   = 6
	haloWidth  = 10 // around the ink, so that it is seen on everything
	markFor    = 8 * time.Second
	maxMarks   = 1000                  // the oldest go first
	frameEvery = 20 * time.Millisecond // at most
	restFor    = 4                     // times as long as the server has drawn
	fadeEvery  = time.Second / 4
)

const (
	inkColour  = 0xff3b30
	haloColour = 0xffffff
)

// open makes the windows, which are not shown yet.
func (o *overlay) open(conn *connection) error {
	o.conn, o.news = conn, make(chan struct{}, 1)
	if err := conn.use("SHAPE"); err != nil {
		return err
	}
	for _, w := range []struct {
		window *xproto.Window
		ground uint32
	}{{&o.halo, haloColour}, {&o.ink, inkColour}, {&o.pointer, haloColour}} {
		id, err := xproto.NewWindowId(conn.Conn)
		if err != nil {
			return err
		}
		*w.window = id
		xproto.CreateWindow(conn.Conn, conn.screen.RootDepth, id, conn.screen.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOutput, conn.screen.RootVisual,
			xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{w.ground, 1})
		shape.Rectangles(conn.Conn, shape.SoSet, shape.SkInput, xproto.ClipOrderingUnsorted, id, 0, 0, nil)
	}
	bits, err := o.bitmap(image.Pt(1, 1))
	if err != nil {
		return err
	}
	if o.bit, err = xproto.NewGcontextId(conn.Conn); err != nil {
		return err
	}
	defer xproto.FreePixmap(conn.Conn, bits)
	if err := o.measure(); err != nil {
		return err
	}
	return xproto.CreateGCChecked(conn.Conn, o.bit, xproto.Drawable(bits), xproto.GcCapStyle|xproto.GcJoinStyle,
		[]uint32{xproto.CapStyleRound, xproto.JoinStyleRound}).Check()
}

func (o *overlay) bitmap(size image.Point) (xproto.Pixmap, error) {
	bits, err := xproto.NewPixmapId(o.conn.Conn)
	if err == nil {
		xproto.CreatePixmap(o.conn.Conn, 1, bits, xproto.Drawable(o.conn.screen.Root), uint16(size.X), uint16(size.Y))
	}
	return bits, err
}

// SetPointer gives the pointer a picture, seen where its alpha is more than half, and says where in it the tip is.
func (p *Panel) SetPointer(picture *image.RGBA, tip image.Point) error {
	o := &p.overlay
	pixmap, err := p.conn.upload(picture, p.gc)
	if err != nil {
		return err
	}
	defer xproto.FreePixmap(p.conn.Conn, pixmap)
	var rows []xproto.Rectangle
	for y := range picture.Rect.Dy() {
		solid := func(x int) bool { return picture.Pix[y*picture.Stride+4*x+3] >= 0x80 }
		for x, w := 0, picture.Rect.Dx(); x < w; x++ {
			from := x
			for x < w && solid(x) {
				x++
			}
			if x > from {
				rows = append(rows, xproto.Rectangle{X: int16(from), Y: int16(y), Width: uint16(x - from), Height: 1})
			}
		}
	}
	xproto.ConfigureWindow(p.conn.Conn, o.pointer, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{uint32(picture.Rect.Dx()), uint32(picture.Rect.Dy())})
	shape.Rectangles(p.conn.Conn, shape.SoSet, shape.SkBounding, xproto.ClipOrderingYXBanded, o.pointer, 0, 0, rows)
	xproto.ChangeWindowAttributes(p.conn.Conn, o.pointer, xproto.CwBackPixmap, []uint32{uint32(pixmap)})
	xproto.ClearArea(p.conn.Conn, false, o.pointer, 0, 0, 0, 0)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hot = tip
	return nil
}

// Point puts the pointer's tip at a place.
func (p *Panel) Point(at image.Point) {
	p.overlay.change(func(o *overlay) { o.at, o.visible = o.onScreen(at), true })
}

// Stroke draws from one place to another, for a while.
func (p *Panel) Stroke(from, to image.Point) {
	now := time.Now()
	p.overlay.change(func(o *overlay) {
		from, to := o.onScreen(from), o.onScreen(to)
		s := mark{xproto.Segment{X1: int16(from.X), Y1: int16(from.Y), X2: int16(to.X), Y2: int16(to.Y)}, now}
		if len(o.marks) == maxMarks {
			o.marks = slices.Delete(o.marks, 0, maxMarks/4)
		}
		o.marks, o.drawn = append(o.marks, s), false
	})
}

// Clear takes the strokes away.
func (p *Panel) Clear() { p.overlay.change(func(o *overlay) { o.marks, o.drawn = nil, false }) }

// HidePointer takes pointer and strokes away.
func (p *Panel) HidePointer() {
	p.overlay.change(func(o *overlay) { o.marks, o.drawn, o.visible = nil, false, false })
}

// onScreen is the place on the screen that is nearest to p.
func (o *overlay) onScreen(p image.Point) image.Point {
	return image.Pt(max(0, min(p.X, o.size.X-1)), max(0, min(p.Y, o.size.Y-1)))
}

func (o *overlay) change(how func(*overlay)) {
	o.mu.Lock()
	how(o)
	o.mu.Unlock()
	select {
	case o.news <- struct{}{}:
	default:
	}
}
