package rfb

import (
	"encoding/binary"
	"image"
)

// Encoder codes rectangles for one viewer. Its zlib streams live as long as the connection. The zero Encoder is
// ready for native pixels, without loss and without compression. Not for concurrent use.
type Encoder struct {
	Format   PixelFormat       // may change between calls; zero: Native
	JPEG     JPEG              // of photos, where the encoding has JPEG; may change between calls
	Level    int               // compression level 0..9; below 0: 2
	NoZlib   bool              // the viewer takes Tight without zlib, which it is sent at level 0
	Gradient bool              // the viewer knows Tight's gradient filter: see SetEncodings.Gradient
	Photos   bool              // the viewer takes EncodingJPEG: photos go so, if JPEG has a quality, beside an encoding without
	Opened   bool              // another Encoder has begun the viewer's zlib streams: see AppendOpening
	Lossy    []image.Rectangle // Append adds those that it coded with loss; the caller empties it

	pack   packer
	wire   []uint32 // scratch: a row or tile of wire pixels
	buf    []byte   // scratch: what goes into a zlib stream
	narrow []byte   // scratch: pixels on their way back from the wire

	tight   tightEncoder
	zrle    zrleEncoder
	trle    trleEncoder
	zlib    [1]deflater
	hextile hextileEncoder
	png     pngEncoder
	jpeg    jpegRects
}

// Append adds r of m, which is cut to m.Rect, to dst as one or several complete rectangles, header and data,
// in encoding enc and says how many. An encoding that is not one of pixels, or that we do not have, is sent as Raw.
func (e *Encoder) Append(dst []byte, enc Encoding, m *Image, r image.Rectangle) (out []byte, rects int) {
	if r = r.Intersect(m.Rect); r.Empty() {
		return dst, 0
	}
	e.pack.use(e.Format)
	if e.Opened {
		e.open(enc)
	}
	if e.Photos && e.lossy() && enc != EncodingTight && enc != EncodingTightPNG {
		return e.appendBesideJPEG(dst, enc, m, r)
	}
	return e.append(dst, enc, m, r)
}

func (e *Encoder) append(dst []byte, enc Encoding, m *Image, r image.Rectangle) (out []byte, rects int) {
	switch enc {
	case EncodingTight:
		return e.appendTight(dst, m, r)
	case EncodingTightPNG:
		return e.appendTightPNG(dst, m, r)
	case EncodingRRE, EncodingCoRRE:
		return e.appendRRE(dst, enc, m, r)
	case EncodingHextile:
		return e.appendHextile(appendHeader(dst, r, enc), m, r), 1
	case EncodingZlib:
		return e.appendZlib(appendHeader(dst, r, enc), m, r), 1
	case EncodingTRLE:
		return e.appendTRLE(appendHeader(dst, r, enc), m, r), 1
	case EncodingZRLE:
		return e.appendZRLE(appendHeader(dst, r, enc), m, r), 1
	}
	return e.appendRaw(appendHeader(dst, r, EncodingRaw), m, r), 1
}

// level returns the compression level, 0 to 9.
func (e *Encoder) level() int {
	if e.Level < 0 {
		return defaultLevel
	}
	return min(e.Level, len(zlibLevels)-1)
}

const rectHeader = 12 // bytes

// appendHeader adds the head of a rectangle (RFC 6143 §7.6.1).
func appendHeader(dst []byte, r image.Rectangle, enc Encoding) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Min.X))
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Min.Y))
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Dx()))
	dst = binary.BigEndian.AppendUint16(dst, uint16(r.Dy()))
	return binary.BigEndian.AppendUint32(dst, uint32(enc))
}

// AppendCopyRect adds a rectangle that tells the viewer to copy what it shows at from onto r (RFC 6143 §7.7.2).
func AppendCopyRect(dst []byte, r image.Rectangle, from image.Point) []byte {
	dst = appendHeader(dst, r, EncodingCopyRect)
	dst = binary.BigEndian.AppendUint16(dst, uint16(from.X))
	return binary.BigEndian.AppendUint16(dst, uint16(from.Y))
}

// appendRaw adds the pixels of r as they are (RFC 6143 §7.7.1).
func (e *Encoder) appendRaw(dst []byte, m *Image, r image.Rectangle) []byte {
	e.wire = grown(e.wire, r.Dx())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		dst = appendPixels(dst, e.pack.row(e.wire, m.Row(r.Min.X, r.Max.X, y)), e.pack.size, 0)
	}
	return dst
}

// grown returns s with a length of n at least; its content is lost when it grows, to more than is asked for.
func grown[T any](s []T, n int) []T {
	if len(s) < n {
		return make([]T, n+n/4)
	}
	return s
}
