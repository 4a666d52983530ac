//go:build linux

package x11

import (
	"errors"
	"image"
	"sync"
	"time"
	"unsafe"

	"github.com/jezek/xgb/xproto"
)

// Panel is a bar at the top of a display, above all windows, and keys of the keyboard that come to it wherever the focus is; and
// what somebody points at on that display. It has a connection of its own, so that it works while the desktop hangs.
type Panel struct {
	overlay overlay
	conn    *connection
	window  xproto.Window
	gc      xproto.Gcontext
	done    sync.WaitGroup
	close   sync.Once
	closed  chan struct{}

	local  *local // what tells the end user's keys and clicks from the supporter's; nil: nothing
	hot    hotKeys
	clicks chan image.Point
	keys   chan uint32

	mu     sync.Mutex
	place  image.Rectangle
	pixmap xproto.Pixmap
	raised time.Time // when it was last seen to
	raises bool      // it will be
}

var errPanelLayout = errors.New("the session bar needs an X screen of 24 bits true colour")

// OpenPanel opens a panel without a bar or keys on d's display. What is put in through d reaches neither. There is one at a time.
func (d *Desktop) OpenPanel() (*Panel, error) { return openPanel(d.display, &d.input.local) }

func openPanel(display string, l *local) (*Panel, error) {
	conn, err := dial(display)
	if err != nil {
		return nil, err
	}
	p := &Panel{conn: conn, closed: make(chan struct{}), clicks: make(chan image.Point, 1), keys: make(chan uint32, 8)}
	if l.works() {
		p.local = l
	}
	if err := p.open(); err != nil {
		conn.shut()
		return nil, err
	}
	conn.own()
	if p.local != nil {
		p.local.hear(p.pressed)
	}
	p.done.Go(p.watch)
	p.done.Go(func() { p.overlay.run(p.closed) })
	return p, nil
}

func (p *Panel) open() error {
	layout, err := p.conn.imageLayout()
	if err != nil {
		return err
	}
	if !layout.native {
		return errPanelLayout
	}
	if p.window, err = xproto.NewWindowId(p.conn.Conn); err != nil {
		return err
	}
	if p.gc, err = xproto.NewGcontextId(p.conn.Conn); err != nil {
		return err
	}
	err = xproto.CreateWindowChecked(p.conn.Conn, p.conn.screen.RootDepth, p.window, p.conn.screen.Root, 0, 0, 1, 1, 0,
		xproto.WindowClassInputOutput, p.conn.screen.RootVisual, xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, xproto.EventMaskButtonPress}).Check()
	if err != nil {
		return p.conn.gone(err)
	}
	if err := xproto.CreateGCChecked(p.conn.Conn, p.gc, xproto.Drawable(p.window), 0, nil).Check(); err != nil {
		return p.conn.gone(err)
	}
	if err := p.overlay.open(p.conn); err != nil {
		return err
	}
	// Of all windows on the root window, that they were shown or moved.
	return xproto.ChangeWindowAttributesChecked(p.conn.Conn, p.conn.screen.Root, xproto.CwEventMask, []uint32{xproto.EventMaskSubstructureNotify}).Check()
}

// Show makes bar what is shown, in the middle of a screen's top edge. Its alpha is not looked at.
func (p *Panel) Show(bar *image.RGBA, screen image.Rectangle) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, h := bar.Rect.Dx(), bar.Rect.Dy()
	pixmap, err := p.conn.upload(bar, p.gc)
	if err != nil {
		return p.conn.gone(err)
	}
	at := image.Pt(max(screen.Min.X, screen.Min.X+(screen.Dx()-w)/2), screen.Min.Y)
	p.place = image.Rectangle{at, at.Add(image.Pt(w, h))}
	// The server paints the background by itself whenever a part of it comes into sight.
	xproto.ChangeWindowAttributes(p.conn.Conn, p.window, xproto.CwBackPixmap, []uint32{uint32(pixmap)})
	xproto.ConfigureWindow(p.conn.Conn, p.window, xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight|
		xproto.ConfigWindowStackMode, []uint32{uint32(at.X), uint32(at.Y), uint32(w), uint32(h), xproto.StackModeAbove})
	xproto.ClearArea(p.conn.Conn, false, p.window, 0, 0, 0, 0)
	if p.pixmap != 0 {
		xproto.FreePixmap(p.conn.Conn, p.pixmap)
	}
	p.pixmap = pixmap
	if err := xproto.MapWindowChecked(p.conn.Conn, p.window).Check(); err != nil {
		return p.conn.gone(err)
	}
	return nil
}

// upload makes a pixmap of a picture.
func (c *connection) upload(picture *image.RGBA, gc xproto.Gcontext) (xproto.Pixmap, error) {
	w, h := picture.Rect.Dx(), picture.Rect.Dy()
	pixmap, err := xproto.NewPixmapId(c.Conn)
	if err != nil {
		return 0, err
	}
	xproto.CreatePixmap(c.Conn, c.screen.RootDepth, pixmap, xproto.Drawable(c.screen.Root), uint16(w), uint16(h))
	pix := make([]uint32, w*h)
	for y := range h {
		row := picture.Pix[y*picture.Stride:]
		for x := range w {
			pix[y*w+x] = uint32(row[4*x])<<16 | uint32(row[4*x+1])<<8 | uint32(row[4*x+2])
		}
	}
	xproto.PutImage(c.Conn, xproto.ImageFormatZPixmap, xproto.Drawable(pixmap), gc, uint16(w), uint16(h), 0, 0, 0,
		c.screen.RootDepth, unsafe.Slice((*byte)(unsafe.Pointer(&pix[0])), 4*len(pix)))
	return pixmap, nil
}

// Covers tells whether the bar is at a place of the screen.
func (p *Panel) Covers(at image.Point) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return at.In(p.place)
}

// Clicks receives where on the bar the mouse was pressed, from its corner.
func (p *Panel) Clicks() <-chan image.Point { return p.clicks }

// Keys receives the keysym of each key that was grabbed and pressed.
func (p *Panel) Keys() <-chan uint32 { return p.keys }

// Close takes the bar away and gives the keys back.
func (p *Panel) Close() error {
	p.close.Do(func() { close(p.closed) })
	p.conn.disown()
	if p.local != nil {
		p.local.hear(nil)
	}
	p.conn.Close() // the server takes back all that was ours
	p.done.Wait()
	return nil
}

func (p *Panel) watch() {
	defer p.conn.disown()
	for {
		event, err := p.conn.WaitForEvent()
		switch e := event.(type) {
		case xproto.ButtonPressEvent:
			if p.local == nil || p.local.clicked(e.Time) {
				pass(p.clicks, image.Pt(int(e.EventX), int(e.EventY)))
			}
		case xproto.KeyPressEvent:
			if p.local == nil {
				p.grabbed(e)
			}
		case xproto.ConfigureNotifyEvent:
			p.stacked(e.Window)
		case xproto.MapNotifyEvent:
			p.stacked(e.Window)
		case xproto.ReparentNotifyEvent:
			p.stacked(e.Window)
		case xproto.CirculateNotifyEvent:
			p.stacked(e.Window)
		case xproto.MappingNotifyEvent:
			p.remap()
		case nil:
			if err == nil {
				return // disconnected
			}
		}
	}
}

// pass does not wait for one who does not listen.
func pass[T any](to chan<- T, v T) {
	select {
	case to <- v:
	default:
	}
}
