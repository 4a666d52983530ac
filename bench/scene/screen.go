// Package scene draws on a real X server and reads it back: the content that tests compare and that the benchmark
// moves. It is an X client like any other and shares no code with desktop/x11, so that it can judge it.
package scene

import (
	"errors"
	"fmt"
	"image"
	"io"
	"log"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Screen is one connection to an X server, with its root window at 24 bits in 32, blue first.
type Screen struct {
	Size image.Point // of the root window when the connection was made

	conn *xgb.Conn
	root xproto.Window
	gc   xproto.Gcontext
}

func init() { xgb.Logger = log.New(io.Discard, "", 0) } // what matters comes back as an error; a missing ~/.Xauthority does not

// Open connects to a display, ":99", and makes the pointer invisible on its root window: the picture that a viewer
// should see is then what Read returns.
func Open(display string) (*Screen, error) {
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, fmt.Errorf("open display %s: %w", display, err)
	}
	d := xproto.Setup(conn).DefaultScreen(conn)
	s := &Screen{Size: image.Pt(int(d.WidthInPixels), int(d.HeightInPixels)), conn: conn, root: d.Root}
	if s.gc, err = xproto.NewGcontextId(conn); err == nil {
		err = xproto.CreateGCChecked(conn, s.gc, xproto.Drawable(s.root), xproto.GcGraphicsExposures, []uint32{0}).Check()
	}
	if err == nil {
		err = s.hidePointer()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("display %s: %w", display, err)
	}
	return s, nil
}

// Close ends the connection; what it drew in its own windows goes with it.
func (s *Screen) Close() { s.conn.Close() }

// Sync returns when the X server has done everything asked so far.
func (s *Screen) Sync() error {
	_, err := xproto.GetInputFocus(s.conn).Reply()
	return err
}

// AtOnce lets no other client of the X server see the screen between what draw does.
func (s *Screen) AtOnce(draw func() error) error {
	xproto.GrabServer(s.conn)
	err := draw()
	xproto.UngrabServer(s.conn)
	return errors.Join(err, s.Sync())
}

// hidePointer gives the root window a cursor without a pixel, and puts the pointer on it.
func (s *Screen) hidePointer() error {
	blank, err := xproto.NewPixmapId(s.conn)
	if err != nil {
		return err
	}
	cursor, err := xproto.NewCursorId(s.conn)
	if err != nil {
		return err
	}
	xproto.CreatePixmap(s.conn, 1, blank, xproto.Drawable(s.root), 1, 1)
	clear, err := xproto.NewGcontextId(s.conn)
	if err != nil {
		return err
	}
	xproto.CreateGC(s.conn, clear, xproto.Drawable(blank), xproto.GcForeground, []uint32{0})
	xproto.PolyFillRectangle(s.conn, xproto.Drawable(blank), clear, []xproto.Rectangle{{Width: 1, Height: 1}})
	xproto.CreateCursor(s.conn, cursor, blank, blank, 0, 0, 0, 0, 0, 0, 0, 0)
	xproto.ChangeWindowAttributes(s.conn, s.root, xproto.CwCursor, []uint32{uint32(cursor)})
	xproto.FreeGC(s.conn, clear)
	xproto.FreePixmap(s.conn, blank)
	return xproto.WarpPointerChecked(s.conn, 0, s.root, 0, 0, 0, 0, 1, int16(s.Size.Y-2)).Check()
}

// Read returns what is on the screen within r, opaque.
//
//go:norace
func (s *Screen) Read(r image.Rectangle) (*image.RGBA, error) {
	got, err := xproto.GetImage(s.conn, xproto.ImageFormatZPixmap, xproto.Drawable(s.root),
		int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0xffffffff).Reply()
	if err != nil {
		return nil, fmt.Errorf("read %v of the screen: %w", r, err)
	}
	if len(got.Data) != 4*r.Dx()*r.Dy() {
		return nil, errors.New("the X server has no 32 bit pixels: start it with a depth of 24")
	}
	img := image.NewRGBA(image.Rectangle{Max: r.Size()})
	for i := 0; i < len(got.Data); i += 4 {
		from, to := got.Data[i:i+4], img.Pix[i:i+4]
		to[0], to[1], to[2], to[3] = from[2], from[1], from[0], 255
	}
	return img, nil
}

// ReadAll returns the whole screen at its size of now, which xrandr may have changed.
func (s *Screen) ReadAll() (*image.RGBA, error) {
	g, err := xproto.GetGeometry(s.conn, xproto.Drawable(s.root)).Reply()
	if err != nil {
		return nil, err
	}
	return s.Read(image.Rect(0, 0, int(g.Width), int(g.Height)))
}

// Windows returns the places of the top-level windows that can be seen, in stacking order.
func (s *Screen) Windows() ([]image.Rectangle, error) {
	tree, err := xproto.QueryTree(s.conn, s.root).Reply()
	if err != nil {
		return nil, err
	}
	var places []image.Rectangle
	for _, w := range tree.Children {
		attr, err := xproto.GetWindowAttributes(s.conn, w).Reply()
		if err != nil || attr.MapState != xproto.MapStateViewable {
			continue // it may have gone since
		}
		if g, err := xproto.GetGeometry(s.conn, xproto.Drawable(w)).Reply(); err == nil {
			at := image.Pt(int(g.X)+int(g.BorderWidth), int(g.Y)+int(g.BorderWidth))
			places = append(places, image.Rectangle{Min: at, Max: at.Add(image.Pt(int(g.Width), int(g.Height)))})
		}
	}
	return places, nil
}
