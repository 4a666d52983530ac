package rfb

import "github.com/klauspost/compress/flate"

// deflater writes one zlib stream (RFC 1950, 1951) in pieces, one a rectangle, each flushed to a whole byte.
// Its memory, most of a megabyte, comes with the first piece.
type deflater struct {
	w     *flate.Writer
	level int
	begun bool
	out   sink
}

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

// begin starts a piece that is appended to dst. A new level starts without memory of what went before,
// which the viewer cannot tell.
func (d *deflater) begin(dst []byte, level int) {
	d.out.b = dst
	if !d.begun {
		d.begun = true
		d.out.b = append(d.out.b, 0x78, 0x01) // deflate, 32 KiB window, fastest
	}
	if d.w == nil || d.level != level {
		d.level = level
		d.w, _ = flate.NewWriter(&d.out, level) // the levels are ours: no error
	}
}

func (d *deflater) write(data []byte) { d.w.Write(data) } // a sink takes everything

// end flushes the piece and returns dst with it.
func (d *deflater) end() []byte {
	d.w.Flush()
	dst := d.out.b
	d.out.b = nil
	return dst
}

// append adds data as one piece.
func (d *deflater) append(dst, data []byte, level int) []byte {
	d.begin(dst, level)
	d.write(data)
	return d.end()
}

// zlibLevels are zlib's for palette indices, for bitmaps and for full colour, by the viewer's compression level.
var zlibLevels = [10]struct{ indexed, mono, full int }{
	{0, 0, 0}, {1, 1, 1}, {3, 3, 2}, {5, 5, 2}, {6, 7, 3}, {7, 8, 4}, {7, 8, 5}, {8, 9, 6}, {9, 9, 7}, {9, 9, 9},
}

const defaultLevel = 2
