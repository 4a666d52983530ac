package rfb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// Decoder reads what an Encoder writes. Its zlib streams live as long as the connection, and its Format may change
// between calls. The zero Decoder is ready for native pixels. After an error the connection is of no more use.
// Not for concurrent use.
type Decoder struct {
	Format  PixelFormat // zero: Native
	Colours [256]uint32 // what pixels mean without true colour, 0x00RRGGBB: set from SetColourMapEntries

	unpack unpacker
	buf    []byte   // scratch: bytes of a row, or of a JPEG
	tile   []uint32 // scratch: pixels of a tile

	tight      tightDecoder
	trle       trleDecoder
	jpeg       jpegReader
	zrle, zlib inflater
}

var (
	errEncoding = errors.New("not an encoding that was asked for")
	errOutside  = errors.New("rectangle outside of the framebuffer")
	errSource   = errors.New("copied from outside of the framebuffer")
)

// Decode reads the data of one rectangle, whose header has been read, and paints it on m.
func (d *Decoder) Decode(br *bufio.Reader, enc Encoding, r image.Rectangle, m *Image) error {
	err := d.decode(br, enc, r, m)
	if err == io.EOF { // inside of a rectangle no end is expected
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("rectangle %v of encoding %d: %w", r, enc, err)
	}
	return nil
}

func (d *Decoder) decode(br *bufio.Reader, enc Encoding, r image.Rectangle, m *Image) error {
	if r != r.Canon() || r.Min.X < m.Rect.Min.X || r.Min.Y < m.Rect.Min.Y || r.Max.X > m.Rect.Max.X || r.Max.Y > m.Rect.Max.Y {
		return errOutside
	}
	d.unpack.use(d.Format, &d.Colours)
	switch enc {
	case EncodingRaw:
		return d.decodeRaw(br, r, m)
	case EncodingCopyRect:
		return d.decodeCopyRect(br, r, m)
	case EncodingRRE, EncodingCoRRE:
		return d.decodeRRE(br, enc, r, m)
	case EncodingHextile:
		return d.decodeHextile(br, r, m)
	case EncodingZlib:
		return d.decodeZlib(br, r, m)
	case EncodingTight, EncodingTightPNG:
		return d.decodeTight(br, enc, r, m)
	case EncodingTRLE:
		return d.decodeTRLE(br, r, m)
	case EncodingJPEG:
		return d.decodeJPEG(br, r, m)
	case EncodingZRLE:
		return d.decodeZRLE(br, r, m)
	}
	return errEncoding
}

func (d *Decoder) decodeRaw(br *bufio.Reader, r image.Rectangle, m *Image) error {
	d.buf = grown(d.buf, r.Dx()*d.unpack.size)
	row := d.buf[:r.Dx()*d.unpack.size]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		if _, err := io.ReadFull(br, row); err != nil {
			return err
		}
		d.unpack.row(m.Row(r.Min.X, r.Max.X, y), row, d.unpack.size, 0)
	}
	return nil
}

func (d *Decoder) decodeCopyRect(br *bufio.Reader, r image.Rectangle, m *Image) error {
	d.buf = grown(d.buf, 4)
	if _, err := io.ReadFull(br, d.buf[:4]); err != nil {
		return err
	}
	from := image.Pt(int(binary.BigEndian.Uint16(d.buf)), int(binary.BigEndian.Uint16(d.buf[2:])))
	source := r.Add(from.Sub(r.Min))
	if !source.In(m.Rect) {
		return errSource
	}
	if !r.Empty() {
		m.move(r, from)
	}
	return nil
}
