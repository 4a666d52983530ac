//go:build linux

package x11

import (
	"image"
	"testing"

	"github.com/jezek/xgb/xproto"
)

// setCursor shows a 16x16 shape in the root window: the left half red, the rest nothing, hotspot at (2,3).
func (p *painter) setCursor() {
	p.t.Helper()
	source, _ := xproto.NewPixmapId(p.conn)
	shape, _ := xproto.NewPixmapId(p.conn)
	gc, _ := xproto.NewGcontextId(p.conn)
	cursor, _ := xproto.NewCursorId(p.conn)
	for _, bitmap := range []xproto.Pixmap{source, shape} {
		xproto.CreatePixmap(p.conn, 1, bitmap, p.root, 16, 16)
	}
	xproto.CreateGC(p.conn, gc, xproto.Drawable(source), xproto.GcForeground, []uint32{0})
	everything := []xproto.Rectangle{{Width: 16, Height: 16}}
	xproto.PolyFillRectangle(p.conn, xproto.Drawable(shape), gc, everything)
	xproto.ChangeGC(p.conn, gc, xproto.GcForeground, []uint32{1})
	xproto.PolyFillRectangle(p.conn, xproto.Drawable(source), gc, everything)
	xproto.PolyFillRectangle(p.conn, xproto.Drawable(shape), gc, []xproto.Rectangle{{Width: 8, Height: 16}})
	if err := xproto.CreateCursorChecked(p.conn, cursor, source, shape, 0xffff, 0, 0, 0, 0, 0, 2, 3).Check(); err != nil {
		p.t.Fatal(err)
	}
	xproto.ChangeWindowAttributes(p.conn, xproto.Window(p.root), xproto.CwCursor, []uint32{uint32(cursor)})
}

func TestCursor(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	before, _ := d.Cursor()
	p.setCursor()
	shape, hot := d.Cursor()
	for shape == before {
		<-d.Changed()
		shape, hot = d.Cursor()
	}
	if hot != image.Pt(2, 3) || shape.Rect != image.Rect(0, 0, 16, 16) {
		t.Fatalf("hotspot %v, size %v", hot, shape.Rect)
	}
	for _, at := range []image.Point{{X: 0, Y: 0}, {X: 7, Y: 15}} {
		if c := shape.RGBAAt(at.X, at.Y); c.R != 255 || c.G != 0 || c.A != 255 {
			t.Errorf("%v at %v", c, at)
		}
	}
	if c := shape.RGBAAt(8, 8); c.A != 0 {
		t.Errorf("%v right of the shape", c)
	}
	// The same shape from another program is the same image.
	p.setCursor()
	xproto.GetInputFocus(p.conn).Reply()
	<-d.Changed()
	if again, _ := d.Cursor(); again != shape {
		t.Error("another image for the same shape")
	}
}

// The pointer that the server draws is not in the picture, and its moves are no damage.
func TestPointerIsNotInThePicture(t *testing.T) {
	p := startPainter(t, "320x200x24")
	p.fill(image.Rect(0, 0, 320, 200), 0x404040)
	d, m := p.open(), &mirror{}
	m.follow(d, p)
	p.setCursor()
	for i := range int16(50) {
		xproto.WarpPointer(p.conn, 0, xproto.Window(p.root), 0, 0, 0, 0, 3*i, 2*i)
	}
	xproto.GetInputFocus(p.conn).Reply()
	if rects, err := m.capture(d); len(rects) > 0 || err != nil {
		t.Errorf("captured %v, %v", rects, err)
	}
}
