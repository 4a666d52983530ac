package rfb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"io"
)

var errZlibLength = errors.New("more zlib data than the rectangle can need")

// maxZlibLength is what n bytes may take when compressed: far more than any compressor makes of them.
func maxZlibLength(n int) int { return 2*n + 4096 }

// zlibChunk is how much of a rectangle goes into a stream at a time.
const zlibChunk = 32 << 10

// appendZlib adds Raw's pixels through a zlib stream, with a length of four bytes before them (rfbproto, Zlib).
func (e *Encoder) appendZlib(dst []byte, m *Image, r image.Rectangle) []byte {
	at := len(dst)
	e.zlib[0].begin(append(dst, 0, 0, 0, 0))
	level := zlibLevels[e.level()].full
	e.wire = grown(e.wire, r.Dx())
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		e.buf = appendPixels(e.buf, e.pack.row(e.wire, m.Row(r.Min.X, r.Max.X, y)), e.pack.size, 0)
		if len(e.buf) >= zlibChunk {
			e.zlib[0].write(e.buf, level)
			e.buf = e.buf[:0]
		}
	}
	e.zlib[0].write(e.buf, level)
	return setLength(e.zlib[0].end(), at)
}

// setLength writes how many bytes follow the four at dst[at:] into them.
func setLength(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// beginZlib reads the length before a piece of a zlib stream that stands for at most n bytes, and begins it.
func (d *Decoder) beginZlib(br *bufio.Reader, z *inflater, n int) error {
	d.buf = grown(d.buf, 4)
	if _, err := io.ReadFull(br, d.buf[:4]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(d.buf)
	if int64(length) > int64(maxZlibLength(n)) {
		return errZlibLength
	}
	z.begin(br, int(length))
	return nil
}

func (d *Decoder) decodeZlib(br *bufio.Reader, r image.Rectangle, m *Image) error {
	size := r.Dx() * d.unpack.size
	if err := d.beginZlib(br, &d.zlib, size*r.Dy()); err != nil {
		return err
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row, err := d.zlib.take(size)
		if err != nil {
			return err
		}
		d.unpack.row(m.Row(r.Min.X, r.Max.X, y), row, d.unpack.size, 0)
	}
	return d.zlib.end()
}
