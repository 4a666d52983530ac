package scene

import (
	"image"

	"github.com/jezek/xgb/xproto"
)

// glyph is the size of what OnKeys draws for a key.
var glyph = image.Pt(8, 14)

// Glyph is where OnKeys draws for the nth key, from 0, and what colour, 0x00RRGGBB.
func (w Window) Glyph(n int) (image.Rectangle, uint32) {
	columns, rows := w.size.X/glyph.X, w.size.Y/glyph.Y
	at := image.Pt(n%columns*glyph.X, n/columns%rows*glyph.Y)
	colour := uint32(0x203040) + uint32(n/(columns*rows)%2)*0xa0a0a0
	return image.Rectangle{Min: at, Max: at.Add(glyph).Sub(image.Pt(1, 1))}, colour
}

// OnKeys gives the window the keyboard and draws the next glyph, along the lines of a page, whenever a key goes down.
// It returns when the Screen is closed.
func (w Window) OnKeys() error {
	conn := w.screen.conn
	xproto.SetInputFocus(conn, xproto.InputFocusPointerRoot, w.id, xproto.TimeCurrentTime)
	for n := 0; ; {
		event, err := conn.WaitForEvent()
		if event == nil && err == nil {
			return nil // closed
		}
		if _, ok := event.(xproto.KeyPressEvent); !ok {
			continue
		}
		w.Fill(w.Glyph(n))
		n++
	}
}
