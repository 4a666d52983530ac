package rfbserver

import (
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"sixgate/rfb"
)

func randomPicture(rnd *rand.Rand, r image.Rectangle) *rfb.Image {
	m := rfb.NewImage(r)
	for i := range m.Pix {
		m.Pix[i] = rnd.Uint32() & colourMask
	}
	return m
}

// What compare finds covers every pixel that changed, lies inside of what was captured, and has a changed
// pixel on each of its sides as long as nothing was merged.
func TestCompareFindsWhatChanged(t *testing.T) {
	screen := image.Rect(0, 0, 300, 200)
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		fb := randomPicture(rnd, screen)
		captured := randomPart(rnd, screen)
		if captured.Empty() {
			continue
		}
		const stride = 320
		pix := make([]uint32, stride*captured.Dy())
		for y := range captured.Dy() {
			for x, px := range fb.Row(captured.Min.X, captured.Max.X, captured.Min.Y+y) {
				pix[y*stride+x] = px | rnd.Uint32()&^colourMask
			}
		}
		changed := map[image.Point]bool{}
		for range rnd.IntN(6) {
			part := randomPart(rnd, captured)
			for y := part.Min.Y; y < part.Max.Y; y++ {
				for x := part.Min.X; x < part.Max.X; x++ {
					p := &pix[(y-captured.Min.Y)*stride+x-captured.Min.X]
					*p ^= 1 << rnd.IntN(24)
					changed[image.Pt(x, y)] = *p&colourMask != fb.Row(x, x+1, y)[0]
				}
			}
		}
		var c comparer
		covered := map[image.Point]bool{}
		for _, r := range c.compare(fb, captured, pix, stride) {
			if r.Empty() || !r.In(captured) {
				t.Fatalf("seed %d: %v of %v", seed, r, captured)
			}
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					covered[image.Pt(x, y)] = true
				}
			}
		}
		n := 0
		for p, yes := range changed {
			if yes && !covered[p] {
				t.Fatalf("seed %d: %v changed and was not found", seed, p)
			}
			if yes {
				n++
			}
		}
		if n == 0 && len(covered) > 0 {
			t.Fatalf("seed %d: %d pixels were found where none changed", seed, len(covered))
		}
	}
}

func randomPart(rnd *rand.Rand, r image.Rectangle) image.Rectangle {
	x, y := r.Min.X+rnd.IntN(r.Dx()), r.Min.Y+rnd.IntN(r.Dy())
	return image.Rect(x, y, x+rnd.IntN(r.Max.X-x)+1, y+rnd.IntN(r.Max.Y-y)+1)
}

func TestCompareIsExact(t *testing.T) {
	for _, changes := range [][]image.Rectangle{
		{},
		{image.Rect(0, 0, 1, 1)},
		{image.Rect(63, 63, 65, 65)},
		{image.Rect(7, 9, 250, 180)},
		{image.Rect(10, 10, 20, 20), image.Rect(100, 10, 120, 20)},
		{image.Rect(10, 10, 20, 20), image.Rect(10, 100, 20, 120), image.Rect(299, 199, 300, 200)},
	} {
		fb := rfb.NewImage(image.Rect(0, 0, 300, 200))
		now := rfb.NewImage(fb.Rect)
		for _, r := range changes {
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := range now.Row(r.Min.X, r.Max.X, y) {
					now.Row(r.Min.X, r.Max.X, y)[x] = 0x010203
				}
			}
		}
		var c comparer
		if got := c.compare(fb, fb.Rect, now.Pix, now.Stride); fmt.Sprint(got) != fmt.Sprint(changes) {
			t.Errorf("%v changed, found %v", changes, got)
		}
	}
}

// A screen of text that scrolls becomes few rectangles, not one for each block.
func TestCompareMergesNeighbours(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	fb, now := rfb.NewImage(image.Rect(0, 0, 1280, 800)), rfb.NewImage(image.Rect(0, 0, 1280, 800))
	for y := range 800 {
		for x := range 1280 {
			if y%16 > 3 && rnd.IntN(3) == 0 {
				now.Row(x, x+1, y)[0] = 1
			}
		}
	}
	var c comparer
	if n := len(c.compare(fb, fb.Rect, now.Pix, now.Stride)); n > 20 {
		t.Errorf("%d rectangles", n)
	}
}

func BenchmarkCompare(b *testing.B) {
	r := image.Rect(0, 0, 1920, 1080)
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, bm := range []struct {
		name    string
		changed image.Rectangle
		top     uint32
	}{
		{"same", image.Rectangle{}, 0},
		{"same with rubbish", image.Rectangle{}, rubbish},
		{"line of text", image.Rect(100, 500, 1000, 516), 0},
		{"video", image.Rect(300, 200, 1580, 920), 0},
		{"everything", r, 0},
	} {
		fb := randomPicture(rnd, r)
		var screens [2][]uint32 // what is changed is changed back
		for i := range screens {
			screens[i] = append(screens[i], fb.Pix...)
			for y := bm.changed.Min.Y; y < bm.changed.Max.Y; y++ {
				for x := bm.changed.Min.X; x < bm.changed.Max.X; x++ {
					screens[i][y*1920+x] = rnd.Uint32() & colourMask
				}
			}
			for j := range screens[i] {
				screens[i][j] |= bm.top
			}
		}
		b.Run(bm.name, func(b *testing.B) {
			p := picture{fb: fb}
			var c comparer
			b.SetBytes(int64(4 * area(r)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				pix := screens[i%2]
				for _, found := range c.compare(fb, r, pix, 1920) {
					p.store(found, pix[found.Min.Y*1920+found.Min.X:], 1920)
				}
			}
		})
	}
}

func TestCopyColours(t *testing.T) {
	for width := range 40 {
		for odd := range width + 1 { // the pixel with a top byte; the last time there is none
			src, got, want := make([]uint32, width+1), make([]uint32, width), make([]uint32, width)
			for i := range want {
				want[i] = uint32(i) * 0x010305
				src[i] = want[i]
				if i == odd {
					src[i] |= 0x80000000
				}
			}
			if copyColours(got, src); !slices.Equal(got, want) {
				t.Fatalf("of %d pixels, that at %d with a top byte: %x, want %x", width, odd, got, want)
			}
		}
	}
}
