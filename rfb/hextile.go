package rfb

import (
	"bufio"
	"errors"
	"image"
	"io"
)

// A tile of Hextile begins with a mask of these (RFC 6143 §7.7.4).
const (
	hextileRaw        = 1  // pixels; nothing else counts
	hextileBackground = 2  // pixel; else as before
	hextileForeground = 4  // pixel of all subrectangles; else as before
	hextileSubrects   = 8  // count1, subrectangles of xy1, wh1
	hextileColoured   = 16 // each subrectangle begins with its pixel
	hextileSide       = 16 // of a tile
	maxSubrects       = 255
)

// hextileEncoder is what an Encoder keeps while it encodes a rectangle as Hextile.
type hextileEncoder struct {
	background, foreground           uint32
	backgroundKnown, foregroundKnown bool
	rest                             [hextileSide * hextileSide]uint32
}

func (e *Encoder) appendHextile(dst []byte, m *Image, r image.Rectangle) []byte {
	h := &e.hextile
	h.backgroundKnown, h.foregroundKnown = false, false
	e.wire = grown(e.wire, hextileSide*hextileSide)
	for y := r.Min.Y; y < r.Max.Y; y += hextileSide {
		for x := r.Min.X; x < r.Max.X; x += hextileSide {
			tile := image.Rect(x, y, min(x+hextileSide, r.Max.X), min(y+hextileSide, r.Max.Y))
			px := e.wire[:tile.Dx()*tile.Dy()]
			for i := range tile.Dy() {
				row := px[i*tile.Dx() : (i+1)*tile.Dx()]
				copy(row, e.pack.row(row, m.Row(tile.Min.X, tile.Max.X, tile.Min.Y+i)))
			}
			dst = h.appendTile(dst, px, tile.Dx(), e.pack.size)
		}
	}
	return dst
}

// appendTile adds a tile as a background with subrectangles or, when that takes more bytes, raw.
func (h *hextileEncoder) appendTile(dst []byte, px []uint32, width, size int) []byte {
	background, foreground, colours := twoColours(px)
	at := len(dst)
	dst = append(dst, 0)
	mask := byte(0)
	if !h.backgroundKnown || h.background != background {
		mask |= hextileBackground
		dst = appendPixels(dst, []uint32{background}, size, 0)
	}
	if colours == 1 {
		dst[at] = mask
		h.background, h.backgroundKnown = background, true
		return dst
	}
	mask |= hextileSubrects
	switch {
	case colours > 2:
		mask |= hextileColoured
	case !h.foregroundKnown || h.foreground != foreground:
		mask |= hextileForeground
		dst = appendPixels(dst, []uint32{foreground}, size, 0)
	}
	count := len(dst)
	dst = append(dst, 0)
	dst, ok := h.appendSubrects(dst, px, width, background, colours > 2, size, at+1+len(px)*size)
	if !ok {
		h.backgroundKnown, h.foregroundKnown = false, false
		return appendPixels(append(dst[:at], hextileRaw), px, size, 0)
	}
	each := 2
	if colours > 2 {
		each += size
	}
	dst[at], dst[count] = mask, byte((len(dst)-count-1)/each)
	h.background, h.backgroundKnown = background, true
	h.foreground, h.foregroundKnown = foreground, colours == 2
	return dst
}

// twoColours returns the two colours met first, the more frequent as background, and 1, 2 or 3 for more of them.
func twoColours(px []uint32) (background, foreground uint32, colours int) {
	background = px[0]
	n, others := 0, 0
	colours = 1
	for _, v := range px {
		switch {
		case v == background:
			n++
		case colours == 1:
			foreground, colours = v, 2
			others++
		case v == foreground:
			others++
		default:
			colours = 3
		}
	}
	if others > n {
		return foreground, background, colours
	}
	return background, foreground, colours
}

// appendSubrects covers what is not background with rectangles. It gives up when dst becomes longer than most.
func (h *hextileEncoder) appendSubrects(dst []byte, px []uint32, width int, background uint32, coloured bool, size, most int) ([]byte, bool) {
	rest := h.rest[:copy(h.rest[:], px)]
	for i, n := 0, 0; i < len(rest); i++ {
		if rest[i] == background {
			continue
		}
		w, tall := largest(rest, i, width)
		if coloured {
			dst = appendPixels(dst, rest[i:i+1], size, 0)
		}
		dst = append(dst, byte(i%width<<4|i/width), byte((w-1)<<4|(tall-1)))
		if n++; len(dst) > most || n > maxSubrects {
			return dst, false
		}
		for y := range tall {
			row := rest[i+y*width:][:w]
			for x := range row {
				row[x] = background
			}
		}
	}
	return dst, true
}

// largest returns the larger of two rectangles of one colour from px[i] on: as wide as possible and then as high,
// or as high and then as wide.
func largest(px []uint32, i, width int) (w, tall int) {
	colour, across, down := px[i], width-i%width, len(px)/width-i/width
	full := func(x, y, dx, dy int) bool {
		for ; dx > 0 && dy > 0; y++ {
			row := px[i+y*width+x:][:dx]
			for _, v := range row {
				if v != colour {
					return false
				}
			}
			dy--
		}
		return true
	}
	w1, h1 := 1, 1
	for w1 < across && full(w1, 0, 1, 1) {
		w1++
	}
	for h1 < down && full(0, h1, w1, 1) {
		h1++
	}
	w2, h2 := 1, 1
	for h2 < down && full(0, h2, 1, 1) {
		h2++
	}
	for w2 < across && full(w2, 0, 1, h2) {
		w2++
	}
	if w2*h2 > w1*h1 {
		return w2, h2
	}
	return w1, h1
}

var (
	errHextileMask    = errors.New("unknown Hextile subencoding")
	errHextileSubrect = errors.New("subrectangle outside of its Hextile tile")
)

func (d *Decoder) decodeHextile(br *bufio.Reader, r image.Rectangle, m *Image) error {
	var background, foreground uint32
	for y := r.Min.Y; y < r.Max.Y; y += hextileSide {
		for x := r.Min.X; x < r.Max.X; x += hextileSide {
			tile := image.Rect(x, y, min(x+hextileSide, r.Max.X), min(y+hextileSide, r.Max.Y))
			if err := d.hextileTile(br, tile, m, &background, &foreground); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Decoder) hextileTile(br *bufio.Reader, tile image.Rectangle, m *Image, background, foreground *uint32) error {
	mask, err := br.ReadByte()
	if err != nil {
		return err
	}
	if mask >= hextileColoured<<1 {
		return errHextileMask
	}
	if mask&hextileRaw != 0 {
		return d.decodeRaw(br, tile, m)
	}
	if mask&hextileBackground != 0 {
		if err := d.pixel(br, background); err != nil {
			return err
		}
	}
	if mask&hextileForeground != 0 {
		if err := d.pixel(br, foreground); err != nil {
			return err
		}
	}
	m.fill(tile, *background)
	if mask&hextileSubrects == 0 {
		return nil
	}
	count, err := br.ReadByte()
	if err != nil {
		return err
	}
	colour := *foreground
	for range count {
		if mask&hextileColoured != 0 {
			if err := d.pixel(br, &colour); err != nil {
				return err
			}
		}
		d.buf = grown(d.buf, 4)
		if _, err := io.ReadFull(br, d.buf[:2]); err != nil {
			return err
		}
		xy, wh := int(d.buf[0]), int(d.buf[1])
		at := tile.Min.Add(image.Pt(xy>>4, xy&15))
		sub := image.Rectangle{at, at.Add(image.Pt(wh>>4+1, wh&15+1))}
		if !sub.In(tile) {
			return errHextileSubrect
		}
		m.fill(sub, colour)
	}
	return nil
}

// pixel reads one pixel as Raw has it.
func (d *Decoder) pixel(br *bufio.Reader, px *uint32) error {
	d.buf = grown(d.buf, 4)
	if _, err := io.ReadFull(br, d.buf[:d.unpack.size]); err != nil {
		return err
	}
	var row [1]uint32
	d.unpack.row(row[:], d.buf, d.unpack.size, 0)
	*px = row[0]
	return nil
}
