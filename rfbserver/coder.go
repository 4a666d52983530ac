package rfbserver

import (
	"image"
	"runtime"

	"sixgate/rfb"
)

// terms are how a viewer has pixels coded. What is coded for one viewer is good for another of equal terms.
type terms struct {
	encoding rfb.Encoding
	format   rfb.PixelFormat
	jpeg     rfb.JPEG
	level    int
	gradient bool
	noZlib   bool
	photos   bool
}

func (m *message) terms() terms {
	w := &m.wishes
	return terms{w.encoding, m.format, m.jpeg, w.level, w.gradient, w.noZlib, w.photos}
}

// coder codes pieces of the picture, one at a time.
type coder struct {
	encoder rfb.Encoder
	pixels  []uint32
	piece   rfb.Image
}

func (c *coder) use(t terms) {
	e := &c.encoder
	e.Format, e.JPEG, e.Level, e.Gradient, e.NoZlib, e.Photos = t.format, t.jpeg, t.level, t.gradient, t.noZlib, t.photos
}

// copy takes the pixels of r out of the picture, so that encoding them keeps nobody waiting, and returns their version.
func (c *coder) copy(p *picture, r image.Rectangle, withCursor bool) (version uint64) {
	if n := area(r); len(c.pixels) < n {
		c.pixels = make([]uint32, n)
	}
	c.piece = rfb.Image{Pix: c.pixels[:area(r)], Stride: r.Dx(), Rect: r}
	return p.copyTo(&c.piece, withCursor)
}

// append adds what was copied to p.
func (c *coder) append(p *parcel, enc rfb.Encoding) {
	var n int
	c.encoder.Lossy = c.encoder.Lossy[:0]
	p.b, n = c.encoder.Append(p.b, enc, &c.piece, c.piece.Rect)
	p.rects += n
	p.lossy = append(p.lossy, c.encoder.Lossy...)
}

// parcel is coded pixels on their way to who writes them.
type parcel struct {
	b     []byte
	piece int // which of an update's
	rects int
	lossy []image.Rectangle // those that were coded with loss
}

func (p *parcel) clear() { p.b, p.rects, p.lossy = p.b[:0], 0, p.lossy[:0] }

// maxCoders is how many cores code at the same time, for all viewers.
const maxCoders = 4

// coders are lent to those who code large updates, one for a piece, so that many viewers need no more memory than one.
type coders chan *coder

func newCoders() coders {
	c := make(coders, min(runtime.GOMAXPROCS(0), maxCoders))
	for range cap(c) {
		o := new(coder)
		o.encoder.Opened = true // they are lent when the viewer's streams are open
		c <- o
	}
	return c
}
