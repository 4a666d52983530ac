package rfb

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"io"
)

// maxTightLength is what a compact length can say: 7, 7 and 8 bits.
const maxTightLength = 1<<22 - 1

var (
	errTightControl = errors.New("unknown Tight compression")
	errTightLength  = errors.New("data without zlib that is not as long as the rectangle")
	errTightFilter  = errors.New("unknown Tight filter")
	errTightJPEG    = errors.New("JPEG for a format of 8 bits per pixel")
	errPaletteSize  = errors.New("palette of fewer than two colours")
	errPaletteIndex = errors.New("index outside of the palette")
	errGradient     = fmt.Errorf("gradient filter for a rectangle wider than %d or a format of 8 bits per pixel", maxTightWidth)
	errDamagedJPEG  = errors.New("damaged JPEG")
	errLargeJPEG    = fmt.Errorf("JPEG of more than %dx%d pixels", maxTightWidth, maxTightWidth)
	errNoJPEG       = errors.New("not a JPEG of the rectangle's size")
)

// tightDecoder is what a Decoder keeps for the Tight encoding.
type tightDecoder struct {
	streams [tightStreams]inflater
	jpeg    jpegCodec
	before  []int // the gradient filter: three values a pixel of the row above
	short   [minTightZlib]byte
}

// decodeTight reads a rectangle of Tight or TightPNG (rfbproto).
func (d *Decoder) decodeTight(br *bufio.Reader, enc Encoding, r image.Rectangle, m *Image) error {
	control, err := br.ReadByte()
	if err != nil {
		return err
	}
	for i := range d.tight.streams {
		if control>>i&1 != 0 {
			d.tight.streams[i].reset()
		}
	}
	switch control &= 0xf0; {
	case control == tightFill:
		var colour [1]uint32
		if err := d.tpixels(br, colour[:]); err != nil {
			return err
		}
		m.fill(r, colour[0])
		return nil
	case control == tightJPEG:
		return d.tightJPEG(br, r, m)
	case enc == EncodingTightPNG && control == tightPNG:
		return d.tightPNG(br, r, m)
	case enc == EncodingTightPNG, control > tightJPEG && control&^tightFilter != tightNoZlib:
		return errTightControl
	}
	filter := byte(filterCopy)
	if control&tightFilter != 0 {
		if filter, err = br.ReadByte(); err != nil {
			return err
		}
	}
	z := &d.tight.streams[control>>4&(tightStreams-1)]
	if control >= tightNoZlib {
		z = nil
	}
	switch filter {
	case filterCopy:
		return d.tightCopy(br, z, r, m)
	case filterPalette:
		return d.tightPalette(br, z, r, m)
	case filterGradient:
		return d.tightGradient(br, z, r, m)
	}
	return errTightFilter
}

// tpixelSize is the size of a pixel in Tight: TPIXEL.
func (d *Decoder) tpixelSize() int {
	if d.unpack.format.tpixel() {
		return 3
	}
	return d.unpack.size
}

// tpixelRow sets dst from as many TPIXELs.
func (d *Decoder) tpixelRow(dst []uint32, src []byte) {
	if d.unpack.format.tpixel() {
		rgb(dst, src)
	} else {
		d.unpack.row(dst, src, d.unpack.size, 0)
	}
}

func (d *Decoder) tpixels(br *bufio.Reader, dst []uint32) error {
	n := len(dst) * d.tpixelSize()
	d.buf = grown(d.buf, n)
	if _, err := io.ReadFull(br, d.buf[:n]); err != nil {
		return err
	}
	d.tpixelRow(dst, d.buf)
	return nil
}

// compactLength reads a length of one to three bytes.
func compactLength(br *bufio.Reader) (int, error) {
	n := 0
	for shift := 0; ; shift += 7 {
		b, err := br.ReadByte()
		if err != nil {
			return 0, err
		}
		if shift == 14 {
			return n | int(b)<<shift, nil
		}
		n |= int(b&0x7f) << shift
		if b&0x80 == 0 {
			return n, nil
		}
	}
}

func (d *Decoder) tightJPEG(br *bufio.Reader, r image.Rectangle, m *Image) error {
	if d.unpack.size == 1 {
		return errTightJPEG
	}
	if r.Empty() {
		return errNoJPEG
	}
	// A JPEG of 500 scans takes as much time as 500 of one, and the memory of all its coefficients: servers send small ones.
	if r.Dx()*r.Dy() > maxTightWidth*maxTightWidth {
		return errLargeJPEG
	}
	n, err := compactLength(br)
	if err != nil {
		return err
	}
	d.buf = grown(d.buf, n)
	if _, err := io.ReadFull(br, d.buf[:n]); err != nil {
		return err
	}
	return d.tight.jpeg.decompress(d.buf[:n], m, r)
}

// rows gives the rows of a rectangle, from a zlib stream or bare.
type rows struct {
	z    *inflater     // nil: none
	br   *bufio.Reader // nil, and z too: all of them are in bare
	bare []byte
	size int
}

func (d *Decoder) tightRows(br *bufio.Reader, z *inflater, size, n int) (rows, error) {
	total := size * n
	if total < minTightZlib {
		bare := d.tight.short[:total]
		_, err := io.ReadFull(br, bare)
		return rows{bare: bare, size: size}, err
	}
	length, err := compactLength(br)
	if err != nil {
		return rows{}, err
	}
	if z == nil {
		if length != total {
			return rows{}, errTightLength
		}
		d.buf = grown(d.buf, size)
		return rows{br: br, bare: d.buf[:size], size: size}, nil
	}
	if length > maxZlibLength(total) {
		return rows{}, errZlibLength
	}
	z.begin(br, length)
	return rows{z: z, size: size}, nil
}

func (s *rows) next() ([]byte, error) {
	if s.z != nil {
		return s.z.take(s.size)
	}
	if s.br != nil {
		_, err := io.ReadFull(s.br, s.bare)
		return s.bare, err
	}
	row := s.bare[:s.size]
	s.bare = s.bare[s.size:]
	return row, nil
}

func (s *rows) end() error {
	if s.z != nil {
		return s.z.end()
	}
	return nil
}

func (d *Decoder) tightCopy(br *bufio.Reader, z *inflater, r image.Rectangle, m *Image) error {
	rows, err := d.tightRows(br, z, r.Dx()*d.tpixelSize(), r.Dy())
	if err != nil {
		return err
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row, err := rows.next()
		if err != nil {
			return err
		}
		d.tpixelRow(m.Row(r.Min.X, r.Max.X, y), row)
	}
	return rows.end()
}

func (d *Decoder) tightPalette(br *bufio.Reader, z *inflater, r image.Rectangle, m *Image) error {
	last, err := br.ReadByte()
	if err != nil {
		return err
	}
	n := int(last) + 1
	if n < 2 {
		return errPaletteSize
	}
	var colours [maxPalette]uint32
	if err := d.tpixels(br, colours[:n]); err != nil {
		return err
	}
	size := r.Dx()
	if n == 2 {
		size = (r.Dx() + 7) / 8
	}
	rows, err := d.tightRows(br, z, size, r.Dy())
	if err != nil {
		return err
	}
	for i := n; i < maxPalette; i++ {
		colours[i] = noColour
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row, err := rows.next()
		if err != nil {
			return err
		}
		if n == 2 {
			paintBits(m.Row(r.Min.X, r.Max.X, y), row, colours[0], colours[1])
		} else if !paintIndices(m.Row(r.Min.X, r.Max.X, y), row, &colours) {
			return errPaletteIndex
		}
	}
	return rows.end()
}

// noColour fills the palette's places that are not in use: a pixel has nothing in its top byte.
const noColour = 1 << 31

// paintIndices returns false when an index is that of no colour.
func paintIndices(dst []uint32, indices []byte, colours *[maxPalette]uint32) bool {
	seen := uint32(0)
	for i, at := range indices[:len(dst)] {
		px := colours[at]
		seen |= px
		dst[i] = px
	}
	return seen < noColour
}

// paintBits sets dst from one bit a pixel, the leftmost in the highest.
func paintBits(dst []uint32, src []byte, zero, one uint32) {
	both := zero ^ one
	for len(dst) >= 8 {
		b, out := uint32(src[0]), (*[8]uint32)(dst)
		out[0] = zero ^ both&-(b>>7)
		out[1] = zero ^ both&-(b>>6&1)
		out[2] = zero ^ both&-(b>>5&1)
		out[3] = zero ^ both&-(b>>4&1)
		out[4] = zero ^ both&-(b>>3&1)
		out[5] = zero ^ both&-(b>>2&1)
		out[6] = zero ^ both&-(b>>1&1)
		out[7] = zero ^ both&-(b&1)
		dst, src = dst[8:], src[1:]
	}
	for i := range dst {
		dst[i] = zero ^ both&-(uint32(src[0])>>(7-i)&1)
	}
}

// tightGradient undoes the gradient filter: each value is what left plus above minus above left foretell, cut to
// the colour's range, plus what is sent.
func (d *Decoder) tightGradient(br *bufio.Reader, z *inflater, r image.Rectangle, m *Image) error {
	f := d.unpack.format
	if r.Dx() > maxTightWidth || f.BitsPerPixel < 16 {
		return errGradient
	}
	if f.tpixel() { // three bytes, red first, are a format as well
		f = PixelFormat{BitsPerPixel: 32, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, GreenShift: 8, BlueShift: 16}
	}
	rows, err := d.tightRows(br, z, r.Dx()*d.tpixelSize(), r.Dy())
	if err != nil {
		return err
	}
	g := &d.tight
	g.before = grown(g.before, 3*maxTightWidth)
	clear(g.before)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row, err := rows.next()
		if err != nil {
			return err
		}
		gradientRow(m.Row(r.Min.X, r.Max.X, y), row, d.tpixelSize(), f, g.before)
	}
	return rows.end()
}

func gradientRow(dst []uint32, src []byte, size int, f PixelFormat, above []int) {
	most := [3]int{int(f.RedMax), int(f.GreenMax), int(f.BlueMax)}
	shift := [3]uint8{f.RedShift, f.GreenShift, f.BlueShift}
	var left, corner [3]int
	for x := range dst {
		wire := uint32(0)
		for i, b := range src[x*size : (x+1)*size] {
			wire |= uint32(b) << (8 * i)
		}
		v := f.onWire(wire)
		px := uint32(0)
		for c := range 3 {
			up := above[3*x+c]
			left[c] = (min(max(left[c]+up-corner[c], 0), most[c]) + int(v>>shift[c])) & most[c]
			corner[c] = up
			above[3*x+c] = left[c]
			px = px<<8 | scale(uint32(left[c]), uint32(most[c]), 255)
		}
		dst[x] = px
	}
}
