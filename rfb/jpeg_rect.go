package rfb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"slices"
)

// A rectangle of EncodingJPEG is one JPEG, without a length. It may leave out all of its Huffman tables or all of its
// quantization tables: then they are those of the one before (rfbproto, JPEG encoding). The markers that matter here,
// each after 0xff (ITU T.81 §B.1.1.3):
const (
	jpegDHT  = 0xc4 // Huffman tables
	jpegRST0 = 0xd0 // up to 0xd7: inside of a scan
	jpegSOI  = 0xd8 // the image begins
	jpegEOI  = 0xd9 // and ends
	jpegSOS  = 0xda // a scan, after which come its data
	jpegDQT  = 0xdb // quantization tables
	jpegTEM  = 0x01
)

// jpegTables are the segments of Huffman and of quantization tables of a JPEG, each with its marker.
type jpegTables struct{ huffman, quant []byte }

// of returns where segments with a marker belong; nil: they are no tables.
func (t *jpegTables) of(marker byte) *[]byte {
	switch marker {
	case jpegDHT:
		return &t.huffman
	case jpegDQT:
		return &t.quant
	}
	return nil
}

// jpegRects is what an Encoder keeps for EncodingJPEG.
type jpegRects struct{ sent, now jpegTables }

// appendBesideJPEG adds the photos of r as EncodingJPEG and the rest in enc.
func (e *Encoder) appendBesideJPEG(dst []byte, enc Encoding, m *Image, r image.Rectangle) (out []byte, rects int) {
	t := &e.tight
	for y := r.Min.Y; y < r.Max.Y; y += bandRows {
		band := image.Rect(r.Min.X, y, r.Max.X, min(y+bandRows, r.Max.Y))
		m := e.shown(m, band)
		t.classify(e.quantised(m, band), m, band, shades{lossy: true})
		for i := range t.across * t.down {
			if t.tiles[i].taken {
				continue
			}
			n := 1
			if t.tiles[i].class == photo {
				at := t.grow(photo, i)
				t.take(i, at)
				dst = e.appendJPEG(dst, m, at)
			} else {
				at := t.growOther(i)
				t.take(i, at)
				dst, n = e.append(dst, enc, m, at)
			}
			rects += n
		}
		for _, at := range t.exact {
			var n int
			dst, n = e.append(dst, enc, m, at)
			rects += n
		}
	}
	return dst, rects
}

// growOther finds the tiles from tile i on, to the right and then down, that are no photos.
func (t *tiling) growOther(i int) image.Rectangle {
	free := func(i, n int) bool {
		for _, at := range t.tiles[i : i+n] {
			if at.taken || at.class == photo {
				return false
			}
		}
		return true
	}
	across, down := 1, 1
	for i%t.across+across < t.across && free(i+across, 1) {
		across++
	}
	for i/t.across+down < t.down && free(i+down*t.across, across) {
		down++
	}
	return t.place(i%t.across, i/t.across, across, down)
}

func (e *Encoder) appendJPEG(dst []byte, m *Image, r image.Rectangle) []byte {
	at := len(dst) + rectHeader
	out, err := e.tight.jpeg.compress(appendHeader(dst, r, EncodingJPEG), m, r, e.JPEG)
	if err != nil {
		return e.appendRaw(appendHeader(dst, r, EncodingRaw), m, r)
	}
	e.Lossy = append(e.Lossy, r)
	return out[:at+e.jpeg.leaveOut(out[at:])]
}

// leaveOut takes the tables that the viewer has out of a JPEG of ours, and returns its new length.
func (j *jpegRects) leaveOut(b []byte) int {
	j.now.huffman, j.now.quant = j.now.huffman[:0], j.now.quant[:0]
	eachSegment(b, func(marker byte, segment []byte) {
		if t := j.now.of(marker); t != nil {
			*t = append(*t, segment...)
		}
	})
	known := func(marker byte) bool { return bytes.Equal(*j.now.of(marker), *j.sent.of(marker)) }
	hasHuffman, hasQuant := known(jpegDHT), known(jpegDQT)
	n := 2
	scan := eachSegment(b, func(marker byte, segment []byte) { // n is never beyond segment
		if !(marker == jpegDHT && hasHuffman) && !(marker == jpegDQT && hasQuant) {
			n += copy(b[n:], segment)
		}
	})
	n += copy(b[n:], b[scan:])
	j.sent, j.now = j.now, j.sent
	return n
}

// eachSegment calls f for each segment of a JPEG of ours up to the scan.
func eachSegment(b []byte, f func(marker byte, segment []byte)) (scan int) {
	at := 2
	for b[at+1] != jpegSOS {
		size := 2 + int(binary.BigEndian.Uint16(b[at+2:]))
		f(b[at+1], b[at:at+size])
		at += size
	}
	return at
}

// jpegReader is what a Decoder keeps for EncodingJPEG.
type jpegReader struct {
	data        []byte     // of the JPEG at hand
	own, before jpegTables // its own tables, and those of the last that had some
}

const maxJPEGTables = 8 << 10 // bytes of each kind: four of the largest take a quarter

// maxJPEGLength is what a JPEG of so many pixels may take: more than any that is worth sending, and some for its tables.
func maxJPEGLength(pixels int) int { return 6*pixels + 128<<10 }

var (
	errJPEGMarker = errors.New("JPEG segment without a marker")
	errJPEGLength = errors.New("JPEG longer than its pixels can need")
)

func (d *Decoder) decodeJPEG(br *bufio.Reader, r image.Rectangle, m *Image) error {
	if r.Empty() {
		return errNoJPEG
	}
	area := r.Dx() * r.Dy()
	if area > maxTightWidth*maxTightWidth {
		return errLargeJPEG
	}
	if err := d.jpeg.read(br, maxJPEGLength(area)); err != nil {
		return err
	}
	return d.tight.jpeg.decompress(d.jpeg.data, m, r)
}

// read reads a JPEG of at most so many bytes into j.data, and puts the tables before its first scan that it leaves out.
func (j *jpegReader) read(br *bufio.Reader, most int) error {
	j.data = j.data[:0]
	j.own.huffman, j.own.quant = j.own.huffman[:0], j.own.quant[:0]
	scans := 0
	err := j.take(br, 2)
	for err == nil {
		at := len(j.data) - 2
		marker := j.data[at+1]
		switch {
		case j.data[at] != 0xff:
			return errJPEGMarker
		case marker == jpegEOI:
			j.keep()
			return nil
		case marker == jpegTEM || marker >= jpegRST0 && marker <= jpegSOI: // without a segment
			err = j.take(br, 2)
		default:
			if err = j.takeSegment(br); err != nil {
				return err
			}
			if t := j.own.of(marker); t != nil {
				if *t = append(*t, j.data[at:]...); len(*t) > maxJPEGTables {
					return errDamagedJPEG
				}
			}
			if marker != jpegSOS {
				err = j.take(br, 2)
				break
			}
			if scans++; scans == 1 {
				j.insert(at)
			}
			err = j.takeScan(br, most)
		}
		if err == nil && len(j.data) > most {
			return errJPEGLength
		}
	}
	return err
}

// insert puts the tables that the JPEG has not itself before the scan at data[at:].
func (j *jpegReader) insert(at int) {
	if len(j.own.quant) == 0 {
		j.data = slices.Insert(j.data, at, j.before.quant...)
	}
	if len(j.own.huffman) == 0 {
		j.data = slices.Insert(j.data, at, j.before.huffman...)
	}
}

// keep remembers the tables for the next.
func (j *jpegReader) keep() {
	if len(j.own.huffman) > 0 {
		j.own.huffman, j.before.huffman = j.before.huffman, j.own.huffman
	}
	if len(j.own.quant) > 0 {
		j.own.quant, j.before.quant = j.before.quant, j.own.quant
	}
}

// take adds the next n bytes to data.
func (j *jpegReader) take(br *bufio.Reader, n int) error {
	at := len(j.data)
	j.data = extend(j.data, n)
	_, err := io.ReadFull(br, j.data[at:])
	return err
}

// takeSegment adds what follows a marker: a length, which counts itself, and as much.
func (j *jpegReader) takeSegment(br *bufio.Reader) error {
	if err := j.take(br, 2); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(j.data[len(j.data)-2:]))
	if n < 2 {
		return errDamagedJPEG
	}
	return j.take(br, n-2)
}

// takeScan adds the data of a scan and the marker after it.
func (j *jpegReader) takeScan(br *bufio.Reader, most int) error {
	for len(j.data) <= most {
		piece, err := br.ReadSlice(0xff)
		j.data = append(j.data, piece...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return err
		}
		b, err := br.ReadByte()
		if err != nil {
			return err
		}
		j.data = append(j.data, b)
		if b != 0 && (b < jpegRST0 || b >= jpegSOI) { // those belong to the data
			return nil
		}
	}
	return errJPEGLength
}
