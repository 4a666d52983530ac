//go:build linux

package x11

import (
	"context"
	"encoding/binary"
	"image"
	"log/slog"
	"testing"
	"time"

	"sixgate/desktop/xvfb"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// painter draws on the root window and reads it back, with a connection that our package has no part in.
type painter struct {
	t    testing.TB
	x    *xvfb.Server
	conn *xgb.Conn
	root xproto.Drawable
	gc   xproto.Gcontext
	l    layout
}

func startPainter(t *testing.T, screen string, args ...string) *painter {
	t.Helper()
	x, err := xvfb.Start(context.Background(), screen, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return newPainter(t, x)
}

func newPainter(t testing.TB, x *xvfb.Server) *painter {
	t.Helper()
	c, err := dial(x.Display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.shut)
	p := &painter{t: t, x: x, conn: c.Conn, root: xproto.Drawable(c.screen.Root)}
	if p.l, err = c.imageLayout(); err != nil {
		t.Fatal(err)
	}
	if p.gc, err = xproto.NewGcontextId(p.conn); err != nil {
		t.Fatal(err)
	}
	include := []uint32{xproto.SubwindowModeIncludeInferiors}
	if err := xproto.CreateGCChecked(p.conn, p.gc, p.root, xproto.GcSubwindowMode, include).Check(); err != nil {
		t.Fatal(err)
	}
	return p
}

// fill paints a rectangle; it is there when the next request of any client is answered.
func (p *painter) fill(r image.Rectangle, colour uint32) {
	xproto.ChangeGC(p.conn, p.gc, xproto.GcForeground, []uint32{colour})
	box := xproto.Rectangle{X: int16(r.Min.X), Y: int16(r.Min.Y), Width: uint16(r.Dx()), Height: uint16(r.Dy())}
	if err := xproto.PolyFillRectangleChecked(p.conn, p.root, p.gc, []xproto.Rectangle{box}).Check(); err != nil {
		p.t.Error(err)
	}
}

// shown is the screen as GetImage has it.
func (p *painter) shown() *mirror {
	p.t.Helper()
	g, err := xproto.GetGeometry(p.conn, p.root).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	m := newMirror(int(g.Width), int(g.Height))
	reply, err := xproto.GetImage(p.conn, xproto.ImageFormatZPixmap, p.root, 0, 0, g.Width, g.Height, ^uint32(0)).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	stride := len(reply.Data) / m.size.Y
	for y := range m.size.Y {
		for x := range m.size.X {
			row := reply.Data[y*stride:]
			switch p.l.bitsPerPixel {
			case 32:
				m.pix[y*m.size.X+x] = binary.LittleEndian.Uint32(row[4*x:]) & 0xffffff
			case 16: // 565, each channel scaled to 255
				v := uint32(binary.LittleEndian.Uint16(row[2*x:]))
				red, green, blue := v>>11, v>>5&63, v&31
				m.pix[y*m.size.X+x] = (red*255+15)/31<<16 | (green*255+31)/63<<8 | (blue*255+15)/31
			default:
				p.t.Fatalf("%d bits a pixel", p.l.bitsPerPixel)
			}
		}
	}
	return m
}

func (p *painter) open() *Desktop {
	p.t.Helper()
	d, err := Open(p.x.Display, slog.New(slog.NewTextHandler(p.t.Output(), nil)))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { d.Close() })
	return d
}

func (p *painter) run(name string, args ...string) string {
	p.t.Helper()
	out, err := p.x.Run(p.t.Context(), name, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(out)
}

// mirror is what a viewer of the desktop has.
type mirror struct {
	size image.Point
	pix  []uint32
}

func newMirror(width, height int) *mirror {
	return &mirror{image.Pt(width, height), make([]uint32, width*height)}
}

// capture brings the mirror up to date and says what it was given.
func (m *mirror) capture(d *Desktop) (rects []image.Rectangle, err error) {
	screens := d.Screens()
	size := image.Point{}
	for _, s := range screens {
		size = image.Pt(max(size.X, s.Max.X), max(size.Y, s.Max.Y))
	}
	if size != m.size {
		*m = *newMirror(size.X, size.Y)
	}
	err = d.Capture(func(pieces []piece) {
		for _, p := range pieces {
			r := p.Rect
			rects = append(rects, r)
			for y := range r.Dy() {
				row := m.pix[(r.Min.Y+y)*m.size.X+r.Min.X:][:r.Dx()]
				for x, px := range p.Pix[y*p.Stride:][:r.Dx()] {
					row[x] = px & 0xffffff
				}
			}
		}
	})
	return rects, err
}

// follow captures on Changed until the mirror is what is shown.
func (m *mirror) follow(d *Desktop, p *painter) {
	p.t.Helper()
	for end := time.After(20 * time.Second); ; {
		if _, err := m.capture(d); err != nil {
			p.t.Fatal(err)
		}
		want := p.shown() // others draw meanwhile
		if m.size == want.size && firstDifference(m, want) < 0 {
			return
		}
		select {
		case <-d.Changed():
		case <-end:
			at := firstDifference(m, want)
			p.t.Fatalf("size %v, want %v; first difference at pixel %d", m.size, want.size, at)
		}
	}
}

func firstDifference(a, b *mirror) int {
	for i := range min(len(a.pix), len(b.pix)) {
		if a.pix[i] != b.pix[i] {
			return i
		}
	}
	return -1
}
