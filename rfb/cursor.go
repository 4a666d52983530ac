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
	maxCursorSide = 1024 // of a cursor's width and height, that a server may send
	cursorSide    = 256  // that every viewer takes: TigerVNC's leaves when it is sent a larger one
)

// A VMware cursor begins with its kind and a byte of padding (rfbproto, VMware Cursor).
const (
	vmwareMasks = 0 // w*h pixels to and with what is below, then w*h to exclusive-or with it
	vmwareAlpha = 1 // w*h of red, green, blue, alpha; not premultiplied
)

// opaqueFrom is the alpha from which a pixel of a cursor is shown by an encoding that knows no half ones: shadows are
// better left out.
const opaqueFrom = 128

// AppendCursor adds a rectangle that gives the viewer's pointer a shape, whose hotspot is hot from its corner. A nil or
// empty shape hides the pointer; of one larger than 256x256 that much is sent around the hotspot. enc is one of
//   - EncodingCursor (RFC 6143 §7.8.1): pixels in the viewer's format; those of less than half opacity are left out;
//   - EncodingXCursor (rfbproto): the same in two colours;
//   - EncodingCursorAlpha (rfbproto, Cursor With Alpha) and EncodingVMwareCursor: the shape as it is.
func (e *Encoder) AppendCursor(dst []byte, enc Encoding, shape *image.RGBA, hot image.Point) []byte {
	alpha := enc == EncodingCursorAlpha || enc == EncodingVMwareCursor
	if shape == nil || shape.Rect.Empty() {
		if !alpha {
			return appendHeader(dst, image.Rectangle{}, enc)
		}
		shape, hot = image.NewRGBA(image.Rect(0, 0, 1, 1)), image.Point{} // of nothing they differ on what follows
	}
	shape, hot = cutCursor(shape, hot)
	w, h := shape.Rect.Dx(), shape.Rect.Dy()
	dst = appendHeader(dst, image.Rect(hot.X, hot.Y, hot.X+w, hot.Y+h), enc)
	switch enc {
	case EncodingCursorAlpha:
		dst = binary.BigEndian.AppendUint32(dst, uint32(EncodingRaw))
		for y := range h {
			dst = append(dst, shape.Pix[y*shape.Stride:][:4*w]...)
		}
		return dst
	case EncodingVMwareCursor:
		dst = append(dst, vmwareAlpha, 0)
		for y := range h {
			for row := shape.Pix[y*shape.Stride:][:4*w]; len(row) > 0; row = row[4:] {
				px := straight((*[4]byte)(row))
				dst = append(dst, byte(px>>16), byte(px>>8), byte(px), row[3])
			}
		}
		return dst
	case EncodingXCursor:
		dst = appendTwoColours(dst, shape)
	default:
		dst = e.appendCursorPixels(dst, shape)
	}
	return appendMask(dst, shape, func(p *[4]byte) bool { return p[3] >= opaqueFrom })
}

// cutCursor returns the part of a shape that viewers take, with a hotspot inside.
func cutCursor(shape *image.RGBA, hot image.Point) (*image.RGBA, image.Point) {
	size := shape.Rect.Size()
	hot.X, hot.Y = min(max(hot.X, 0), size.X-1), min(max(hot.Y, 0), size.Y-1)
	if size.X <= cursorSide && size.Y <= cursorSide {
		return shape, hot
	}
	cut := image.Pt(min(max(hot.X-cursorSide/2, 0), max(size.X-cursorSide, 0)), min(max(hot.Y-cursorSide/2, 0), max(size.Y-cursorSide, 0)))
	at := shape.Rect.Min.Add(cut)
	part := shape.SubImage(image.Rectangle{at, at.Add(image.Pt(cursorSide, cursorSide))})
	return part.(*image.RGBA), hot.Sub(cut)
}

func (e *Encoder) appendCursorPixels(dst []byte, shape *image.RGBA) []byte {
	e.pack.use(e.Format)
	w := shape.Rect.Dx()
	e.wire = grown(e.wire, 2*w)
	row, packed := e.wire[:w], e.wire[w:2*w]
	for y := range shape.Rect.Dy() {
		src := shape.Pix[y*shape.Stride:][:4*w]
		for x := range row {
			p := (*[4]byte)(src[4*x:])
			if row[x] = 0; p[3] >= opaqueFrom {
				row[x] = straight(p)
			}
		}
		dst = appendPixels(dst, e.pack.row(packed, row), e.pack.size, 0)
	}
	return dst
}

// appendTwoColours adds the mean of the shape's darker pixels and that of its lighter ones, and one bit a pixel, set
// where it is one of the darker.
func appendTwoColours(dst []byte, shape *image.RGBA) []byte {
	darkest, lightest := 255*256, 0
	eachShown(shape, func(px uint32) {
		darkest, lightest = min(darkest, brightness(px)), max(lightest, brightness(px))
	})
	isDark := func(px uint32) bool { return 2*brightness(px) <= darkest+lightest }
	var sums [2][4]uint32 // red, green, blue and how many; of dark and of light ones
	eachShown(shape, func(px uint32) {
		s := &sums[0]
		if !isDark(px) {
			s = &sums[1]
		}
		s[0], s[1], s[2], s[3] = s[0]+px>>16, s[1]+px>>8&0xff, s[2]+px&0xff, s[3]+1
	})
	for _, s := range sums {
		n := max(s[3], 1)
		dst = append(dst, byte((s[0]+n/2)/n), byte((s[1]+n/2)/n), byte((s[2]+n/2)/n))
	}
	return appendMask(dst, shape, func(p *[4]byte) bool { return p[3] >= opaqueFrom && isDark(straight(p)) })
}

// eachShown calls f with the colour of each pixel of at least half opacity.
func eachShown(shape *image.RGBA, f func(px uint32)) {
	for y := range shape.Rect.Dy() {
		for row := shape.Pix[y*shape.Stride:][:4*shape.Rect.Dx()]; len(row) > 0; row = row[4:] {
			if row[3] >= opaqueFrom {
				f(straight((*[4]byte)(row)))
			}
		}
	}
}

// brightness is that of a pixel as eyes see it, 0 to 255*256.
func brightness(px uint32) int {
	return int(77*(px>>16&0xff) + 150*(px>>8&0xff) + 29*(px&0xff))
}

// appendMask adds one bit a pixel, the leftmost in the highest, each row filled to whole bytes.
func appendMask(dst []byte, shape *image.RGBA, set func(p *[4]byte) bool) []byte {
	w := shape.Rect.Dx()
	for y := range shape.Rect.Dy() {
		src := shape.Pix[y*shape.Stride:][:4*w]
		for x := range w {
			if x%8 == 0 {
				dst = append(dst, 0)
			}
			if set((*[4]byte)(src[4*x:])) {
				dst[len(dst)-1] |= 0x80 >> (x % 8)
			}
		}
	}
	return dst
}

// straight returns the colour of a pixel that is premultiplied by its alpha, black where there is nothing of it.
func straight(p *[4]byte) uint32 {
	alpha := uint32(p[3])
	if alpha == 0 {
		return 0
	}
	c := func(v byte) uint32 { return min(scale(uint32(v), alpha, 255), 255) }
	return c(p[0])<<16 | c(p[1])<<8 | c(p[2])
}

var (
	errCursorSize     = fmt.Errorf("cursor larger than %dx%d", maxCursorSide, maxCursorSide)
	errCursorEncoding = errors.New("cursor with alpha whose pixels are not Raw")
	errCursorKind     = errors.New("VMware cursor of an unknown kind")
)

// Cursor reads what AppendCursor adds, after the rectangle's header. r.Min is the hotspot, r.Size() the shape's;
// nil: no cursor. Of a VMware cursor's masks the pixels that would invert what is below are black.
func (d *Decoder) Cursor(br *bufio.Reader, enc Encoding, r image.Rectangle) (*image.RGBA, error) {
	if r.Dx() > maxCursorSide || r.Dy() > maxCursorSide {
		return nil, errCursorSize
	}
	shape := image.NewRGBA(image.Rectangle{Max: r.Size()})
	var err error
	switch enc {
	case EncodingCursorAlpha:
		err = readAlphaCursor(br, shape)
	case EncodingVMwareCursor:
		err = d.vmwareCursor(br, shape)
	case EncodingXCursor:
		err = readXCursor(br, shape)
	default:
		err = d.pixelCursor(br, shape)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil || shape.Rect.Empty() {
		return nil, err
	}
	return shape, nil
}

func (d *Decoder) pixelCursor(br *bufio.Reader, shape *image.RGBA) error {
	d.unpack.use(d.Format, &d.Colours)
	m := NewImage(shape.Rect)
	if err := d.decodeRaw(br, m.Rect, m); err != nil {
		return err
	}
	mask, err := readMask(br, shape.Rect)
	if err != nil {
		return err
	}
	for i, px := range m.Pix {
		if mask(i) {
			setOpaque(shape, i, px)
		}
	}
	return nil
}

func readXCursor(br *bufio.Reader, shape *image.RGBA) error {
	if shape.Rect.Empty() {
		return nil
	}
	var b [6]byte
	if _, err := io.ReadFull(br, b[:]); err != nil {
		return err
	}
	bits, err := readMask(br, shape.Rect)
	if err != nil {
		return err
	}
	mask, err := readMask(br, shape.Rect)
	if err != nil {
		return err
	}
	var colours [2]uint32
	rgb(colours[:], b[:])
	for i := range len(shape.Pix) / 4 {
		switch {
		case !mask(i):
		case bits(i):
			setOpaque(shape, i, colours[0])
		default:
			setOpaque(shape, i, colours[1])
		}
	}
	return nil
}

func readAlphaCursor(br *bufio.Reader, shape *image.RGBA) error {
	var b [4]byte
	if _, err := io.ReadFull(br, b[:]); err != nil {
		return err
	}
	if Encoding(binary.BigEndian.Uint32(b[:])) != EncodingRaw {
		return errCursorEncoding
	}
	if _, err := io.ReadFull(br, shape.Pix); err != nil {
		return err
	}
	for p := shape.Pix; len(p) > 0; p = p[4:] { // no colour is stronger than its alpha, whatever the server says
		p[0], p[1], p[2] = min(p[0], p[3]), min(p[1], p[3]), min(p[2], p[3])
	}
	return nil
}

func (d *Decoder) vmwareCursor(br *bufio.Reader, shape *image.RGBA) error {
	var head [2]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return err
	}
	switch head[0] {
	case vmwareAlpha:
		if _, err := io.ReadFull(br, shape.Pix); err != nil {
			return err
		}
		for p := shape.Pix; len(p) > 0; p = p[4:] {
			c := func(v byte) byte { return byte(scale(uint32(v), 255, uint32(p[3]))) }
			p[0], p[1], p[2] = c(p[0]), c(p[1]), c(p[2])
		}
		return nil
	case vmwareMasks:
		return d.vmwareMasks(br, shape)
	}
	return errCursorKind
}

func (d *Decoder) vmwareMasks(br *bufio.Reader, shape *image.RGBA) error {
	d.unpack.use(d.Format, &d.Colours)
	n, size := len(shape.Pix)/4, d.unpack.size
	masks := make([]byte, 2*n*size)
	if _, err := io.ReadFull(br, masks); err != nil {
		return err
	}
	colours := make([]uint32, n)
	d.unpack.row(colours, masks[n*size:], size, 0)
	isZero := func(i int) bool {
		for _, b := range masks[i*size : (i+1)*size] {
			if b != 0 {
				return false
			}
		}
		return true
	}
	for i, px := range colours {
		switch {
		case isZero(i):
			setOpaque(shape, i, px)
		case !isZero(n + i):
			setOpaque(shape, i, 0)
		}
	}
	return nil
}

// readMask reads what appendMask adds and returns what tells whether the bit of pixel i is set.
func readMask(br *bufio.Reader, r image.Rectangle) (set func(i int) bool, err error) {
	w, stride := r.Dx(), (r.Dx()+7)/8
	mask := make([]byte, stride*r.Dy())
	_, err = io.ReadFull(br, mask)
	return func(i int) bool { return mask[i/w*stride+i%w/8]&(0x80>>(i%w%8)) != 0 }, err
}

func setOpaque(shape *image.RGBA, i int, px uint32) {
	p := (*[4]byte)(shape.Pix[4*i:])
	p[0], p[1], p[2], p[3] = byte(px>>16), byte(px>>8), byte(px), 0xff
}
