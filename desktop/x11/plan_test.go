//go:build linux

package x11

import (
	"image"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPlan(t *testing.T) {
	bounds := image.Rect(0, 0, 1000, 1000)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		var rects []image.Rectangle
		for range n {
			at := image.Pt(random.IntN(1000), random.IntN(1000))
			rects = append(rects, image.Rectangle{Min: at, Max: at.Add(image.Pt(random.IntN(50), random.IntN(5)))}.Intersect(bounds))
		}
		planned := plan(nil, rects, bounds)
		if len(planned) > maxRects {
			t.Fatalf("%d rectangles", len(planned))
		}
		for _, r := range rects {
			if !r.Empty() && !slices.ContainsFunc(planned, r.In) {
				t.Fatalf("%v is in none of %v", r, planned)
			}
		}
		for i, p := range planned {
			if slices.ContainsFunc(planned[:i], p.Overlaps) {
				t.Fatalf("%v overlaps another one of %v", p, planned)
			}
		}
	}
}

// What is far apart stays apart, however many bands the region has.
func TestPlanKeepsApart(t *testing.T) {
	bounds := image.Rect(0, 0, 1920, 1080)
	var columns []image.Rectangle
	for y := range 500 {
		columns = append(columns, image.Rect(y%3, 2*y, 400+y%5, 2*y+2), image.Rect(1500+y%7, 2*y, 1900-y%2, 2*y+2))
	}
	for _, tt := range []struct {
		name         string
		damage, want []image.Rectangle
	}{
		{"nothing", []image.Rectangle{{}, image.Rect(5, 5, 5, 9)}, nil},
		{"two terminals", columns, []image.Rectangle{image.Rect(0, 0, 404, 1000), image.Rect(1500, 0, 1900, 1000)}},
		{"a dragged window", []image.Rectangle{image.Rect(100, 100, 500, 400), image.Rect(700, 600, 1100, 900)},
			[]image.Rectangle{image.Rect(100, 100, 500, 400), image.Rect(700, 600, 1100, 900)}},
		{"a letter and its cursor", []image.Rectangle{image.Rect(100, 100, 108, 113), image.Rect(109, 100, 115, 113)},
			[]image.Rectangle{image.Rect(100, 100, 115, 113)}},
		{"most of the screen", []image.Rectangle{image.Rect(0, 0, 1920, 820), image.Rect(3, 1070, 9, 1080)}, []image.Rectangle{bounds}},
	} {
		if got := plan(nil, tt.damage, bounds); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	bounds := image.Rect(0, 0, 1920, 1080)
	random := rand.New(rand.NewPCG(1, 2))
	var letters []image.Rectangle
	for range 5000 {
		at := image.Pt(random.IntN(1900), random.IntN(1060))
		letters = append(letters, image.Rectangle{Min: at, Max: at.Add(image.Pt(8, 13))})
	}
	var planned []image.Rectangle
	b.ReportAllocs()
	for b.Loop() {
		planned = plan(planned[:0], letters, bounds)
	}
}
