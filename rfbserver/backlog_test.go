package rfbserver

import (
	"image"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"sixgate/rfb"
)

// sheet is a small picture. The lowest bit of a pixel says that it is not exact.
type sheet [48][64]uint32

func (s *sheet) carry(m move) {
	was := *s
	for y := m.to.Min.Y; y < m.to.Max.Y; y++ {
		for x := m.to.Min.X; x < m.to.Max.X; x++ {
			s[y][x] = was[y-m.by.Y][x-m.by.X]
		}
	}
}

// What a viewer shows is the picture once it has carried out its moves, but for what is dirty, and exactly so but for what is
// lossy or at rest: whatever moves and changes, and whatever it takes of it and when.
func TestBacklogIsWhatTheViewerLacks(t *testing.T) {
	whole := image.Rect(0, 0, 64, 48)
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var b backlog
		var picture, shown sheet
		bounds := whole // as the viewer knows them
		if seed%3 == 0 {
			bounds.Max = bounds.Max.Sub(image.Pt(10, 8))
		}
		b.reset(bounds)
		for step := range 60 {
			r := randomRect(rnd)
			switch by := image.Pt(rnd.IntN(41)-20, rnd.IntN(31)-15); rnd.IntN(8) {
			case 0, 1, 2: // as a capture has it: what moved, and what is new
				m := move{r.Intersect(whole.Add(by)), by}
				if m.to.Empty() {
					continue
				}
				picture.carry(m)
				b.move(m, bounds)
				fallthrough
			case 3:
				news := randomRect(rnd)
				for y := news.Min.Y; y < news.Max.Y; y++ {
					for x := news.Min.X; x < news.Max.X; x++ {
						picture[y][x] = rnd.Uint32() &^ 1
					}
				}
				b.change(news.Intersect(bounds))
			case 4:
				b.flatten()
			case 5, 6:
				for _, m := range b.takeMoves(nil) {
					shown.carry(m)
				}
				lossy := rnd.Uint32N(2)
				for _, r := range b.dirty.take(r, nil) {
					for y := r.Min.Y; y < r.Max.Y; y++ {
						for x := r.Min.X; x < r.Max.X; x++ {
							shown[y][x] = picture[y][x] | lossy
						}
					}
					if lossy > 0 {
						b.lossy.add(r)
					}
				}
			case 7:
				b.lossy.remove(r)
				b.rest.add(r.Intersect(bounds))
			}
			then := shown
			for _, m := range b.moves {
				then.carry(m)
			}
			dirty, _ := draw(b.dirty.rects)
			lossy, _ := draw(append(slices.Clone(b.lossy.rects), b.rest.rects...))
			for y := range then {
				for x, px := range then[y] {
					if !image.Pt(x, y).In(bounds) {
						continue
					}
					if want := picture[y][x]; !dirty[y][x] && (px&^1 != want || px != want && !lossy[y][x]) {
						t.Fatalf("seed %d step %d: pixel %d,%d is %x, not %x; moves %v", seed, step, x, y, px, want, b.moves)
					}
				}
			}
		}
	}
}

// A window that is dragged while the viewer is slow is copied once, and a terminal that scrolls as well.
func TestMovesOfOneThingBecomeOne(t *testing.T) {
	bounds := image.Rect(0, 0, 1000, 1000)
	var drag, scroll backlog
	at, page := image.Rect(100, 100, 500, 400), image.Rect(0, 0, 800, 600)
	for i := range 100 {
		by := image.Pt(i%7, 3-i%5)
		was := at
		at = at.Add(by)
		drag.move(move{at, by}, bounds)
		for _, left := range appendDifference(nil, was, at) {
			drag.change(left)
		}
		if i < 20 {
			scroll.move(move{image.Rect(0, 0, 800, 587), image.Pt(0, -13)}, bounds)
			scroll.change(image.Rect(0, 587, 800, 600))
		}
	}
	if got := drag.takeMoves(nil); len(got) != 1 || got[0].to != at {
		t.Errorf("a window was dragged to %v by %v", at, got)
	}
	want := move{image.Rect(0, 0, 800, 600-20*13), image.Pt(0, -20*13)}
	if got := scroll.takeMoves(nil); len(got) != 1 || got[0] != want || scroll.dirty.bounds() != image.Rect(0, want.to.Max.Y, 800, page.Max.Y) {
		t.Errorf("the page moved by %v, and %v is new", got, scroll.dirty.rects)
	}
}

// In steady state nothing is allocated for what moves, is compared, kept or sent.
func TestMovesAllocateNothing(t *testing.T) {
	f := newFilm(image.Rect(200, 100, 700, 500), func(x, y, i int) uint32 { return writing(1)(x, y+26*i) })
	s := &Server{Desktop: f}
	s.init()
	s.look()
	v := newViewer(s, new(drain), rfb.Version38, nil)
	s.takeIn(v)
	v.begun = true // there is no Run that would look for it first
	v.setEncodings(rfb.SetEncodings{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingQualityLevel0 + 6, rfb.EncodingLastRect})
	all := rfb.FramebufferUpdateRequest{Incremental: true, Rect: v.bounds()}
	moves := 0
	update := func() {
		v.request(all)
		if err := s.capture(); err != nil {
			t.Fatal(err)
		}
		for m := &v.out.message; v.next(m); {
			moves += len(m.moves)
			if err := v.send(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 50 {
		update()
	}
	moves = 0
	if n := testing.AllocsPerRun(100, update); n > 0 || moves < 100 {
		t.Errorf("%v allocations in an update, and %d moves", n, moves)
	}
}

// A size that changes to and fro, as a hostile host's may, costs no more memory than the largest.
func TestSizesMakeNoGarbage(t *testing.T) {
	var p picture
	large, small := []image.Rectangle{image.Rect(0, 0, 4096, 2048)}, []image.Rectangle{image.Rect(0, 0, 100, 90)}
	p.arrange(small)
	p.fb.Row(0, 100, 40)[7] = 0x123456
	p.arrange(large)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		p.arrange(small)
		if p.fb.Rect != small[0] || p.fb.Row(0, 100, 40)[7] != 0x123456 {
			t.Fatal("what was shown went with the size")
		}
		p.arrange(large)
		if row := p.fb.Row(0, 4096, 40); row[7] != 0x123456 || row[100] != 0 || p.fb.Row(0, 4096, 90)[7] != 0 {
			t.Fatal("what was shown went with the size, or something else came")
		}
		p.fb.Row(0, 4096, 91)[7], p.fb.Row(0, 4096, 40)[2000] = 1, 1
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes of garbage", n)
	}
	p.arrange(small)
	p.sized = p.sized.Add(-2 * stormFor)
	if p.trim(); cap(p.fb.Pix) > wasteful*len(p.fb.Pix) || p.fb.Row(0, 100, 40)[7] != 0x123456 {
		t.Errorf("%d pixels of memory for a picture of %d", cap(p.fb.Pix), len(p.fb.Pix))
	}
}
