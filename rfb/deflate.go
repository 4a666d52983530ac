package rfb

import "github.com/klauspost/compress/flate"

// deflater writes one zlib stream (RFC 1950, 1951) in pieces, one a rectangle, each flushed to a whole byte.
// Its memory, most of a megabyte, comes with the first piece.
type deflater struct {
	w       *flate.Writer // of level, which looks for repetitions
	level   int
	huffman *flate.Writer // of huffmanOnly
	latest  int           // the level of what was written last
	begun   bool
	out     sink
}

// huffmanOnly is the level for pixels of photos: repetitions are rare there, and when klauspost's fast levels find
// none they store the bytes as they are.
const huffmanOnly = flate.HuffmanOnly

// sink appends what is written to it.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

func (s *sink) WriteByte(c byte) error {
	s.b = append(s.b, c)
	return nil
}

// begin starts a piece that is appended to dst.
func (d *deflater) begin(dst []byte) {
	d.out.b = dst
	if !d.begun {
		d.begun = true
		d.latest = huffmanOnly
		d.out.b = append(d.out.b, 0x78, 0x01) // deflate, 32 KiB window, fastest
	}
}

// write adds data to the piece. Another level than that of the data before begins without memory of it, which the
// viewer cannot tell.
func (d *deflater) write(data []byte, level int) {
	if len(data) == 0 {
		return
	}
	if level != d.latest {
		d.writer().Flush()
		d.latest = level
		if w := d.writer(); level != huffmanOnly {
			w.Reset(&d.out)
		}
	}
	d.writer().Write(data) // a sink takes everything
}

// writer returns the writer of the latest level.
func (d *deflater) writer() *flate.Writer {
	if d.latest == huffmanOnly {
		if d.huffman == nil {
			d.huffman, _ = flate.NewWriter(&d.out, huffmanOnly) // the levels are ours: no error
		}
		return d.huffman
	}
	if d.w == nil || d.level != d.latest {
		d.level = d.latest
		d.w, _ = flate.NewWriter(&d.out, d.level)
	}
	return d.w
}

// end flushes the piece and returns dst with it.
func (d *deflater) end() []byte {
	d.writer().Flush()
	dst := d.out.b
	d.out.b = nil
	return dst
}

// append adds data as one piece.
func (d *deflater) append(dst, data []byte, level int) []byte {
	d.begin(dst)
	d.write(data, level)
	return d.end()
}

// zlibLevels are zlib's for palette indices, for bitmaps and for full colour, by the viewer's compression level.
var zlibLevels = [10]struct{ indexed, mono, full int }{
	{0, 0, 0}, {1, 1, 1}, {3, 3, 2}, {5, 5, 2}, {6, 7, 3}, {7, 8, 4}, {7, 8, 5}, {8, 9, 6}, {9, 9, 7}, {9, 9, 9},
}

const defaultLevel = 2

// photoLevel is zlib's for the pixels of photos: nothing is gained by looking for repetitions, and at the viewer's
// levels 0 and 1 not even by Huffman codes, which save a tenth.
func photoLevel(level int) int {
	if level < defaultLevel {
		return zlibLevels[level].full
	}
	return huffmanOnly
}
