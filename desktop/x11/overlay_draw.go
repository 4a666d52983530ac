//go:build linux

package x11

import (
	"image"
	"math"
	"slices"
	"time"

	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"
)

// run draws what changes until done is closed: many changes in one go, and not faster than the server can.
func (o *overlay) run(done <-chan struct{}) {
	fade := time.NewTicker(fadeEvery)
	defer fade.Stop()
	for {
		select {
		case <-done:
			return
		case <-o.news:
		case <-fade.C:
			if !o.fades() {
				continue
			}
		}
		start := time.Now()
		o.draw()
		if err := o.measure(); err != nil { // with the answer, the server has done all that
			return
		}
		select {
		case <-done:
			return
		case <-time.After(max(frameEvery, restFor*time.Since(start))):
		}
	}
}

// measure asks how big the screen is now.
func (o *overlay) measure() error {
	root, err := xproto.GetGeometry(o.conn.Conn, xproto.Drawable(o.conn.screen.Root)).Reply()
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size = image.Pt(int(root.Width), int(root.Height))
	return nil
}

// fades takes away the strokes whose time is over, and tells whether there were any.
func (o *overlay) fades() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := slices.IndexFunc(o.marks, func(s mark) bool { return time.Since(s.since) < markFor })
	if old < 0 {
		old = len(o.marks)
	}
	o.marks = slices.Delete(o.marks, 0, old)
	o.drawn = o.drawn && old == 0
	return old > 0
}

func (o *overlay) draw() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.drawn {
		o.drawMarks()
		o.drawn = true
	}
	if o.visible {
		at := o.at.Sub(o.hot)
		xproto.ConfigureWindow(o.conn.Conn, o.pointer, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(int32(at.X)), uint32(int32(at.Y))})
		xproto.MapWindow(o.conn.Conn, o.pointer)
	} else {
		xproto.UnmapWindow(o.conn.Conn, o.pointer)
	}
}

// drawMarks gives both windows of the strokes their shape. o.mu is held.
func (o *overlay) drawMarks() {
	if len(o.marks) == 0 {
		xproto.UnmapWindow(o.conn.Conn, o.ink)
		xproto.UnmapWindow(o.conn.Conn, o.halo)
		return
	}
	around := image.Rectangle{image.Pt(math.MaxInt16, math.MaxInt16), image.Pt(math.MinInt16, math.MinInt16)}
	for _, s := range o.marks {
		around.Min.X, around.Max.X = min(around.Min.X, int(s.X1), int(s.X2)), max(around.Max.X, int(s.X1), int(s.X2))
		around.Min.Y, around.Max.Y = min(around.Min.Y, int(s.Y1), int(s.Y2)), max(around.Max.Y, int(s.Y1), int(s.Y2))
	}
	around = around.Inset(-haloWidth)
	segments := make([]xproto.Segment, len(o.marks))
	for i, s := range o.marks {
		segments[i] = xproto.Segment{X1: s.X1 - int16(around.Min.X), Y1: s.Y1 - int16(around.Min.Y), X2: s.X2 - int16(around.Min.X), Y2: s.Y2 - int16(around.Min.Y)}
	}
	for _, layer := range []struct {
		window xproto.Window
		width  uint32
	}{{o.halo, haloWidth}, {o.ink, inkWidth}} {
		bits, err := o.bitmap(around.Size())
		if err != nil {
			return // disconnected
		}
		all := []xproto.Rectangle{{Width: uint16(around.Dx()), Height: uint16(around.Dy())}}
		xproto.ChangeGC(o.conn.Conn, o.bit, xproto.GcForeground|xproto.GcLineWidth, []uint32{0, layer.width})
		xproto.PolyFillRectangle(o.conn.Conn, xproto.Drawable(bits), o.bit, all)
		xproto.ChangeGC(o.conn.Conn, o.bit, xproto.GcForeground, []uint32{1})
		xproto.PolySegment(o.conn.Conn, xproto.Drawable(bits), o.bit, segments)
		xproto.ConfigureWindow(o.conn.Conn, layer.window, xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight,
			[]uint32{uint32(int32(around.Min.X)), uint32(int32(around.Min.Y)), uint32(around.Dx()), uint32(around.Dy())})
		shape.Mask(o.conn.Conn, shape.SoSet, shape.SkBounding, layer.window, 0, 0, bits)
		xproto.MapWindow(o.conn.Conn, layer.window)
		xproto.FreePixmap(o.conn.Conn, bits)
	}
}
