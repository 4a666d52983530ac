package rfb

import "image"

// A Tight rectangle begins with a compression control byte (rfbproto, Tight encoding).
const (
	tightFill   = 0x80 // pixel
	tightJPEG   = 0x90 // length, JPEG
	tightNoZlib = 0xa0 // length, data: as it would go into a zlib stream (rfbproto, Tight without zlib)
	tightFilter = 0x40 // a filter's number follows

	filterCopy     = 0 // pixels
	filterPalette  = 1 // colours-1, the colours, then bits or indices
	filterGradient = 2 // differences from what the pixels above and to the left foretell

	streamFull    = 0 // the zlib stream of full colour
	streamBitmap  = 1 // of two colours
	streamIndices = 2 // of palette indices
	streamPhoto   = 3 // of full colour where repetitions are not looked for
	tightStreams  = 4

	minTightZlib = 12 // bytes; fewer are sent as they are, without a length
)

// tightEncoder is what an Encoder keeps for the Tight encoding.
type tightEncoder struct {
	tiling
	streams [tightStreams]deflater
	quant   Image                 // the band in wire pixels, where the format has fewer colours than an Image
	grey    Image                 // the band without colour
	black   [maxTightWidth]uint32 // what the gradient filter has above the first row
	jpeg    jpegCodec
}

// appendTight adds r as rectangles of one kind of content each.
func (e *Encoder) appendTight(dst []byte, m *Image, r image.Rectangle) (out []byte, rects int) {
	t := &e.tight
	for y := r.Min.Y; y < r.Max.Y; y += bandRows {
		band := image.Rect(r.Min.X, y, r.Max.X, min(y+bandRows, r.Max.Y))
		m := e.shown(m, band)
		px := e.quantised(m, band)
		t.classify(px, m, band, shades{e.lossy(), e.gradient()})
		for at, class := range t.rects() {
			dst = e.appendTightRect(dst, px, m, at, class)
			rects++
		}
		for _, at := range t.exact {
			dst = e.appendTightExact(appendHeader(dst, at, EncodingTight), px, at)
			rects++
		}
	}
	return dst, rects
}

// lossy tells whether the viewer takes JPEG, which Tight has for pixels of 16 and 32 bits.
func (e *Encoder) lossy() bool {
	return e.JPEG.Quality > 0 && e.pack.size > 1 && e.pack.format.TrueColour
}

// shown returns the band's pixels as the viewer wants them: those of m or, if it wants no colour, greys.
func (e *Encoder) shown(m *Image, band image.Rectangle) *Image {
	if e.JPEG.Sampling != SamplingGrey {
		return m
	}
	g := &e.tight.grey
	g.Pix, g.Stride, g.Rect = grown(g.Pix, band.Dx()*band.Dy()), band.Dx(), band
	for y := band.Min.Y; y < band.Max.Y; y++ {
		greys(g.Row(band.Min.X, band.Max.X, y), m.Row(band.Min.X, band.Max.X, y))
	}
	return g
}

// gradient tells whether the gradient filter is of use: without compression it is not.
func (e *Encoder) gradient() bool { return e.Gradient && e.pack.format.tpixel() && e.level() > 0 }

// quantised returns the band's pixels as the viewer will tell them apart: those of m or, if the format has fewer
// colours, wire pixels.
func (e *Encoder) quantised(m *Image, band image.Rectangle) *Image {
	if e.pack.format.is888() {
		return m
	}
	q := &e.tight.quant
	q.Pix, q.Stride, q.Rect = grown(q.Pix, band.Dx()*band.Dy()), band.Dx(), band
	for y := band.Min.Y; y < band.Max.Y; y++ {
		e.pack.row(q.Row(band.Min.X, band.Max.X, y), m.Row(band.Min.X, band.Max.X, y))
	}
	return q
}

// appendTightRect adds r as one rectangle. The colours of a solid rectangle or one of few are in the palette.
func (e *Encoder) appendTightRect(dst []byte, px, m *Image, r image.Rectangle, class tileClass) []byte {
	dst = appendHeader(dst, r, EncodingTight)
	level := zlibLevels[e.level()]
	switch p := &e.tight.palette; {
	case class == photo:
		if e.lossy() {
			if out, err := e.appendTightJPEG(dst, m, r); err == nil {
				return out
			}
		}
		return e.appendTightExact(dst, px, r)
	case class == soft:
		return e.appendTightGradient(dst, px, r, streamFull, softLevel)
	case class == many:
		return e.appendTightFull(dst, px, r, streamFull, level.full)
	case p.n == 1:
		return e.appendTPixels(append(dst, tightFill), p.colours[:1])
	case p.n == 2:
		return e.appendTightBitmap(dst, px, r, level.mono)
	default:
		return e.appendTightIndices(dst, px, r, level.indexed)
	}
}

// appendTPixels adds pixels of quantised: as TPIXEL, three bytes, where the format allows that.
func (e *Encoder) appendTPixels(dst []byte, px []uint32) []byte {
	switch {
	case e.pack.format.tpixel():
		return appendRGB(dst, px)
	case e.pack.format.is888():
		e.wire = grown(e.wire, len(px))
		px = e.pack.row(e.wire, px)
	}
	return appendPixels(dst, px, e.pack.size, 0)
}

func (e *Encoder) appendTightFull(dst []byte, px *Image, r image.Rectangle, stream, level int) []byte {
	dst = append(dst, e.basic(stream))
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		e.buf = e.appendTPixels(e.buf, px.Row(r.Min.X, r.Max.X, y))
	}
	return e.appendTightData(dst, stream, level)
}

// appendTightExact adds a photo without loss.
func (e *Encoder) appendTightExact(dst []byte, px *Image, r image.Rectangle) []byte {
	if e.gradient() {
		return e.appendTightGradient(dst, px, r, streamPhoto, huffmanOnly)
	}
	return e.appendTightFull(dst, px, r, streamPhoto, photoLevel(e.level()))
}

func (e *Encoder) appendTightGradient(dst []byte, px *Image, r image.Rectangle, stream, level int) []byte {
	dst = append(dst, byte(stream<<4|tightFilter), filterGradient)
	e.buf = e.buf[:0]
	above := e.tight.black[:r.Dx()]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := px.Row(r.Min.X, r.Max.X, y)
		e.buf = appendGradient(e.buf, row, above)
		above = row
	}
	return e.appendTightData(dst, stream, level)
}

func (e *Encoder) appendTightBitmap(dst []byte, px *Image, r image.Rectangle, level int) []byte {
	dst = append(dst, e.basic(streamBitmap)|tightFilter, filterPalette, 1)
	dst = e.appendTPixels(dst, e.tight.palette.colours[:2])
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		e.buf = e.tight.palette.appendBits(e.buf, px.Row(r.Min.X, r.Max.X, y))
	}
	return e.appendTightData(dst, streamBitmap, level)
}

func (e *Encoder) appendTightIndices(dst []byte, px *Image, r image.Rectangle, level int) []byte {
	p := &e.tight.palette
	dst = append(dst, e.basic(streamIndices)|tightFilter, filterPalette, byte(p.n-1))
	dst = e.appendTPixels(dst, p.colours[:p.n])
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		e.buf = p.appendIndices(e.buf, px.Row(r.Min.X, r.Max.X, y))
	}
	return e.appendTightData(dst, streamIndices, level)
}

// basic returns the compression control byte of data for a zlib stream.
func (e *Encoder) basic(stream int) byte {
	if e.bare() {
		return tightNoZlib
	}
	return byte(stream << 4)
}

// bare tells whether data goes without zlib: where that would not make it shorter.
func (e *Encoder) bare() bool { return e.NoZlib && e.level() == 0 }

// appendTightData adds e.buf through a zlib stream, with its length, or bare when it is short.
func (e *Encoder) appendTightData(dst []byte, stream, level int) []byte {
	if len(e.buf) < minTightZlib {
		return append(dst, e.buf...)
	}
	at := len(dst)
	dst = append(dst, 0, 0, 0) // room for the longest length
	if e.bare() {
		return setCompactLength(append(dst, e.buf...), at)
	}
	return setCompactLength(e.tight.streams[stream].append(dst, e.buf, level), at)
}

// setCompactLength writes the length of what follows the three bytes at dst[at:] there, in one to three bytes of
// which the lower seven bits count and the highest of which says that another follows, and closes the gap.
func setCompactLength(dst []byte, at int) []byte {
	data := dst[at+3:]
	n, size := len(data), 1
	switch {
	case n < 1<<7:
		dst[at] = byte(n)
	case n < 1<<14:
		dst[at], dst[at+1], size = byte(n)|0x80, byte(n>>7), 2
	default:
		dst[at], dst[at+1], dst[at+2], size = byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14), 3
	}
	return dst[:at+size+copy(dst[at+size:], data)]
}

func (e *Encoder) appendTightJPEG(dst []byte, m *Image, r image.Rectangle) ([]byte, error) {
	at := len(dst) + 1
	dst, err := e.tight.jpeg.compress(append(dst, tightJPEG, 0, 0, 0), m, r, e.JPEG)
	if err != nil || len(dst)-at-3 > maxTightLength {
		return nil, errNoJPEG
	}
	e.Lossy = append(e.Lossy, r)
	return setCompactLength(dst, at), nil
}
