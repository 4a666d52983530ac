package rfb

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// deflater writes one zlib stream (RFC 1950, 1951) in pieces, one a rectangle, each flushed to a whole byte.
//
// A flate.Writer takes a megabyte and a half, and a viewer has up to six streams. So writers belong to nobody: one
// is taken for a piece and begins without memory of those before, which the viewer cannot tell. That costs some
// twenty bytes where a letter is typed and a hundredth of a whole screen.
type deflater struct {
	w     *flate.Writer // while a piece is written
	level int           // of w
	begun bool
	out   sink
}

// idleWriters are those that no deflater has at the moment, by level.
var idleWriters struct {
	sync.Mutex
	of map[int][]*flate.Writer
}

const maxIdleWriters = 4 // of a level: more work at once only for moments

func takeWriter(level int, out *sink) *flate.Writer {
	idleWriters.Lock()
	defer idleWriters.Unlock()
	idle := idleWriters.of[level]
	if len(idle) == 0 {
		w, _ := flate.NewWriter(out, level) // the levels are ours: no error
		return w
	}
	w := idle[len(idle)-1]
	idleWriters.of[level] = idle[:len(idle)-1]
	w.Reset(out)
	return w
}

func leaveWriter(level int, w *flate.Writer) {
	idleWriters.Lock()
	defer idleWriters.Unlock()
	if idleWriters.of == nil {
		idleWriters.of = map[int][]*flate.Writer{}
	}
	if idle := idleWriters.of[level]; len(idle) < maxIdleWriters {
		w.Reset(nil) // it keeps nothing of the viewer's
		idleWriters.of[level] = append(idle, w)
	}
}

// huffmanOnly is the level for pixels of photos: repetitions are rare there, and when klauspost's fast levels find
// none they store the bytes as they are.
const huffmanOnly = flate.HuffmanOnly

// softLevel is zlib's for drawings after the gradient filter: of what is left repetitions are many or none.
const softLevel = 1

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
		d.out.b = append(d.out.b, 0x78, 0x01) // deflate, 32 KiB window, fastest
	}
}

// write adds data to the piece, at a level of its own.
func (d *deflater) write(data []byte, level int) {
	if len(data) == 0 {
		return
	}
	if d.w != nil && d.level != level {
		d.flush()
	}
	if d.w == nil {
		d.w, d.level = takeWriter(level, &d.out), level
	}
	d.w.Write(data) // a sink takes everything
}

func (d *deflater) flush() {
	if d.w != nil {
		d.w.Flush()
		leaveWriter(d.level, d.w)
		d.w = nil
	}
}

// end flushes the piece and returns dst with it.
func (d *deflater) end() []byte {
	d.flush()
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

// zlibLevels are klauspost's for palette indices, for bitmaps and for full colour, by the viewer's compression level.
// At level 2, which viewers ask for unless told otherwise, its 4 makes indices 7 % smaller than its 3 in the same time.
var zlibLevels = [10]struct{ indexed, mono, full int }{
	{0, 0, 0}, {1, 1, 1}, {4, 4, 4}, {5, 5, 4}, {6, 6, 5}, {6, 6, 5}, {7, 7, 6}, {8, 8, 6}, {9, 9, 7}, {9, 9, 9},
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
