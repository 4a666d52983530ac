//go:build linux

package x11

import (
	"image"
	"math"
)

// The hatch stands for what is hidden. It is the same at each place of the screen, whatever moves there, so that what was
// sent of it once need not be sent again.
const (
	hatchGround = 0xdfe3e8
	hatchLine   = 0xc6ccd4
	hatchEvery  = 16 // pixels, a power of two
	hatchWidth  = 3
)

// hatchRow is longer than a screen is wide: row y begins at its pixel y modulo hatchEvery.
var hatchRow = func() []uint32 {
	row := make([]uint32, math.MaxInt16+hatchEvery)
	for x := range row {
		if row[x] = hatchGround; x%hatchEvery < hatchWidth {
			row[x] = hatchLine
		}
	}
	return row
}()

// hatch draws over r, which is in p.
func hatch(p piece, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := p.Pix[(y-p.Rect.Min.Y)*p.Stride+r.Min.X-p.Rect.Min.X:]
		copy(row[:r.Dx()], hatchRow[(r.Min.X+y)&(hatchEvery-1):])
	}
}
