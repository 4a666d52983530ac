// Package rfb is the wire format of the Remote Framebuffer protocol (RFC 6143 and its community extensions):
// messages, pixel formats, and an encoder and a decoder for rectangles. It is pure code over byte slices and readers;
// it captures nothing, decides nothing and starts no goroutine.
package rfb

import "image"

// Image is a block of pixels, each 0x00RRGGBB, the top byte always zero.
type Image struct {
	Pix    []uint32        // Pix[0] is the pixel at Rect.Min
	Stride int             // pixels from one row to the next
	Rect   image.Rectangle // what the block covers
}

// NewImage returns a black image. The caller bounds the size of r.
func NewImage(r image.Rectangle) *Image {
	return &Image{Pix: make([]uint32, r.Dx()*r.Dy()), Stride: r.Dx(), Rect: r}
}

// Resized returns a black image from (0,0), in m's memory where that is enough: who does nothing but resize makes no garbage. m,
// which may be nil, is of no more use.
func (m *Image) Resized(size image.Point) *Image {
	n := size.X * size.Y
	if m == nil || cap(m.Pix) < n {
		return NewImage(image.Rectangle{Max: size})
	}
	m = &Image{Pix: m.Pix[:n], Stride: size.X, Rect: image.Rectangle{Max: size}}
	clear(m.Pix)
	return m
}

// Row returns the pixels from x0 up to x1 of row y, which must lie inside m.Rect.
func (m *Image) Row(x0, x1, y int) []uint32 {
	i := (y-m.Rect.Min.Y)*m.Stride - m.Rect.Min.X
	return m.Pix[i+x0 : i+x1 : i+x1]
}

// fill paints r, which must lie inside m.Rect, in one colour.
func (m *Image) fill(r image.Rectangle, px uint32) {
	if r.Empty() {
		return
	}
	first := m.Row(r.Min.X, r.Max.X, r.Min.Y)
	for i := range first {
		first[i] = px
	}
	for y := r.Min.Y + 1; y < r.Max.Y; y++ {
		copy(m.Row(r.Min.X, r.Max.X, y), first)
	}
}

// move copies the pixels at from onto r; both must lie inside m.Rect and may overlap.
func (m *Image) move(r image.Rectangle, from image.Point) {
	dy := from.Y - r.Min.Y
	dx := from.X - r.Min.X
	for i := range r.Dy() {
		y := r.Min.Y + i
		if dy < 0 { // the source is above: its lower rows are overwritten first, so begin there
			y = r.Max.Y - 1 - i
		}
		copy(m.Row(r.Min.X, r.Max.X, y), m.Row(r.Min.X+dx, r.Max.X+dx, y+dy))
	}
}
