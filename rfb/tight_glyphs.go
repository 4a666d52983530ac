package rfb

import "image"

// Letters over a photo are too few of its tile's pixels to be told by counting colours. What gives them away are their
// stems: pixels as those above them, to the last bit, with a sharp step beside, and of the same ink all over. Photos have
// grain, or at least as many colours.

const (
	glyphCell = 16 // the side of the squares in which stems are counted
	glyphRows = 2  // every so many rows are looked at
	maxStroke = 12 // pixels across
	minStems  = 2  // of a cell, in one ink and more than in others, to be letters
	stemStep  = 24 // the least difference, in any colour, beside a stem: half of it may be soft
	marginX   = 24 // pixels to both sides of stems that belong to letters, too
	marginY   = 6  // and above and below
)

// glyphs returns where in r, a photo's tile, letters are, with what is around them.
func glyphs(m *Image, r image.Rectangle) (where image.Rectangle) {
	var cells [tileSide / glyphCell][tileSide / glyphCell]struct{ ink, stems uint32 }
	most := uint32(0)
	above := m.Row(r.Min.X, r.Max.X, r.Min.Y)
	for y := r.Min.Y + 1; y < r.Max.Y; y += glyphRows {
		if y > r.Min.Y+1 {
			above = m.Row(r.Min.X, r.Max.X, y-1)
		}
		row := m.Row(r.Min.X, r.Max.X, y)
		above = above[:len(row)]
		for x := 1; x < len(row)-1; x++ {
			if px := row[x]; px == above[x] && differ(px, row[x-1], stemStep) && isStroke(row[x:]) {
				switch c := &cells[(y-r.Min.Y)/glyphCell][x/glyphCell]; {
				case c.stems == 0:
					c.ink, c.stems = px, 1
				case c.ink == px:
					c.stems++
					most = max(most, c.stems)
				default:
					c.stems--
				}
			}
		}
	}
	if most < minStems {
		return image.Rectangle{}
	}
	for y, row := range cells {
		for x, c := range row {
			if c.stems > 0 {
				cell := image.Rect(x, y, x+1, y+1)
				where = where.Union(image.Rectangle{cell.Min.Mul(glyphCell), cell.Max.Mul(glyphCell)})
			}
		}
	}
	where = where.Add(r.Min)
	return image.Rect(where.Min.X-marginX, where.Min.Y-marginY, where.Max.X+marginX, where.Max.Y+marginY)
}

// isStroke tells whether the first pixel's colour ends soon, at a sharp step.
func isStroke(row []uint32) bool {
	for _, px := range row[1:min(len(row), maxStroke)] {
		if px != row[0] {
			return differ(px, row[0], stemStep)
		}
	}
	return false
}

// keep notes that r is to be sent exactly, on top of the JPEG that it is part of: JPEGs that were cut around letters would
// be many, and each begins with 600 bytes of tables.
func (t *tiling) keep(r image.Rectangle) {
	if r = r.Intersect(t.band); r.Empty() {
		return
	}
	for i, k := range t.exact {
		if both := k.Union(r); k.Overlaps(r) && both.Dx() <= maxTightWidth && both.Dx()*both.Dy() <= (k.Dx()*k.Dy()+r.Dx()*r.Dy())*5/4 {
			t.exact[i] = both
			return
		}
	}
	t.exact = append(t.exact, r)
}
