package rfb

import (
	"bufio"
	"errors"
	"image"
	"io"
)

// maxCursorSide bounds a cursor's width and height, in both directions.
const maxCursorSide = 1024

// opaqueFrom is the alpha from which a pixel of a cursor is shown: the Cursor pseudo-encoding knows no half ones,
// and shadows are better left out.
const opaqueFrom = 128

// AppendCursor adds the Cursor pseudo-encoding (RFC 6143 §7.8.1) of shape, whose hotspot is hot from its corner.
// Pixels of less than half opacity become transparent. A nil shape, or one larger than any cursor, hides the cursor.
func (e *Encoder) AppendCursor(dst []byte, shape *image.RGBA, hot image.Point) []byte {
	e.pack.use(e.Format)
	if shape == nil || shape.Rect.Empty() || shape.Rect.Dx() > maxCursorSide || shape.Rect.Dy() > maxCursorSide {
		return appendHeader(dst, image.Rectangle{}, EncodingCursor)
	}
	w, h := shape.Rect.Dx(), shape.Rect.Dy()
	hot.X, hot.Y = min(max(hot.X, 0), w-1), min(max(hot.Y, 0), h-1)
	dst = appendHeader(dst, image.Rect(hot.X, hot.Y, hot.X+w, hot.Y+h), EncodingCursor)
	e.wire = grown(e.wire, 2*w)
	row, packed := e.wire[:w], e.wire[w:2*w]
	mask := make([]byte, 0, (w+7)/8*h)
	for y := range h {
		src := shape.Pix[y*shape.Stride:][:4*w]
		for i := range (w + 7) / 8 {
			mask = append(mask, 0)
			for x := 8 * i; x < min(8*i+8, w); x++ {
				if src[4*x+3] >= opaqueFrom {
					mask[len(mask)-1] |= 0x80 >> (x % 8)
				}
			}
		}
		for x := range row {
			row[x] = straight((*[4]byte)(src[4*x:]))
		}
		dst = appendPixels(dst, e.pack.row(packed, row), e.pack.size, 0)
	}
	return append(dst, mask...)
}

// straight returns the colour of a pixel that is premultiplied by its alpha, black where nothing is shown.
func straight(p *[4]byte) uint32 {
	alpha := uint32(p[3])
	if alpha < opaqueFrom {
		return 0
	}
	c := func(v byte) uint32 { return min(scale(uint32(v), alpha, 255), 255) }
	return c(p[0])<<16 | c(p[1])<<8 | c(p[2])
}

var errCursorSize = errors.New("cursor larger than 1024x1024")

// Cursor reads the Cursor pseudo-encoding. r.Min is the hotspot, r.Size() the shape's; nil: no cursor.
func (d *Decoder) Cursor(br *bufio.Reader, r image.Rectangle) (*image.RGBA, error) {
	w, h := r.Dx(), r.Dy()
	if w > maxCursorSide || h > maxCursorSide {
		return nil, errCursorSize
	}
	if w <= 0 || h <= 0 {
		return nil, nil
	}
	d.unpack.use(d.Format, &d.Colours)
	m := NewImage(image.Rect(0, 0, w, h))
	mask := make([]byte, (w+7)/8*h)
	err := d.decodeRaw(br, m.Rect, m)
	if err == nil {
		_, err = io.ReadFull(br, mask)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	shape := image.NewRGBA(m.Rect)
	for i, px := range m.Pix {
		if x, y := i%w, i/w; mask[y*((w+7)/8)+x/8]&(0x80>>(x%8)) != 0 {
			p := (*[4]byte)(shape.Pix[4*i:])
			p[0], p[1], p[2], p[3] = byte(px>>16), byte(px>>8), byte(px), 0xff
		}
	}
	return shape, nil
}
