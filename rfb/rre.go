package rfb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

const (
	rreSide     = 64  // of the pieces that a rectangle goes in, so that where RRE does not suit little is sent as Raw
	maxCoRRE    = 255 // a CoRRE rectangle's side
	rreOverdraw = 8   // times that a server's subrectangles may paint their rectangle
)

// appendRRE adds r as pieces of EncodingRRE (RFC 6143 §7.7.3) or EncodingCoRRE (rfbproto): a background with
// rectangles of one colour each. A piece that takes fewer bytes so is sent as Raw.
func (e *Encoder) appendRRE(dst []byte, enc Encoding, m *Image, r image.Rectangle) (out []byte, rects int) {
	side := rreSide
	if m.isSolid(r) {
		if side = max(r.Dx(), r.Dy()); enc == EncodingCoRRE {
			side = maxCoRRE
		}
	}
	for y := r.Min.Y; y < r.Max.Y; y += side {
		for x := r.Min.X; x < r.Max.X; x += side {
			piece := image.Rect(x, y, min(x+side, r.Max.X), min(y+side, r.Max.Y))
			at := len(dst)
			var ok bool
			if dst, ok = e.appendRREPiece(appendHeader(dst, piece, enc), enc, m, piece); !ok {
				dst = e.appendRaw(appendHeader(dst[:at], piece, EncodingRaw), m, piece)
			}
			rects++
		}
	}
	return dst, rects
}

// appendRREPiece gives up when the piece takes more bytes than Raw.
func (e *Encoder) appendRREPiece(dst []byte, enc Encoding, m *Image, r image.Rectangle) ([]byte, bool) {
	at, size := len(dst), e.pack.size
	dst = append(dst, 0, 0, 0, 0)
	if m.isSolid(r) {
		e.wire = grown(e.wire, 1)
		return appendPixels(dst, e.pack.row(e.wire, m.Row(r.Min.X, r.Min.X+1, r.Min.Y)), size, 0), true
	}
	w := r.Dx()
	e.wire = grown(e.wire, rreSide*rreSide)
	rest := e.wire[:w*r.Dy()]
	for i := range r.Dy() {
		row := rest[i*w : (i+1)*w]
		copy(row, e.pack.row(row, m.Row(r.Min.X, r.Max.X, r.Min.Y+i)))
	}
	background, most, n := commonest(rest), len(dst)+len(rest)*size, 0
	dst = appendPixels(dst, []uint32{background}, size, 0)
	for i, px := range rest {
		if px == background {
			continue
		}
		wide, tall := largest(rest, i, w)
		for y := range tall {
			row := rest[i+y*w:][:wide]
			for x := range row {
				row[x] = background
			}
		}
		dst = appendPixels(dst, []uint32{px}, size, 0)
		if enc == EncodingCoRRE {
			dst = append(dst, byte(i%w), byte(i/w), byte(wide), byte(tall))
		} else {
			for _, v := range [...]int{i % w, i / w, wide, tall} {
				dst = binary.BigEndian.AppendUint16(dst, uint16(v))
			}
		}
		if n++; len(dst) > most {
			return dst, false
		}
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(n))
	return dst, true
}

// isSolid tells whether r is of one colour.
func (m *Image) isSolid(r image.Rectangle) bool {
	px := m.Row(r.Min.X, r.Min.X+1, r.Min.Y)[0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for _, v := range m.Row(r.Min.X, r.Max.X, y) {
			if v != px {
				return false
			}
		}
	}
	return true
}

// commonest returns the colour of more than half of the pixels if there is one, and else one that is frequent.
func commonest(px []uint32) uint32 {
	colour, lead := px[0], 0
	for _, v := range px {
		switch {
		case v == colour:
			lead++
		case lead == 0:
			colour, lead = v, 1
		default:
			lead--
		}
	}
	return colour
}

var (
	errRRESubrect = errors.New("subrectangle outside of its RRE rectangle")
	errRRECount   = errors.New("more RRE subrectangles than the rectangle has pixels")
	errRREArea    = fmt.Errorf("RRE subrectangles that paint their rectangle more than %d times", rreOverdraw)
)

func (d *Decoder) decodeRRE(br *bufio.Reader, enc Encoding, r image.Rectangle, m *Image) error {
	d.buf = grown(d.buf, 4+8)
	if _, err := io.ReadFull(br, d.buf[:4]); err != nil {
		return err
	}
	count := int64(binary.BigEndian.Uint32(d.buf))
	area := int64(r.Dx()) * int64(r.Dy())
	if count > area {
		return errRRECount
	}
	var colour uint32
	if err := d.pixel(br, &colour); err != nil {
		return err
	}
	m.fill(r, colour)
	room := rreOverdraw * area // what may still be painted: a subrectangle of 65535x65535 is but twelve bytes
	for range count {
		if err := d.pixel(br, &colour); err != nil {
			return err
		}
		sub, err := d.rreSubrect(br, enc)
		if err != nil {
			return err
		}
		if sub = sub.Add(r.Min); !sub.In(r) {
			return errRRESubrect
		}
		if room -= int64(sub.Dx()) * int64(sub.Dy()); room < 0 {
			return errRREArea
		}
		m.fill(sub, colour)
	}
	return nil
}

func (d *Decoder) rreSubrect(br *bufio.Reader, enc Encoding) (image.Rectangle, error) {
	var x, y, w, h int
	b := d.buf[:8]
	if enc == EncodingCoRRE {
		if _, err := io.ReadFull(br, b[:4]); err != nil {
			return image.Rectangle{}, err
		}
		x, y, w, h = int(b[0]), int(b[1]), int(b[2]), int(b[3])
	} else {
		if _, err := io.ReadFull(br, b); err != nil {
			return image.Rectangle{}, err
		}
		u16 := func(i int) int { return int(binary.BigEndian.Uint16(b[i:])) }
		x, y, w, h = u16(0), u16(2), u16(4), u16(6)
	}
	return image.Rect(x, y, x+w, y+h), nil
}
