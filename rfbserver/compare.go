package rfbserver

import (
	"bytes"
	"image"
	"slices"
	"unsafe"

	"sixgate/rfb"
)

const (
	// blockSide is the size of the squares in which changes are looked for. Smaller ones find the changed
	// pixels more exactly, and cost a viewer more rectangles.
	blockSide = 64

	colourMask = 0x00ffffff // of a pixel: the top byte of captured ones is anything
)

// comparer finds where captured pixels differ from a framebuffer. Working memory is kept between uses.
type comparer struct {
	found   []image.Rectangle // by the last compare
	changed []bool            // for each block of a band, whether it has a changed pixel
}

// compare finds what of the pixels pix of r, stride apart, differs from fb: in each block the smallest
// rectangle around the changed pixels, and neighbours in one where that adds few others. The result is
// valid until the next call. r must lie inside of fb.
func (c *comparer) compare(fb *rfb.Image, r image.Rectangle, pix []uint32, stride int) []image.Rectangle {
	c.found = c.found[:0]
	above := 0 // c.found[above:band] was found in the band above
	for y := r.Min.Y; y < r.Max.Y; {
		end := min(r.Max.Y, (y/blockSide+1)*blockSide)
		band := len(c.found)
		rows := pix[(y-r.Min.Y)*stride:]
		c.compareBand(fb, image.Rect(r.Min.X, y, r.Max.X, end), rows, stride)
		c.mergeBand(above, band)
		above, y = band, end
	}
	c.found = slices.DeleteFunc(c.found, image.Rectangle.Empty)
	return c.found
}

// compareBand goes over whole rows, as memory likes it, and only then into the blocks that changed.
func (c *comparer) compareBand(fb *rfb.Image, band image.Rectangle, pix []uint32, stride int) {
	first := band.Min.X / blockSide
	blocks := (band.Max.X-1)/blockSide - first + 1
	c.changed = slices.Grow(c.changed[:0], blocks)[:blocks]
	clear(c.changed)
	block := func(i int) (x0, x1 int) {
		x := (first + i) * blockSide
		return max(x, band.Min.X), min(x+blockSide, band.Max.X)
	}
	for y := band.Min.Y; y < band.Max.Y; y++ {
		old := fb.Row(band.Min.X, band.Max.X, y)
		row := pix[(y-band.Min.Y)*stride:][:len(old)]
		if sameBytes(old, row) {
			continue
		}
		for i, known := range c.changed {
			if !known {
				x0, x1 := block(i)
				x0, x1 = x0-band.Min.X, x1-band.Min.X
				c.changed[i] = !same(old[x0:x1], row[x0:x1])
			}
		}
	}
	band0 := len(c.found)
	for i, changed := range c.changed {
		if !changed {
			continue
		}
		x0, x1 := block(i)
		box := crop(fb, image.Rect(x0, band.Min.Y, x1, band.Max.Y), pix[x0-band.Min.X:], stride)
		if last := len(c.found) - 1; last >= band0 && worthMerging(c.found[last], box) {
			c.found[last] = c.found[last].Union(box)
			continue
		}
		c.found = append(c.found, box)
	}
}

// mergeBand joins what c.found holds from band on with what lies above it, from above on.
func (c *comparer) mergeBand(above, band int) {
	kept := c.found[:band]
next:
	for _, box := range c.found[band:] {
		for i := above; i < band; i++ {
			if worthMerging(c.found[i], box) {
				box = c.found[i].Union(box)
				c.found[i] = image.Rectangle{} // goes on as part of box, so that the band below finds it
				break
			}
		}
		for i := band; i < len(kept); i++ { // two may have grown into each other
			if worthMerging(kept[i], box) {
				kept[i] = kept[i].Union(box)
				continue next
			}
		}
		kept = append(kept, box)
	}
	c.found = kept
}

// worthMerging tells whether the rectangle around a and b has few pixels more than both.
func worthMerging(a, b image.Rectangle) bool {
	if a.Empty() || b.Empty() {
		return false
	}
	sum := area(a) + area(b)
	return area(a.Union(b)) <= sum+sum/8
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }

// crop returns the smallest rectangle around the pixels of r that changed; one of them must have.
func crop(fb *rfb.Image, r image.Rectangle, pix []uint32, stride int) image.Rectangle {
	rows := func(y, x0, x1 int) (old, row []uint32) {
		return fb.Row(r.Min.X+x0, r.Min.X+x1, y), pix[(y-r.Min.Y)*stride:][x0:x1]
	}
	width := r.Dx()
	top, left := r.Min.Y, -1
	for ; left < 0; top++ {
		left = firstChange(rows(top, 0, width))
	}
	top--
	right := lastChange(rows(top, 0, width)) + 1
	bottom := r.Max.Y
	for ; bottom-1 > top; bottom-- {
		if !same(rows(bottom-1, 0, width)) {
			break
		}
	}
	for y := top + 1; y < bottom; y++ { // only what lies outside of the box so far can make it wider
		if x := firstChange(rows(y, 0, left)); x >= 0 {
			left = x
		}
		if x := lastChange(rows(y, right, width)); x >= 0 {
			right += x + 1
		}
	}
	return image.Rect(r.Min.X+left, top, r.Min.X+right, bottom)
}

func firstChange(old, row []uint32) int {
	row = row[:len(old)]
	for i, px := range old {
		if (px^row[i])&colourMask != 0 {
			return i
		}
	}
	return -1
}

func lastChange(old, row []uint32) int {
	row = row[:len(old)]
	for i := len(old) - 1; i >= 0; i-- {
		if (old[i]^row[i])&colourMask != 0 {
			return i
		}
	}
	return -1
}

// same tells whether two rows show the same colours.
func same(old, row []uint32) bool { return sameBytes(old, row) || firstChange(old, row) < 0 }

// sameBytes compares at the speed of memory, which no loop over uint32 comes near: 20 GB/s against 3. Only
// pixels whose top byte is zero, as X servers leave it, can be the same; others are looked at one by one.
func sameBytes(old, row []uint32) bool {
	return bytes.Equal(asBytes(old), asBytes(row))
}

// asBytes is the memory of px.
func asBytes(px []uint32) []byte {
	if len(px) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&px[0])), 4*len(px))
}
