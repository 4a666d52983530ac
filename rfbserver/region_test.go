package rfbserver

import (
	"image"
	"math/rand/v2"
	"testing"
)

// bitmap is a region as a picture: slow, and plainly right.
type bitmap [48][64]bool

func (m *bitmap) paint(r image.Rectangle, set bool) {
	for y := max(0, r.Min.Y); y < min(len(m), r.Max.Y); y++ {
		for x := max(0, r.Min.X); x < min(len(m[0]), r.Max.X); x++ {
			m[y][x] = set
		}
	}
}

// draw paints rectangles and tells whether two of them overlap or one is empty.
func draw(rects []image.Rectangle) (m bitmap, sound bool) {
	sound = true
	for i, r := range rects {
		m.paint(r, true)
		for _, s := range rects[:i] {
			sound = sound && !r.Overlaps(s)
		}
		sound = sound && !r.Empty()
	}
	return m, sound
}

func randomRect(rnd *rand.Rand) image.Rectangle {
	w, h := rnd.IntN(20), rnd.IntN(16)
	if rnd.IntN(4) == 0 {
		w, h = rnd.IntN(64), rnd.IntN(48)
	}
	return image.Rect(0, 0, w, h).Add(image.Pt(rnd.IntN(64), rnd.IntN(48))).Intersect(image.Rect(0, 0, 64, 48))
}

func TestRegionIsABitmap(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var g region
		var model bitmap
		for step := range 40 {
			r := randomRect(rnd)
			switch rnd.IntN(10) {
			case 0:
				g.subtract(r)
				model.paint(r, false)
			case 1:
				var want bitmap
				want.paint(r, true)
				overlap := g.overlaps(r)
				taken, sound := draw(g.take(r, nil))
				if !sound {
					t.Fatalf("seed %d step %d: what was taken overlaps itself", seed, step)
				}
				for y := range model {
					for x := range model[y] {
						if taken[y][x] != (model[y][x] && want[y][x]) {
							t.Fatalf("seed %d step %d: pixel %d,%d taken: %v", seed, step, x, y, taken[y][x])
						}
						model[y][x] = model[y][x] && !taken[y][x]
					}
				}
				if overlap != (taken != bitmap{}) {
					t.Fatalf("seed %d step %d: overlaps is %v", seed, step, overlap)
				}
			default:
				g.add(r)
				model.paint(r, true)
			}
			got, sound := draw(g.rects)
			if got != model || !sound {
				t.Fatalf("seed %d step %d: after %v\nis %v, sound %v", seed, step, r, g.rects, sound)
			}
			if empty := len(g.rects) == 0; empty != (model == bitmap{}) {
				t.Fatalf("seed %d step %d: empty is %v", seed, step, empty)
			}
		}
	}
}

// However many specks there are, a region stays small and covers all of them.
func TestRegionIsBounded(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var g region
	var specks []image.Rectangle
	for range 5000 {
		p := image.Pt(rnd.IntN(4000), rnd.IntN(2000))
		speck := image.Rectangle{p, p.Add(image.Pt(1+rnd.IntN(3), 1+rnd.IntN(3)))}
		specks = append(specks, speck)
		g.add(speck)
		if len(g.rects) > maxRegion {
			t.Fatalf("%d rectangles", len(g.rects))
		}
	}
	for _, s := range specks {
		rest := region{rects: []image.Rectangle{s}}
		for _, r := range g.rects {
			rest.subtract(r)
		}
		if len(rest.rects) > 0 {
			t.Fatalf("%v is lost", s)
		}
	}
}

// Tiles of one picture become one rectangle again.
func TestRegionGrowsTogether(t *testing.T) {
	var g region
	for y := 0; y < 200; y += 50 {
		for x := 0; x < 300; x += 50 {
			g.add(image.Rect(x, y, x+50, y+50))
		}
	}
	if len(g.rects) != 1 || g.rects[0] != image.Rect(0, 0, 300, 200) {
		t.Errorf("%v", g.rects)
	}
}

func TestRegionAllocatesNothing(t *testing.T) {
	var g region
	fill := func() {
		g.clear()
		for i := range 100 {
			g.add(image.Rect(i*7, i*5, i*7+20, i*5+20))
		}
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
