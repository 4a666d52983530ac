package rfbserver

import "image"

// maxRegion is how many rectangles a region keeps apart. More are merged: they cost more than the pixels
// between them.
const maxRegion = 256

// region is a set of pixels: rectangles that do not overlap. The zero region is empty. Working memory is
// kept between uses, so a region that is used again allocates nothing.
type region struct {
	rects   []image.Rectangle
	spare   []image.Rectangle
	carried []image.Rectangle
}

func (g *region) clear() { g.rects = g.rects[:0] }

// add makes g cover r as well; with more than maxRegion rectangles it may then cover more than that.
func (g *region) add(r image.Rectangle) {
	if r.Empty() {
		return
	}
	overlaps := false
	for _, have := range g.rects {
		if r.In(have) {
			return
		}
		overlaps = overlaps || r.Overlaps(have)
	}
	if overlaps {
		g.subtract(r)
	}
	g.rects = append(g.rects, g.absorb(r))
	if len(g.rects) > maxRegion {
		g.simplify()
	}
}

// absorb takes the rectangles out of g that continue r exactly, and returns r grown by them.
func (g *region) absorb(r image.Rectangle) image.Rectangle {
	for i := 0; i < len(g.rects); i++ {
		if have := g.rects[i]; continues(have, r) {
			r = r.Union(have)
			g.rects[i] = g.rects[len(g.rects)-1]
			g.rects = g.rects[:len(g.rects)-1]
			i = -1 // what did not continue the smaller r may continue the greater
		}
	}
	return r
}

// continues tells whether a and b lie side by side with a whole side in common.
func continues(a, b image.Rectangle) bool {
	if a.Min.Y == b.Min.Y && a.Max.Y == b.Max.Y {
		return a.Max.X == b.Min.X || b.Max.X == a.Min.X
	}
	return a.Min.X == b.Min.X && a.Max.X == b.Max.X && (a.Max.Y == b.Min.Y || b.Max.Y == a.Min.Y)
}

// subtract takes r away.
func (g *region) subtract(r image.Rectangle) {
	g.spare = g.spare[:0]
	for _, have := range g.rects {
		g.spare = appendDifference(g.spare, have, r)
	}
	g.rects, g.spare = g.spare, g.rects
}

// remove takes r away, and may then cover more than what is left, as add does.
func (g *region) remove(r image.Rectangle) {
	if g.overlaps(r) {
		g.subtract(r)
	}
	if len(g.rects) > maxRegion {
		g.simplify()
	}
}

// overlaps tells whether a pixel of r is in g.
func (g *region) overlaps(r image.Rectangle) bool {
	for _, have := range g.rects {
		if have.Overlaps(r) {
			return true
		}
	}
	return false
}

// take moves the pixels of g that are in r to dst, which it returns.
func (g *region) take(r image.Rectangle, dst []image.Rectangle) []image.Rectangle {
	for _, have := range g.rects {
		if c := have.Intersect(r); !c.Empty() {
			dst = append(dst, c)
		}
	}
	g.remove(r)
	return dst
}

// carry lets g follow the pixels that m moves: what m draws is in g where what it draws from was.
func (g *region) carry(m move) {
	if len(g.rects) == 0 {
		return
	}
	from := m.from()
	g.carried = g.carried[:0]
	for _, have := range g.rects {
		if c := have.Intersect(from); !c.Empty() {
			g.carried = append(g.carried, c.Add(m.by))
		}
	}
	g.remove(m.to)
	for _, r := range g.carried {
		g.add(r)
	}
}

// covers counts the pixels of r that are in g.
func (g *region) covers(r image.Rectangle) (n int) {
	for _, have := range g.rects {
		n += area(have.Intersect(r))
	}
	return n
}

// simplify covers g by the bounding boxes of horizontal bands, at most half of maxRegion.
func (g *region) simplify() {
	b := g.bounds()
	height := max(1, (b.Dy()+maxRegion/2-1)/(maxRegion/2))
	g.spare = g.spare[:0]
	for y := b.Min.Y; y < b.Max.Y; y += height {
		band := image.Rect(b.Min.X, y, b.Max.X, min(y+height, b.Max.Y))
		var box image.Rectangle
		for _, have := range g.rects {
			box = box.Union(have.Intersect(band))
		}
		if !box.Empty() {
			g.spare = append(g.spare, box)
		}
	}
	g.rects, g.spare = g.spare, g.rects
}

func (g *region) bounds() (b image.Rectangle) {
	for _, r := range g.rects {
		b = b.Union(r)
	}
	return b
}

// appendDifference adds what is left of a without b: the parts above, left, right and below.
func appendDifference(dst []image.Rectangle, a, b image.Rectangle) []image.Rectangle {
	b = b.Intersect(a)
	if b.Empty() {
		return append(dst, a)
	}
	for _, part := range [...]image.Rectangle{
		{a.Min, image.Pt(a.Max.X, b.Min.Y)},
		{image.Pt(a.Min.X, b.Min.Y), image.Pt(b.Min.X, b.Max.Y)},
		{image.Pt(b.Max.X, b.Min.Y), image.Pt(a.Max.X, b.Max.Y)},
		{image.Pt(a.Min.X, b.Max.Y), a.Max},
	} {
		if !part.Empty() {
			dst = append(dst, part)
		}
	}
	return dst
}
