package rfbserver

import (
	"encoding/binary"
	"image"
	"slices"
	"sync"

	"sixgate/rfb"
)

// picture is the one copy of what the desktop shows. Run alone changes it, and may read it without the
// lock; viewers copy what they send.
type picture struct {
	mu      sync.RWMutex
	fb      *rfb.Image // from (0,0)
	stores  uint64     // how often pixels were stored
	blocks  []uint64   // stores, when those of each block of the framebuffer were stored last
	screens []image.Rectangle
	ids     []uint32 // of screens, for viewers
	name    string
	cursor  cursor
	leds    int // of the keyboard; -1: unknown
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
	fb := rfb.NewImage(size)
	if p.fb != nil {
		both := size.Intersect(p.fb.Rect)
		for y := range both.Max.Y {
			copy(fb.Row(0, both.Max.X, y), p.fb.Row(0, both.Max.X, y))
		}
	}
	p.fb = fb
	across, down := blocksOf(size)
	p.blocks = make([]uint64, across*down)
	p.mark(size)
	return true
}

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
