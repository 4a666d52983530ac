//go:build linux

package x11

import (
	"image"
	"slices"
	"sync/atomic"

	"github.com/jezek/xgb/xfixes"
)

// cursor is the pointer's shape as it was when last asked for.
type cursor struct {
	stale atomic.Bool // the server told of another one since
	shape *image.RGBA
	hot   image.Point
}

// watchCursor asks to be told when the shape changes (XFIXES 1.0).
func (d *Desktop) watchCursor() {
	xfixes.SelectCursorInput(d.conn.Conn, d.conn.screen.Root, xfixes.CursorNotifyMaskDisplayCursor)
	d.cursor.stale.Store(true)
}

// Cursor is the pointer's shape, premultiplied, and its hotspot; the same image for as long as the shape is the same, nil
// when there is none.
func (d *Desktop) Cursor() (shape *image.RGBA, hot image.Point) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cursor.stale.Swap(false) {
		d.readCursor()
	}
	return d.cursor.shape, d.cursor.hot
}

func (d *Desktop) readCursor() {
	reply, err := xfixes.GetCursorImage(d.conn.Conn).Reply()
	if err != nil || reply.Width == 0 || reply.Height == 0 { // BadCursor: none is shown
		d.cursor.shape, d.cursor.hot = nil, image.Point{}
		return
	}
	shape := image.NewRGBA(image.Rect(0, 0, int(reply.Width), int(reply.Height)))
	for i, argb := range reply.CursorImage {
		copy(shape.Pix[4*i:], []byte{byte(argb >> 16), byte(argb >> 8), byte(argb), byte(argb >> 24)})
	}
	hot := image.Pt(int(reply.Xhot), int(reply.Yhot))
	if same := d.cursor.shape; same != nil && hot == d.cursor.hot && same.Rect == shape.Rect && slices.Equal(same.Pix, shape.Pix) {
		return // programs make the same shape anew
	}
	d.cursor.shape, d.cursor.hot = shape, hot
}
