package scene

import (
	"image"

	"github.com/jezek/xgb/xproto"
)

// Program opens a window as programs do: a window manager may put a frame around it, and it has a title and a program's name. All of
// it is of one colour.
func (s *Screen) Program(name, title string, r image.Rectangle, colour uint32) (Window, error) {
	id, err := xproto.NewWindowId(s.conn)
	if err != nil {
		return Window{}, err
	}
	xproto.CreateWindow(s.conn, 0, id, s.root, int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0,
		xproto.WindowClassInputOutput, 0, xproto.CwBackPixel|xproto.CwEventMask, []uint32{colour, xproto.EventMaskKeyPress})
	for property, text := range map[xproto.Atom]string{xproto.AtomWmName: title, xproto.AtomWmClass: name + "\x00" + name + "\x00"} {
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, id, property, xproto.AtomString, 8, uint32(len(text)), []byte(text))
	}
	return Window{screen: s, id: id, size: r.Size()}, xproto.MapWindowChecked(s.conn, id).Check()
}
