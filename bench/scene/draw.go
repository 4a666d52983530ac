package scene

import (
	"image"

	"github.com/jezek/xgb/xproto"
)

// uploadBytes stays under the 256 KiB that a core X request may have.
const uploadBytes = 200 << 10

// Picture is an image kept in the X server, which can show it at once.
type Picture struct {
	Size image.Point
	id   xproto.Pixmap
}

// Upload hands img to the X server.
//
//go:norace
func (s *Screen) Upload(img *image.RGBA) (Picture, error) {
	p := Picture{Size: img.Rect.Size()}
	var err error
	if p.id, err = xproto.NewPixmapId(s.conn); err != nil {
		return p, err
	}
	err = xproto.CreatePixmapChecked(s.conn, 24, p.id, xproto.Drawable(s.root), uint16(p.Size.X), uint16(p.Size.Y)).Check()
	if err != nil {
		return p, err
	}
	data := make([]byte, 0, 4*p.Size.X*p.Size.Y)
	for y := range p.Size.Y {
		row := img.Pix[y*img.Stride:][:4*p.Size.X]
		for x := 0; x < len(row); x += 4 {
			data = append(data, row[x+2], row[x+1], row[x], 0)
		}
	}
	rows := uploadBytes / (4 * p.Size.X)
	for y := 0; y < p.Size.Y; y += rows {
		n := min(rows, p.Size.Y-y)
		xproto.PutImage(s.conn, xproto.ImageFormatZPixmap, xproto.Drawable(p.id), s.gc, uint16(p.Size.X), uint16(n),
			0, int16(y), 0, 24, data[4*p.Size.X*y:][:4*p.Size.X*n])
	}
	return p, s.Sync()
}

// Background makes p the picture of the root window.
func (s *Screen) Background(p Picture) error {
	xproto.ChangeWindowAttributes(s.conn, s.root, xproto.CwBackPixmap, []uint32{uint32(p.id)})
	xproto.ClearArea(s.conn, false, s.root, 0, 0, 0, 0)
	return s.Sync()
}

// Window is a window that no window manager touches. What is drawn on it is done when the X server comes to it: before
// anything that is read by the same Screen later, and at the latest when its Sync returns.
type Window struct {
	screen *Screen
	id     xproto.Window
	size   image.Point
}

// Window maps a window at r that shows p wherever nothing else was drawn on it.
func (s *Screen) Window(r image.Rectangle, p Picture) (Window, error) {
	id, err := xproto.NewWindowId(s.conn)
	if err != nil {
		return Window{}, err
	}
	err = xproto.CreateWindowChecked(s.conn, 0, id, s.root, int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0,
		xproto.WindowClassInputOutput, 0, xproto.CwBackPixmap|xproto.CwOverrideRedirect|xproto.CwEventMask,
		[]uint32{uint32(p.id), 1, xproto.EventMaskKeyPress}).Check()
	if err != nil {
		return Window{}, err
	}
	xproto.MapWindow(s.conn, id)
	return Window{screen: s, id: id, size: r.Size()}, s.Sync()
}

// Destroy removes the window.
func (w Window) Destroy() error {
	xproto.DestroyWindow(w.screen.conn, w.id)
	return w.screen.Sync()
}

// Move puts the upper left corner at p.
func (w Window) Move(p image.Point) {
	xproto.ConfigureWindow(w.screen.conn, w.id, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(p.X), uint32(p.Y)})
}

// Show copies the picture to the window's upper left corner.
func (w Window) Show(p Picture) {
	xproto.CopyArea(w.screen.conn, xproto.Drawable(p.id), xproto.Drawable(w.id), w.screen.gc, 0, 0, 0, 0, uint16(p.Size.X), uint16(p.Size.Y))
}

// Fill paints r in one colour, 0x00RRGGBB.
func (w Window) Fill(r image.Rectangle, colour uint32) {
	xproto.ChangeGC(w.screen.conn, w.screen.gc, xproto.GcForeground, []uint32{colour})
	xproto.PolyFillRectangle(w.screen.conn, xproto.Drawable(w.id), w.screen.gc,
		[]xproto.Rectangle{{X: int16(r.Min.X), Y: int16(r.Min.Y), Width: uint16(r.Dx()), Height: uint16(r.Dy())}})
}

// Scroll moves what the window shows up by dy pixels; the last dy rows stay as they were.
func (w Window) Scroll(dy int) {
	xproto.CopyArea(w.screen.conn, xproto.Drawable(w.id), xproto.Drawable(w.id), w.screen.gc,
		0, int16(dy), 0, 0, uint16(w.size.X), uint16(w.size.Y-dy))
}

// Write draws lines of ASCII in the X server's own font, 6x13 pixels a character, black on white, from p downwards.
func (w Window) Write(p image.Point, lines ...string) error {
	font, err := xproto.NewFontId(w.screen.conn)
	if err != nil {
		return err
	}
	if err := xproto.OpenFontChecked(w.screen.conn, font, uint16(len("fixed")), "fixed").Check(); err != nil {
		return err
	}
	defer xproto.CloseFont(w.screen.conn, font)
	xproto.ChangeGC(w.screen.conn, w.screen.gc, xproto.GcForeground|xproto.GcBackground|xproto.GcFont, []uint32{0x101010, 0xffffff, uint32(font)})
	for i, line := range lines {
		line = line[:min(len(line), 255)]
		xproto.ImageText8(w.screen.conn, byte(len(line)), xproto.Drawable(w.id), w.screen.gc, int16(p.X), int16(p.Y+13*(i+1)), line)
	}
	return w.screen.Sync()
}
