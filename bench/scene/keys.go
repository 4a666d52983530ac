package scene

import (
	"image"

	"github.com/jezek/xgb/xproto"
)

// glyph is the size of what OnKeys draws for a key.
var glyph = image.Pt(8, 14)

// OnKeys gives the window the keyboard and draws a box for each key that goes down, one after the other along the lines
// of a page, in a colour that differs from the one before, until the Screen is closed.
func (w Window) OnKeys() error {
	conn := w.screen.conn
	xproto.SetInputFocus(conn, xproto.InputFocusPointerRoot, w.id, xproto.TimeCurrentTime)
	if err := w.screen.Sync(); err != nil {
		return err
	}
	columns := w.size.X / glyph.X
	rows := w.size.Y / glyph.Y
	for n := 0; ; {
		event, err := conn.WaitForEvent()
		if event == nil && err == nil {
			return nil // closed
		}
		if _, ok := event.(xproto.KeyPressEvent); !ok {
			continue
		}
		at := image.Pt(n%columns*glyph.X, n/columns%rows*glyph.Y)
		colour := uint32(0x203040) + uint32(n/(columns*rows)%2)*0xa0a0a0
		w.Fill(image.Rectangle{Min: at, Max: at.Add(glyph).Sub(image.Pt(1, 1))}, colour)
		n++
	}
}
