//go:build linux

package x11

import "image"

// region is a set of pixels: rectangles that do not overlap.
type region []image.Rectangle

// without removes what of g is in r, in place as far as it goes.
func (g region) without(r image.Rectangle) region {
	for i := 0; i < len(g); i++ {
		from := g[i]
		in := from.Intersect(r)
		if in.Empty() {
			continue
		}
		g[i] = g[len(g)-1]
		g = g[:len(g)-1]
		i--
		for _, rest := range [...]image.Rectangle{
			{from.Min, image.Pt(from.Max.X, in.Min.Y)},
			{image.Pt(from.Min.X, in.Max.Y), from.Max},
			{image.Pt(from.Min.X, in.Min.Y), image.Pt(in.Min.X, in.Max.Y)},
			{image.Pt(in.Max.X, in.Min.Y), image.Pt(from.Max.X, in.Max.Y)},
		} {
			if !rest.Empty() {
				g = append(g, rest) // it is outside r, and looked at once more for nothing
			}
		}
	}
	return g
}

// minus appends to the empty to what of g is not in h.
func (g region) minus(h region, to region) region {
	to = append(to, g...)
	for _, r := range h {
		to = to.without(r)
	}
	return to
}

// and adds r.
func (g region) and(r image.Rectangle) region {
	if r.Empty() {
		return g
	}
	return append(g.without(r), r)
}

// covers tells whether one of the rectangles has all of r; it may miss that several have it together.
func (g region) covers(r image.Rectangle) bool {
	for _, in := range g {
		if r.In(in) {
			return true
		}
	}
	return false
}
