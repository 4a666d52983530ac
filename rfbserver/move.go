package rfbserver

import (
	"cmp"
	"image"
	"slices"
	"time"

	"sixgate/rfb"
)

const (
	minSearch = 16 << 10 // changed pixels for which moves are looked for
	minMove   = 4 << 10  // changed pixels that a move must draw
	minVotes  = 3        // of landmarks for one way, before it is tried
	maxWays   = 4        // tried in one picture
	maxCopies = 8        // moves of one picture

	moveCell  = 16              // the size of the squares that are moved or not
	maxMisses = 5               // the nth search in vain is followed by 2^n pictures without one, from the second to this one
	forgetFor = time.Second / 2 // after a search in vain: what comes later is something else
)

// mover finds what of a new picture is a part of the old one elsewhere: a terminal or a page that was scrolled, a window
// that was dragged. Landmarks, which are short rows of pixels, vote for ways; what went that way is compared exactly.
// Working memory is kept between uses.
type mover struct {
	old     *rfb.Image
	pieces  []Piece           // of the new picture; it is old elsewhere
	changed []image.Rectangle // in them
	area    image.Rectangle   // around changed

	found  []move
	last   image.Point // the way that was right
	marks  landmarks
	ways   []way
	cells  []bool
	high   []int // of columns of cells
	stack  []int
	row    [3][]uint32
	misses int             // searches in vain
	skip   int             // pictures until the next
	missed image.Rectangle // area of the last search in vain
	when   time.Time       // of that
}

// way is by how much something moved, and how many landmarks say so.
type way struct {
	by    image.Point
	votes int
}

// find returns what moved from old to the picture that the pieces hold, in an order in which each can be copied before its
// source is drawn over. The result is valid until the next call. Where nothing is found again and again, as in a video, it
// seldom looks.
func (f *mover) find(old *rfb.Image, pieces []Piece, changed []image.Rectangle) []move {
	f.found = f.found[:0]
	f.old, f.pieces, f.changed = old, pieces, changed
	defer func() { f.old, f.pieces = nil, nil }()
	f.area = image.Rectangle{}
	total := 0
	for _, r := range changed {
		f.area = f.area.Union(r)
		total += area(r)
	}
	if total < minSearch || area(f.area) > 8*total || f.area.Dx() < 4*landmark {
		return nil
	}
	switch now := time.Now(); {
	case now.Sub(f.when) > forgetFor:
		f.misses = 0
	case f.skip > 0 && alike(f.area, f.missed):
		f.skip--
		f.when = now
		return nil
	}
	f.search()
	if len(f.found) > 0 {
		f.misses, f.last = 0, f.found[0].by
		f.order()
		return f.found
	}
	f.missed, f.misses, f.when = f.area, min(f.misses+1, maxMisses), time.Now()
	if f.misses > 1 {
		f.skip = 1 << f.misses
	}
	return nil
}

// alike tells whether most of a and b is in both.
func alike(a, b image.Rectangle) bool { return 4*area(a.Intersect(b)) > 3*area(a.Union(b)) }

// search fills f.found.
func (f *mover) search() {
	if f.ways = f.ways[:0]; f.again() {
		f.ways = append(f.ways, way{f.last, 0})
	} else {
		f.votes()
	}
	for _, w := range f.ways {
		f.along(w.by)
		if len(f.found) >= maxCopies {
			return
		}
	}
}

// samples are the rows that are looked at to find out what moved.
func (f *mover) samples() func(yield func(y int) bool) {
	return func(yield func(y int) bool) {
		const rows = 48
		for i := range rows {
			if !yield(f.area.Min.Y + (2*i+1)*f.area.Dy()/(2*rows)) {
				return
			}
		}
	}
}

// again tells whether most of what moved seems to have gone the last way, as when a wheel is turned: votes cost more.
func (f *mover) again() bool {
	gone, stayed := 0, 0
	area := f.area.Intersect(f.old.Rect.Add(f.last))
	for y := range f.samples() {
		if f.last == (image.Point{}) || y < area.Min.Y || y >= area.Max.Y {
			continue
		}
		now := f.newRow(0, area.Min.X, area.Max.X, y)
		was := f.old.Row(area.Min.X, area.Max.X, y)
		from := f.old.Row(area.Min.X-f.last.X, area.Max.X-f.last.X, y-f.last.Y)
		for x := 0; x+landmark <= len(now); x += 2 * landmark {
			if !tells((*[landmark]uint32)(from[x:])) || same(was[x:x+landmark], now[x:x+landmark]) {
				continue
			}
			if same(from[x:x+landmark], now[x:x+landmark]) {
				gone++
			} else {
				stayed++
			}
		}
	}
	return gone > minVotes && gone > stayed
}

// votes fills f.ways, the likeliest first.
func (f *mover) votes() {
	f.marks.take(f.old, f.area)
	for y := range f.samples() {
		f.marks.match(f.newRow(0, f.area.Min.X, f.area.Max.X, y), func(x int, from image.Point) {
			f.consider(image.Pt(f.area.Min.X+x, y), from)
		})
	}
	most := 0
	for _, w := range f.ways {
		most = max(most, w.votes)
	}
	f.ways = slices.DeleteFunc(f.ways, func(w way) bool { return w.votes < minVotes || w.votes < most/16 })
	if len(f.ways) > maxWays { // a pattern went many ways, but for where it ends
		for i, w := range f.ways {
			f.ways[i].votes = f.went(w.by)
		}
	}
	slices.SortFunc(f.ways, func(a, b way) int { return cmp.Compare(b.votes, a.votes) })
	f.ways = f.ways[:min(len(f.ways), maxWays)]
}

// went counts the pixels of a few rows that went that way.
func (f *mover) went(by image.Point) (n int) {
	const every = 4 // of the samples
	area := f.area.Intersect(f.old.Rect.Add(by))
	i := 0
	for y := range f.samples() {
		if i++; i%every > 0 || y < area.Min.Y || y >= area.Max.Y {
			continue
		}
		was := f.old.Row(area.Min.X-by.X, area.Max.X-by.X, y-by.Y)
		now := f.newRow(0, area.Min.X, area.Max.X, y)[:len(was)]
		for x, px := range was {
			if (px^now[x])&colourMask == 0 {
				n++
			}
		}
	}
	return n
}

// consider votes for the way to a landmark from where it was, if that is where it was.
func (f *mover) consider(at, from image.Point) {
	by := at.Sub(from)
	if by == (image.Point{}) || at.Y == f.area.Min.Y {
		return
	}
	row := f.newRow(1, at.X, at.X+landmark, at.Y)
	if !same(f.old.Row(from.X, from.X+landmark, from.Y), row) {
		return
	}
	if above := f.newRow(2, at.X, at.X+landmark, at.Y-1); same(f.old.Row(from.X, from.X+landmark, from.Y), above) {
		return // not the upper end
	}
	f.vote(by)
}

func (f *mover) vote(by image.Point) {
	for i := range f.ways {
		if f.ways[i].by == by {
			f.ways[i].votes++
			return
		}
	}
	if len(f.ways) < 256 {
		f.ways = append(f.ways, way{by, 1})
	}
}

// newRow returns the new picture's pixels from x0 up to x1 of row y, which must lie inside of it; they may be in f.row[i].
func (f *mover) newRow(i, x0, x1, y int) []uint32 {
	if x0 == x1 {
		return nil
	}
	line := image.Rect(x0, y, x1, y+1)
	for _, p := range f.pieces {
		if line.In(p.Rect) {
			return p.Pix[(y-p.Rect.Min.Y)*p.Stride+x0-p.Rect.Min.X:][:x1-x0]
		}
	}
	f.row[i] = append(f.row[i][:0], f.old.Row(x0, x1, y)...)
	for _, p := range f.pieces {
		if part := line.Intersect(p.Rect); !part.Empty() {
			from := p.Pix[(y-p.Rect.Min.Y)*p.Stride+part.Min.X-p.Rect.Min.X:]
			copy(f.row[i][part.Min.X-x0:part.Max.X-x0], from)
		}
	}
	return f.row[i]
}

// along adds the largest rectangles that went that way.
func (f *mover) along(by image.Point) {
	area := f.area.Intersect(f.old.Rect.Add(by))
	if area.Empty() {
		return
	}
	columns, rows := f.compare(area, by)
	for len(f.found) < maxCopies {
		box := f.largest(columns, rows)
		r := image.Rectangle{box.Min.Mul(moveCell), box.Max.Mul(moveCell)}.Add(area.Min).Intersect(area)
		if f.draws(r) < minMove {
			return
		}
		for y := box.Min.Y; y < box.Max.Y; y++ {
			clear(f.cells[y*columns+box.Min.X : y*columns+box.Max.X])
		}
		if r = f.apart(f.stretch(r, area, by)); !r.Empty() && f.textured(r) {
			f.found = append(f.found, move{r, by})
		}
	}
}

// compare finds which cells of area went that way, and have not been found to have gone another.
func (f *mover) compare(area image.Rectangle, by image.Point) (columns, rows int) {
	columns, rows = (area.Dx()+moveCell-1)/moveCell, (area.Dy()+moveCell-1)/moveCell
	f.cells = f.cells[:0]
	for range columns * rows {
		f.cells = append(f.cells, true)
	}
	for _, m := range f.found {
		done := m.to.Intersect(area).Sub(area.Min)
		for y := done.Min.Y / moveCell; y*moveCell < done.Max.Y; y++ {
			clear(f.cells[y*columns+done.Min.X/moveCell:][:(done.Max.X+moveCell-1)/moveCell-done.Min.X/moveCell])
		}
	}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		now := f.newRow(0, area.Min.X, area.Max.X, y)
		was := f.old.Row(area.Min.X-by.X, area.Max.X-by.X, y-by.Y)
		if sameBytes(was, now) {
			continue
		}
		cells := f.cells[(y-area.Min.Y)/moveCell*columns:][:columns]
		for i, ok := range cells {
			if x := i * moveCell; ok {
				end := min(x+moveCell, len(now))
				cells[i] = same(was[x:end], now[x:end])
			}
		}
	}
	return columns, rows
}

// largest returns the largest rectangle of cells that are set.
func (f *mover) largest(columns, rows int) (best image.Rectangle) {
	f.high = slices.Grow(f.high[:0], columns+1)[:columns+1] // the last one stays 0, and ends every rectangle
	clear(f.high)
	for y := range rows {
		f.stack = f.stack[:0]
		for x, set := range f.cells[y*columns:][:columns] {
			f.high[x]++
			if !set {
				f.high[x] = 0
			}
		}
		for x, h := range f.high {
			for n := len(f.stack); n > 0 && f.high[f.stack[n-1]] >= h; n-- {
				top := f.high[f.stack[n-1]]
				left := 0
				if n > 1 {
					left = f.stack[n-2] + 1
				}
				if r := image.Rect(left, y+1-top, x, y+1); area(r) > area(best) {
					best = r
				}
				f.stack = f.stack[:n-1]
			}
			f.stack = append(f.stack, x)
		}
	}
	return best
}

// draws counts the changed pixels in r, but for those that are drawn already.
func (f *mover) draws(r image.Rectangle) (n int) {
	for _, c := range f.changed {
		c = c.Intersect(r)
		n += area(c)
		for _, m := range f.found {
			n -= area(c.Intersect(m.to))
		}
	}
	return n
}

// stretch moves the edges of r, which went by, to where that ends, less than a cell further, inside of limit.
func (f *mover) stretch(r, limit image.Rectangle, by image.Point) image.Rectangle {
	r0 := r
	went := func(x0, x1, y int) bool {
		return same(f.old.Row(x0-by.X, x1-by.X, y-by.Y), f.newRow(0, x0, x1, y))
	}
	for r.Min.Y > max(limit.Min.Y, r0.Min.Y-moveCell+1) && went(r.Min.X, r.Max.X, r.Min.Y-1) {
		r.Min.Y--
	}
	for r.Max.Y < min(limit.Max.Y, r0.Max.Y+moveCell-1) && went(r.Min.X, r.Max.X, r.Max.Y) {
		r.Max.Y++
	}
	left, right := max(limit.Min.X, r.Min.X-moveCell+1), min(limit.Max.X, r.Max.X+moveCell-1)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		now, was := f.newRow(0, left, right, y), f.old.Row(left-by.X, right-by.X, y-by.Y)
		left += lastChange(was[:r.Min.X-left], now) + 1
		now, was = f.newRow(0, r.Max.X, right, y), f.old.Row(r.Max.X-by.X, right-by.X, y-by.Y)
		if i := firstChange(was, now); i >= 0 {
			right = r.Max.X + i
		}
	}
	r.Min.X, r.Max.X = left, right
	return r
}

// apart cuts off what of r is found already: of rectangles that overlap, each may have to be copied before the other.
func (f *mover) apart(r image.Rectangle) image.Rectangle {
	for _, m := range f.found {
		both := r.Intersect(m.to)
		if both.Empty() {
			continue
		}
		best := image.Rectangle{}
		for _, rest := range [...]image.Rectangle{
			{r.Min, image.Pt(both.Min.X, r.Max.Y)}, {r.Min, image.Pt(r.Max.X, both.Min.Y)},
			{image.Pt(both.Max.X, r.Min.Y), r.Max}, {image.Pt(r.Min.X, both.Max.Y), r.Max},
		} {
			if area(rest) > area(best) {
				best = rest
			}
		}
		r = best
	}
	return r
}

// textured tells whether there is something in r that would cost more than a copy.
func (f *mover) textured(r image.Rectangle) bool {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y += moveCell / 2 {
		row := f.newRow(0, r.Min.X, r.Max.X, y)
		for i, px := range row[1:] {
			if (px^row[i])&colourMask != 0 {
				n++
			}
		}
		if n >= minTexture {
			return true
		}
	}
	return false
}

// minTexture is how many pixels of every eighth row differ from their neighbours where a copy pays.
const minTexture = 32

// order sorts what was found so that nothing is drawn over before it was copied, and leaves out what has no place in such an order.
func (f *mover) order() {
	for done := 0; done < len(f.found); done++ {
		rest := f.found[done:]
		free := slices.IndexFunc(rest, func(m move) bool {
			return !slices.ContainsFunc(rest, func(o move) bool { return o != m && m.to.Overlaps(o.from()) })
		})
		if free < 0 {
			free = len(rest) - 1 // the last is of the least use
			f.found = slices.Delete(f.found, done+free, done+free+1)
			done--
			continue
		}
		rest[0], rest[free] = rest[free], rest[0]
	}
}
