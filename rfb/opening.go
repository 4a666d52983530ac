package rfb

import (
	"image"
	"slices"
)

// Nothing that an Encoder codes depends on what it coded before, but for the two bytes with which a zlib stream begins.
// Once a viewer has those, rectangles may come from several Encoders, in any order, and go to other viewers as well.

// OpeningPixels is how many pixels an opening takes.
const OpeningPixels = minTightZlib // of one byte each

// IsOpen tells whether all the zlib streams of enc have begun.
func (e *Encoder) IsOpen(enc Encoding) bool {
	return !slices.ContainsFunc(e.streams(enc), func(d deflater) bool { return !d.begun })
}

// AppendOpening adds the first pixels of m, OpeningPixels in its first row, as rectangles that begin the zlib streams of
// enc that have not begun, and says how many. Other Encoders whose Opened is set may then go on.
func (e *Encoder) AppendOpening(dst []byte, enc Encoding, m *Image) (out []byte, rects int) {
	e.pack.use(e.Format)
	r := image.Rectangle{m.Rect.Min, m.Rect.Min.Add(image.Pt(OpeningPixels, 1))}
	for i := range e.streams(enc) {
		switch {
		case e.streams(enc)[i].begun:
			continue
		case enc == EncodingTight:
			dst = e.appendTightFull(appendHeader(dst, r, enc), e.quantised(e.shown(m, r), r), r, i, zlibLevels[e.level()].full)
		case enc == EncodingZRLE:
			dst = e.appendZRLE(appendHeader(dst, r, enc), m, r)
		default:
			dst = e.appendZlib(appendHeader(dst, r, enc), m, r)
		}
		rects++
	}
	return dst, rects
}

// streams are the zlib streams of an encoding, as the viewer takes it now.
func (e *Encoder) streams(enc Encoding) []deflater {
	switch {
	case enc == EncodingTight && !e.bare():
		return e.tight.streams[:]
	case enc == EncodingZRLE:
		return e.zrle.stream[:]
	case enc == EncodingZlib:
		return e.zlib[:]
	}
	return nil
}

// open says that all streams have begun.
func (e *Encoder) open(enc Encoding) {
	streams := e.streams(enc)
	for i := range streams {
		streams[i].begun = true
	}
}
