package scene

import (
	"image"

	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// Pointer is where the pointer is.
func (s *Screen) Pointer() (image.Point, error) {
	p, err := xproto.QueryPointer(s.conn, s.root).Reply()
	if err != nil {
		return image.Point{}, err
	}
	return image.Pt(int(p.RootX), int(p.RootY)), nil
}

// MovePointer puts the pointer at p, as a hand would.
func (s *Screen) MovePointer(p image.Point) error {
	return xproto.WarpPointerChecked(s.conn, 0, s.root, 0, 0, 0, 0, int16(p.X), int16(p.Y)).Check()
}

// Cursor is the pointer's shape as it is shown now, premultiplied; (0,0) is its hotspot.
func (s *Screen) Cursor() (*image.RGBA, error) {
	if err := xfixes.Init(s.conn); err != nil {
		return nil, err
	}
	if _, err := xfixes.QueryVersion(s.conn, 4, 0).Reply(); err != nil {
		return nil, err
	}
	c, err := xfixes.GetCursorImage(s.conn).Reply()
	if err != nil {
		return nil, err
	}
	at := image.Pt(-int(c.Xhot), -int(c.Yhot))
	img := image.NewRGBA(image.Rectangle{Min: at, Max: at.Add(image.Pt(int(c.Width), int(c.Height)))})
	for i, p := range c.CursorImage {
		copy(img.Pix[4*i:], []byte{byte(p >> 16), byte(p >> 8), byte(p), byte(p >> 24)})
	}
	return img, nil
}
