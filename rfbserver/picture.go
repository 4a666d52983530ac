package rfbserver

import (
	"encoding/binary"
	"image"
	"slices"
	"sync"
	"time"

	"sixgate/rfb"
)

// picture is the one copy of what the desktop shows. Run alone changes it, and may read it without the
// lock; viewers copy what they send.
type picture struct {
	mu      sync.RWMutex
	fb      *rfb.Image // from (0,0)
	sized   time.Time  // when fb got its size
	stores  uint64     // how often pixels were stored
	blocks  []uint64   // stores, when those of each block of the framebuffer were stored last
	heat    heat
	screens []image.Rectangle
	ids     []uint32 // of screens, for viewers
	name    string
	cursor  cursor
	leds    int // of the keyboard; -1: unknown

	relative bool // viewers are to say how they move the pointer, and not where to
}

// cursor is the pointer as it is painted for viewers that do not paint it themselves.
type cursor struct {
	shape *image.RGBA // premultiplied; nil: none
	hot   image.Point // from the shape's corner
	at    image.Point // where the hotspot is
}

// rect is what the cursor covers.
func (c cursor) rect() image.Rectangle {
	if c.shape == nil {
		return image.Rectangle{}
	}
	return image.Rectangle{Max: c.shape.Rect.Size()}.Add(c.at.Sub(c.hot))
}

// paint puts the cursor onto m.
func (c cursor) paint(m *rfb.Image) {
	area := c.rect().Intersect(m.Rect)
	corner := c.rect().Min
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := m.Row(area.Min.X, area.Max.X, y)
		src := c.shape.Pix[(y-corner.Y)*c.shape.Stride+4*(area.Min.X-corner.X):]
		for i, under := range row {
			s := src[4*i:][:4]
			rest := 255 - uint32(s[3])
			mix := func(shift, s uint32) uint32 { return min(255, s+(under>>shift&0xff)*rest/255) << shift }
			row[i] = mix(16, uint32(s[0])) | mix(8, uint32(s[1])) | mix(0, uint32(s[2]))
		}
	}
}

// maxSide is the size of the largest framebuffer that is shown; the rest of a larger one is cut off.
const maxSide = 16384

// arrange takes over where the screens are and tells whether that changed the framebuffer's size. What it
// showed stays, as far as it has a place.
func (p *picture) arrange(screens []image.Rectangle) (resized bool) {
	var union image.Rectangle
	for _, s := range screens {
		union = union.Union(s)
	}
	size := image.Rect(0, 0, min(union.Max.X, maxSide), min(union.Max.Y, maxSide))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids = identify(screens, p.screens, p.ids)
	p.screens = slices.Clone(screens)
	if p.fb != nil && p.fb.Rect == size {
		return false
	}
	p.fb = refit(p.fb, size, time.Since(p.sized) > stormFor)
	p.sized = time.Now()
	across, down := blocksOf(size)
	p.blocks = slices.Grow(p.blocks[:0], across*down)[:across*down]
	p.mark(size)
	p.heat.arrange(size)
	return true
}

// trim gives memory back that the picture has had no use for since the size changed last.
func (p *picture) trim() {
	if cap(p.fb.Pix) < wasteful*len(p.fb.Pix) || time.Since(p.sized) < stormFor {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fb = refit(p.fb, p.fb.Rect, true)
}

// refit returns a picture of another size that shows what m, which may be nil, did, as far as it has a place. It takes m's
// memory where that is enough, unless it is thrifty and that is far too much.
func refit(m *rfb.Image, size image.Rectangle, thrifty bool) *rfb.Image {
	n := area(size)
	if m == nil {
		return rfb.NewImage(size)
	}
	to := &rfb.Image{Stride: size.Dx(), Rect: size}
	if n <= cap(m.Pix) && !(thrifty && cap(m.Pix) >= wasteful*n) {
		to.Pix = m.Pix[:n]
	} else {
		to.Pix = make([]uint32, n)
	}
	both := size.Intersect(m.Rect)
	row := func(y int) {
		now := to.Row(0, size.Max.X, y)
		kept := 0
		if y < both.Max.Y {
			kept = copy(now, m.Row(0, both.Max.X, y))
		}
		clear(now[kept:])
	}
	if to.Stride <= m.Stride { // rows move up, if at all
		for y := range size.Max.Y {
			row(y)
		}
	} else {
		for y := size.Max.Y - 1; y >= 0; y-- {
			row(y)
		}
	}
	return to
}

const (
	wasteful = 8                // times the memory that is needed is too much
	stormFor = 10 * time.Second // after a change of the size, in which it may change back: who does that again and again makes no garbage
)

// store takes over the pixels pix of r, stride apart, a block's height at a time: nobody waits for long.
func (p *picture) store(r image.Rectangle, pix []uint32, stride int) {
	for y := r.Min.Y; y < r.Max.Y; {
		p.mu.Lock()
		p.mark(image.Rect(r.Min.X, y, r.Max.X, min(y+blockSide, r.Max.Y)))
		for end := min(y+blockSide, r.Max.Y); y < end; y++ {
			copyColours(p.fb.Row(r.Min.X, r.Max.X, y), pix[(y-r.Min.Y)*stride:])
		}
		p.mu.Unlock()
	}
}

// warm notes what changed now.
func (p *picture) warm(moves []move, changed []image.Rectangle, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range moves {
		p.heat.touch(m.to, now)
	}
	for _, r := range changed {
		p.heat.change(r, now)
	}
}

// copyColours copies a row of pixels, without their top bytes. Those are zero almost always, so copying at the speed of
// memory and looking for others after takes half as long as masking each.
func copyColours(dst, src []uint32) {
	if copy(dst, src); !hasTopBytes(dst) {
		return
	}
	for i := range dst {
		dst[i] &= colourMask
	}
}

// hasTopBytes tells whether anything but colour is in a row of pixels.
func hasTopBytes(row []uint32) bool {
	ne := binary.NativeEndian
	var odd, even uint64
	b := asBytes(row)
	for ; len(b) >= 64; b = b[64:] {
		p := (*[64]byte)(b)
		even |= ne.Uint64(p[0:]) | ne.Uint64(p[16:]) | ne.Uint64(p[32:]) | ne.Uint64(p[48:])
		odd |= ne.Uint64(p[8:]) | ne.Uint64(p[24:]) | ne.Uint64(p[40:]) | ne.Uint64(p[56:])
	}
	for ; len(b) >= 4; b = b[4:] {
		even |= uint64(ne.Uint32(b))
	}
	return (even|odd)&^(colourMask<<32|colourMask) != 0
}

// copyTo fills m with what the picture shows there, black where it does not reach, with the cursor on it
// if the viewer does not paint one, and returns its version.
func (p *picture) copyTo(m *rfb.Image, withCursor bool) (version uint64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	shown := m.Rect.Intersect(p.fb.Rect)
	if shown != m.Rect {
		clear(m.Pix)
	}
	for y := shown.Min.Y; y < shown.Max.Y; y++ {
		copy(m.Row(shown.Min.X, shown.Max.X, y), p.fb.Row(shown.Min.X, shown.Max.X, y))
	}
	if withCursor {
		p.cursor.paint(m)
	}
	return p.versionOf(m.Rect, withCursor)
}

// version returns a number that differs whenever the pixels of r do, and grows with time: 0 if the cursor is to be on them.
func (p *picture) version(r image.Rectangle, withCursor bool) uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.versionOf(r, withCursor)
}

func (p *picture) versionOf(r image.Rectangle, withCursor bool) (version uint64) {
	if withCursor && p.cursor.rect().Overlaps(r) {
		return 0
	}
	across, _ := blocksOf(p.fb.Rect)
	r = r.Intersect(p.fb.Rect)
	for y := r.Min.Y / blockSide; y*blockSide < r.Max.Y; y++ {
		for x := r.Min.X / blockSide; x*blockSide < r.Max.X; x++ {
			version = max(version, p.blocks[y*across+x])
		}
	}
	return version
}

// mark notes that pixels of r are stored now. p.mu is held.
func (p *picture) mark(r image.Rectangle) {
	p.stores++
	across, _ := blocksOf(p.fb.Rect)
	for y := r.Min.Y / blockSide; y*blockSide < r.Max.Y; y++ {
		for x := r.Min.X / blockSide; x*blockSide < r.Max.X; x++ {
			p.blocks[y*across+x] = p.stores
		}
	}
}

// blocksOf returns how many blocks a framebuffer has.
func blocksOf(r image.Rectangle) (across, down int) {
	return (r.Max.X + blockSide - 1) / blockSide, (r.Max.Y + blockSide - 1) / blockSide
}

// size is how large the framebuffer is.
func (p *picture) size() image.Point {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.fb.Rect.Max
}

// cursorRect is what the cursor covers.
func (p *picture) cursorRect() image.Rectangle {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.cursor.rect()
}
