//go:build linux

package x11

import (
	"image"
	"math"
)

const (
	maxRects  = 64      // asked for in one Capture; more are merged
	mergeCost = 1 << 14 // pixels: to capture and compare so many takes as long as one more request
)

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }

// plan appends to the empty planned what to capture for the damage to be in it: rectangles that do not overlap, merged
// where one request costs less than two and where there are too many; all of bounds where they are most of it.
func plan(planned, damage []image.Rectangle, bounds image.Rectangle) []image.Rectangle {
	cost := mergeCost
	for _, r := range damage {
		if r.Empty() {
			continue
		}
		// A region's rectangles come in bands from top to bottom. First those that continue one another are put together:
		// what is side by side in thin bands would be merged for few pixels each time, and for the whole screen in the end.
		for planned = merge(planned, r, 0); len(planned) > maxRects; cost *= 4 {
			planned = mergeAll(planned, cost)
		}
	}
	planned = disjoint(mergeAll(planned, mergeCost))
	if 4*totalArea(planned) > 3*area(bounds) {
		return append(planned[:0], bounds)
	}
	return planned
}

// mergeAll merges, in place, those rectangles that do not grow by more than cost pixels.
func mergeAll(list []image.Rectangle, cost int) []image.Rectangle {
	few := list[:0]
	for _, r := range list {
		few = merge(few, r, cost)
	}
	return few
}

// merge adds r to the rectangle that grows least by it, unless it would grow by more than a quarter, and by more than cost,
// of pixels that are in neither; then to the list.
func merge(list []image.Rectangle, r image.Rectangle, cost int) []image.Rectangle {
	best, least := -1, math.MaxInt
	for i, l := range list {
		both := area(l) + area(r)
		if waste := area(l.Union(r)) - both; waste < least && (waste <= cost || 4*waste <= both) {
			best, least = i, waste
		}
	}
	if best < 0 {
		return append(list, r)
	}
	list[best] = list[best].Union(r)
	return list
}

// disjoint merges, in place, rectangles that came to overlap when others were merged.
func disjoint(list []image.Rectangle) []image.Rectangle {
	for i := 0; i < len(list); i++ {
		for j := 0; j < len(list); j++ {
			if j != i && list[i].Overlaps(list[j]) {
				list[i] = list[i].Union(list[j])
				list[j] = list[len(list)-1]
				return disjoint(list[:len(list)-1])
			}
		}
	}
	return list
}
