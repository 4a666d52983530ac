package rfb

import (
	"image"
	"iter"
)

// tile is a piece of the screen, at most tileSide wide and high, and what it is best sent as.
type tile struct {
	class   tileClass
	taken   bool // it is part of a rectangle already
	colours int  // how many, when solid or few
	first   int  // the first of them in tiling.colours
}

type tileClass uint8

const (
	solid tileClass = iota // one colour
	few                    // up to maxPalette: bitmap or indices
	many                   // a drawing in full colour: without loss
	soft                   // one with few sharp steps, where the gradient filter may be used
	photo                  // JPEG where that is allowed
)

const (
	tileSide = 64
	bandRows = 256 // classified at a time: what bounds the working memory

	maxTightWidth = 2048      // of a rectangle (rfbproto, Tight encoding)
	maxTightArea  = 64 * 1024 // so that a viewer can paint while it reads
	minSolidArea  = 2048      // of a solid region, to be worth a rectangle of its own

	minPhotoColours = 24  // fewer are drawn, not photographed
	minPhotoArea    = 400 // a JPEG begins with 600 bytes of tables
	softStep        = 40  // the difference, in any colour, that edges of letters and lines exceed
)

// tiling cuts a band into tiles and joins equal ones to rectangles.
type tiling struct {
	tiles   []tile
	across  int // tiles in a row of tiles
	down    int
	band    image.Rectangle
	shades  shades
	exact   []image.Rectangle // letters on photos: to be sent after the rectangles, without loss
	colours []uint32          // of the tiles, one after the other
	palette palette           // of the tile or rectangle at hand
}

// shades says what there is for content of more colours than a palette has.
type shades struct {
	lossy    bool // photos may be sent as JPEG, even those of a palette's colours
	gradient bool // the filter may be used
}

// classify looks at each tile of band once, in px, which the viewer will see; m is the same band as it is here.
func (t *tiling) classify(px, m *Image, band image.Rectangle, s shades) {
	t.band, t.shades, t.exact = band, s, t.exact[:0]
	t.across, t.down = (band.Dx()+tileSide-1)/tileSide, (band.Dy()+tileSide-1)/tileSide
	t.tiles, t.colours = grown(t.tiles, t.across*t.down), t.colours[:0]
	for i := range t.across * t.down {
		at := &t.tiles[i]
		*at = tile{class: t.classOf(px, m, t.place(i%t.across, i/t.across, 1, 1))}
		if at.class == photo && s.lossy {
			t.keep(glyphs(m, t.place(i%t.across, i/t.across, 1, 1)))
		}
		if at.class <= few {
			at.first, at.colours = len(t.colours), t.palette.n
			t.colours = append(t.colours, t.palette.colours[:t.palette.n]...)
		}
	}
	if s.lossy {
		t.keepEdges(m)
	}
}

// keepEdges keeps the rows of letters that stand in a photo's tile for the greater part in the drawing above or below it.
func (t *tiling) keepEdges(m *Image) {
	for i := range t.across * (t.down - 1) {
		drawn, shot := i, i+t.across
		if t.tiles[drawn].class == photo {
			drawn, shot = shot, drawn
		}
		if t.tiles[shot].class == photo && t.tiles[drawn].class != photo && t.tiles[drawn].class != solid {
			t.keep(glyphs(m, t.place(drawn%t.across, drawn/t.across, 1, 1)).Intersect(t.place(shot%t.across, shot/t.across, 1, 1)))
		}
	}
}

// place returns where the tiles from x, y on lie.
func (t *tiling) place(x, y, across, down int) image.Rectangle {
	return image.Rect(x*tileSide, y*tileSide, (x+across)*tileSide, (y+down)*tileSide).Add(t.band.Min).Intersect(t.band)
}

// classOf leaves the colours of a solid tile or one of few in t.palette.
func (t *tiling) classOf(px, m *Image, r image.Rectangle) tileClass {
	p := &t.palette
	if t.shades.lossy && t.plainlyPhoto(px, m, r) {
		return photo
	}
	p.reset()
	limit := min(maxPalette, max(r.Dx()*r.Dy()/4, 2)) // more would take longer than the pixels
	runs, repeated := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := px.Row(r.Min.X, r.Max.X, y)
		if len(row) == tileSide {
			// Two comparisons at the speed of memory: most rows of a screen are blank or as the one above.
			if wide := (*[tileSide]uint32)(row); *(*[tileSide - 1]uint32)(wide[1:]) == *(*[tileSide - 1]uint32)(wide[:]) {
				row = row[:1]
			} else if y > r.Min.Y && *wide == *(*[tileSide]uint32)(px.Row(r.Min.X, r.Max.X, y-1)) {
				repeated++
				continue
			}
		}
		if !p.addRow(row, limit, &runs) {
			switch {
			case r.Dx()*r.Dy() >= minPhotoArea && !isDrawing(px, m, r, t.shades.lossy):
				return photo
			case t.shades.gradient && isSoft(m, r):
				return soft
			}
			return many
		}
	}
	switch area := r.Dx() * r.Dy(); {
	case p.n == 1:
		return solid
	case t.shades.lossy && p.n > minPhotoColours && area >= minPhotoArea && runs > area/2 && isSoft(m, r):
		return photo
	}
	return few
}

// plainlyPhoto finds most photos by a twentieth of their pixels: soft, in many colours and with hardly two alike side by
// side. Others need a closer look.
func (t *tiling) plainlyPhoto(px, m *Image, r image.Rectangle) bool {
	if r.Dx()*r.Dy() < minPhotoArea {
		return false
	}
	p := &t.palette
	p.reset()
	steps, changes, sharp := 0, 0, 0
	for y := r.Min.Y + 5; y < r.Max.Y; y += 21 { // not in step with lines of text
		row, before := px.Row(r.Min.X, r.Max.X, y), m.Row(r.Min.X, r.Max.X, y)
		for i, v := range row[1:] {
			if v != row[i] {
				changes++
				if isSharp(before[i+1], before[i]) {
					sharp++
				}
			}
		}
		steps += len(row) - 1
		if changes < steps*3/4 || sharp > steps/8 {
			return false
		}
		for i := 0; i < len(row) && p.n <= minPhotoColours; i++ {
			p.add(row[i], maxPalette)
		}
	}
	return p.n > minPhotoColours
}

// isDrawing tells, of a tile in more colours than a palette holds, whether it is a drawing or letters: then many
// pixels are like their neighbour or the steps between them are sharp. Where no JPEG is made the question is only
// whether to look for repetitions.
func isDrawing(px, m *Image, r image.Rectangle, lossy bool) bool {
	changes, seen := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y += 4 { // a sample will do
		row := px.Row(r.Min.X, r.Max.X, y)
		last := row[0]
		for _, v := range row {
			if v != last {
				changes++
			}
			last = v
		}
		seen += len(row)
	}
	if changes >= seen*3/4 {
		return false
	}
	return !lossy || changes < seen/4 || !isSoft(m, r)
}

// isSoft tells, from every other row, whether of the steps from pixel to pixel no more than an eighth are as sharp as those of letters.
func isSoft(m *Image, r image.Rectangle) bool {
	steps, sharp := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y += 2 {
		row := m.Row(r.Min.X, r.Max.X, y)
		last := row[0]
		for _, v := range row[1:] {
			if v != last {
				steps++
				if isSharp(v, last) {
					sharp++
				}
			}
			last = v
		}
	}
	return sharp < steps/8
}

// isSharp tells whether two pixels differ by more than softStep in any colour.
func isSharp(a, b uint32) bool { return differ(a, b, softStep) }

// differ tells whether two pixels differ by more than step in any colour.
func differ(a, b, step uint32) bool {
	return a>>16&0xff-b>>16&0xff+step > 2*step || a>>8&0xff-b>>8&0xff+step > 2*step || a&0xff-b&0xff+step > 2*step
}

// rects are the rectangles of one kind of content that the band goes in. The colours of a solid one or one of few are in
// t.palette until the next.
func (t *tiling) rects() iter.Seq2[image.Rectangle, tileClass] {
	return func(yield func(image.Rectangle, tileClass) bool) {
		n := t.across * t.down
		for i := range n { // solid regions first: what is left of them may become part of a bitmap
			if t.tiles[i].class != solid || t.tiles[i].taken {
				continue
			}
			if at := t.grow(solid, i); at.Dx()*at.Dy() >= minSolidArea || n == 1 {
				t.take(i, at)
				if !yield(at, solid) {
					return
				}
			}
		}
		for i := range n {
			if t.tiles[i].taken {
				continue
			}
			class := t.tiles[i].class
			if class == solid {
				class = few // perhaps with what is beside it
			}
			at := t.grow(class, i)
			t.take(i, at)
			if !yield(at, class) {
				return
			}
		}
	}
}

// grow finds the tiles from tile i on, to the right and then down, that go into one rectangle of a class with it,
// and returns where they lie. If the class is solid or few, t.palette then has their colours.
func (t *tiling) grow(class tileClass, i int) image.Rectangle {
	x, y := i%t.across, i/t.across
	t.palette.reset()
	t.join(class, i, 1)
	across := 1
	for x+across < t.across && (across+1)*tileSide <= maxTightWidth && t.sizeFits(class, across+1, 1) && t.join(class, i+across, 1) {
		across++
	}
	down := 1
	for y+down < t.down && t.sizeFits(class, across, down+1) && t.join(class, i+down*t.across, across) {
		down++
	}
	return t.place(x, y, across, down)
}

// take marks the tiles of a rectangle that grow returned.
func (t *tiling) take(i int, r image.Rectangle) {
	across, down := (r.Dx()+tileSide-1)/tileSide, (r.Dy()+tileSide-1)/tileSide
	for y := range down {
		for x := range across {
			t.tiles[i+y*t.across+x].taken = true
		}
	}
}

func (t *tiling) sizeFits(class tileClass, across, down int) bool {
	return class == solid || across*down*tileSide*tileSide <= maxTightArea
}

// join tells whether the n tiles from i on go with the rectangle whose colours t.palette has, and adds theirs.
func (t *tiling) join(class tileClass, i, n int) bool {
	tiles := t.tiles[i : i+n]
	added := 0
	for k := range tiles {
		at := &tiles[k]
		if at.taken || (at.class != class && (at.class > few || class > few)) {
			return false
		}
		if class > few {
			continue
		}
		missing := t.missing(at)
		added += missing
		switch union := t.palette.n + added; {
		case t.palette.n == 0: // the first tile
		case union > maxPalette, class == solid && union > 1:
			return false
		case union <= 2, missing == 0:
		case t.palette.n <= 2 || at.colours <= 2: // a bitmap would become indices, of eight times the size
			return false
		}
	}
	if class <= few {
		for k := range tiles {
			for _, c := range t.coloursOf(&tiles[k]) {
				t.palette.add(c, maxPalette)
			}
		}
	}
	return true
}

func (t *tiling) coloursOf(at *tile) []uint32 { return t.colours[at.first : at.first+at.colours] }

func (t *tiling) missing(at *tile) int {
	n := 0
	for _, c := range t.coloursOf(at) {
		if !t.palette.has(c) {
			n++
		}
	}
	return n
}
