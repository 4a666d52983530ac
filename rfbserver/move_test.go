package rfbserver

import (
	"image"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// writing looks like lines of text: glyphs of a few shapes, and much white.
func writing(seed uint64) func(x, y int) uint32 {
	return func(x, y int) uint32 {
		line, glyph := uint64(y/13), uint64(x/6)
		h := mixed(line*1000003 + glyph + seed<<40)
		if line%5 == 4 || h>>60 == 0 || y%13 > 9 || x%6 > 4 { // an empty line, a space, and around glyphs
			return 0xffffff
		}
		if h>>(8+uint(x%6)+5*uint(y%13/2))&1 == 0 {
			return 0xffffff
		}
		return 0x202020
	}
}

// pattern looks like text that is the same all along its lines.
func pattern(x, y int) uint32 {
	shade := uint32(250 - y/10)
	if y%16 > 5 && (x*7+y/16*13)%11 > 6 {
		shade = 40
	}
	return shade<<16 | shade<<8 | shade
}

// mixed is a number that shows nothing of n.
func mixed(n uint64) uint64 {
	n *= sumBase
	n ^= n >> 29
	return n * sumBase
}

// grain looks like a photo.
func grain(seed uint64) func(x, y int) uint32 {
	return func(x, y int) uint32 {
		n := uint32(mixed(uint64(y)<<20+uint64(x)+seed<<40) >> 58)
		v := uint32(x+y)/8%160 + n/8
		return v<<16 | (v+20)<<8 | (v + 40 + n/16)
	}
}

// paint fills r, and hints at the damage.
func (d *paper) paint(r image.Rectangle, px func(x, y int) uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fill(r, px)
	d.hintAt(r)
}

func (d *paper) fill(r image.Rectangle, px func(x, y int) uint32) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			d.pix[y*d.stride+x] = px(x, y)&colourMask | rubbish
		}
	}
}

func (d *paper) hintAt(r image.Rectangle) {
	d.damage = append(d.damage, r.Intersect(image.Rect(0, 0, d.stride, len(d.pix)/d.stride)))
	d.changed()
}

// scroll moves what is in r by so much, and fills the place that gets free.
func (d *paper) scroll(r image.Rectangle, by image.Point, px func(x, y int) uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := slices.Clone(d.pix)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if p := image.Pt(x, y).Sub(by); p.In(r) {
				d.pix[y*d.stride+x] = was[p.Y*d.stride+p.X]
			} else {
				d.pix[y*d.stride+x] = px(x, y)&colourMask | rubbish
			}
		}
	}
	d.hintAt(r)
}

// scene is a screen with a terminal, a page and a photo, as three viewers see it: one that copies, one that has the cursor
// painted and copies, and one that does not copy.
type scene struct {
	*paper
	viewers []*viewerEnd
}

func newScene(t *testing.T) *scene {
	d := newPaper(1000, 700)
	d.shape, d.at = shape(), image.Pt(400, 300)
	d.paint(image.Rect(0, 0, 1000, 700), grain(1))
	s := share(t, &Server{Desktop: d})
	c := &scene{paper: d}
	for _, list := range [][]rfb.Encoding{
		{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingCursor, rfb.EncodingLastRect},
		{rfb.EncodingZRLE, rfb.EncodingCopyRect},
		{rfb.EncodingRaw, rfb.EncodingCursor},
	} {
		v := attach(t, s, list...)
		v.update()
		c.viewers = append(c.viewers, v)
	}
	c.see(t)
	return c
}

// see has all viewers ask until they show the screen, and returns what the first one was sent as pixels.
func (c *scene) see(t *testing.T) (sent int) {
	t.Helper()
	for i, v := range c.viewers {
		for {
			time.Sleep(time.Second)
			if c.shown(i) {
				break
			}
			v.ask(true)
			u := v.update()
			if i == 0 {
				sent += totalArea(u.Rects)
			}
		}
	}
	return sent
}

// shown tells whether a viewer shows what it should.
func (c *scene) shown(i int) bool {
	m := *c.viewers[i].Image()
	c.mu.Lock()
	defer c.mu.Unlock()
	want := rfb.Image{Pix: make([]uint32, len(c.pix)), Stride: c.stride, Rect: m.Rect}
	for j, px := range c.pix {
		want.Pix[j] = px & colourMask
	}
	if i == 1 {
		cursor{c.shape, c.hot, c.at}.paint(&want)
	}
	return slices.Equal(m.Pix, want.Pix)
}

// copied is how many pixels the first viewer copied in its next update, and how many it got otherwise. It shows the screen then.
func (c *scene) copied(t *testing.T) (copied, sent int) {
	t.Helper()
	v := c.viewers[0]
	v.ask(true)
	u := v.update()
	n := min(len(u.Rects), u.Copies)
	if !c.shown(0) {
		t.Fatal("the picture is wrong")
	}
	return totalArea(u.Rects[:n]), totalArea(u.Rects[n:])
}

func TestMovesAreFound(t *testing.T) {
	window := image.Rect(100, 100, 500, 400)
	for _, tt := range []struct {
		name    string
		prepare func(c *scene)
		move    func(c *scene)
		copied  int // at least
		sent    int // at most
	}{
		{"terminal, a line",
			func(c *scene) { c.paint(window, writing(1)) },
			func(c *scene) {
				c.scroll(window, image.Pt(0, -13), func(x, y int) uint32 { return writing(2)(x, y) })
			},
			400 * 280, 400 * 14},
		{"page, up, beside a bar and under a head",
			func(c *scene) { c.paint(window, writing(1)) },
			func(c *scene) {
				c.scroll(image.Rect(100, 140, 480, 400), image.Pt(0, 37), writing(3))
				c.paint(image.Rect(480, 150, 500, 200), grain(9))
			},
			380 * 220, 400*40 + 60*60},
		{"sideways",
			func(c *scene) { c.paint(window, writing(1)) },
			func(c *scene) { c.scroll(window, image.Pt(-50, 0), writing(3)) },
			345 * 300, 56 * 300},
		{"window, a little",
			func(c *scene) { c.paint(window, writing(1)) },
			func(c *scene) {
				c.paint(window, grain(1))
				c.paint(window.Add(image.Pt(7, -5)), func(x, y int) uint32 { return writing(1)(x-7, y+5) })
			},
			400 * 299, 400*5 + 300*7},
		{"window, far",
			func(c *scene) { c.paint(window, writing(1)) },
			func(c *scene) {
				c.paint(window, grain(1))
				c.paint(window.Add(image.Pt(401, 203)), func(x, y int) uint32 { return writing(1)(x-401, y-203) })
			},
			400 * 299, 400*301 + 4000},
		{"window of a pattern",
			func(c *scene) { c.paint(window, pattern) },
			func(c *scene) {
				c.paint(window, grain(1))
				c.paint(window.Add(image.Pt(-2, -9)), func(x, y int) uint32 { return pattern(x+2, y+9) })
			},
			400 * 299, 400*9 + 300*2},
		{"window with a clock in the middle and one in a corner",
			func(c *scene) { c.paint(window, pattern) },
			func(c *scene) {
				c.paint(window, grain(1))
				c.paint(window.Add(image.Pt(9, 1)), func(x, y int) uint32 { return pattern(x-9, y-1) })
				c.paint(image.Rect(290, 240, 314, 264), grain(7))
				c.paint(image.Rect(460, 110, 500, 150), grain(8))
			},
			380 * 280, 15500},
		{"two windows change places",
			func(c *scene) { c.paint(window, writing(1)); c.paint(window.Add(image.Pt(420, 0)), writing(2)) },
			func(c *scene) {
				c.paint(window, func(x, y int) uint32 { return writing(2)(x+420, y) })
				c.paint(window.Add(image.Pt(420, 0)), func(x, y int) uint32 { return writing(1)(x-420, y) })
			},
			400 * 300, 400 * 300}, // for one of them
		{"photo beside a photo",
			func(c *scene) { c.paint(window, grain(2)) },
			func(c *scene) { c.paint(window, grain(3)) },
			0, 400 * 300},
		{"plain",
			func(c *scene) { c.paint(window, func(x, y int) uint32 { return 0x123456 }) },
			func(c *scene) {
				c.paint(window, grain(1))
				c.paint(window.Add(image.Pt(30, 30)), func(x, y int) uint32 { return 0x123456 })
			},
			0, 430 * 330},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newScene(t)
				tt.prepare(c)
				c.see(t)
				tt.move(c)
				copied, sent := c.copied(t)
				if copied < tt.copied || sent > tt.sent || tt.copied == 0 && copied > 0 {
					t.Errorf("%d pixels were copied and %d sent; want %d at least and %d at most", copied, sent, tt.copied, tt.sent)
				}
				c.see(t)
			})
		})
	}
}

// One that asks for a part of the screen is sent nothing but that, and one that does not copy gets pixels.
func TestMovesAreForThoseWhoCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newScene(t)
		window := image.Rect(100, 100, 500, 400)
		c.paint(window, writing(1))
		c.see(t)
		c.scroll(window, image.Pt(0, -13), writing(2))
		half := image.Rect(0, 0, 300, 700)
		c.viewers[0].Request(true, half)
		c.viewers[2].ask(true)
		u := c.viewers[0].update()
		for _, r := range u.Rects {
			if !r.In(half) {
				t.Errorf("%v is outside of what was asked for", r)
			}
		}
		if u.Copies > 0 || c.viewers[2].update().Copies > 0 {
			t.Error("they are to copy")
		}
		c.see(t)
	})
}

// Whatever moves and changes while viewers are slow, or ask for parts: in the end they show the screen.
func TestMovesEndInTheRightPicture(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			c := newScene(t)
			point := func(n int) image.Point { return image.Pt(rnd.IntN(2*n)-n, rnd.IntN(2*n)-n) }
			rect := func(w, h int) image.Rectangle {
				return image.Rect(0, 0, w+rnd.IntN(w), h+rnd.IntN(h)).Add(image.Pt(rnd.IntN(600), rnd.IntN(400))).Intersect(image.Rect(0, 0, 1000, 700))
			}
			page := image.Rect(50, 60, 950, 640)
			c.paint(page, writing(seed))
			waits := make([]image.Rectangle, len(c.viewers)) // for something there
			copies := 0
			read := func(i int) {
				if at := waits[i]; !at.Empty() { // so that there is something
					c.draw(image.Rectangle{at.Min, at.Min.Add(image.Pt(1, 1))}, rnd.Uint32())
					copies += c.viewers[i].update().Copies
					waits[i] = image.Rectangle{}
				}
			}
			for range 60 {
				switch rnd.IntN(9) {
				case 0:
					c.paint(rect(100, 100), writing(rnd.Uint64()))
				case 1:
					c.draw(rect(10, 10), rnd.Uint32())
				case 2, 3, 4, 5:
					c.scroll(page, image.Pt(0, rnd.IntN(61)-30), writing(rnd.Uint64()))
				case 6:
					c.scroll(rect(200, 200), point(40), grain(rnd.Uint64()))
				case 7:
					c.set(func() { c.at = c.at.Add(point(90)) })
				}
				time.Sleep(time.Duration(rnd.IntN(30)) * time.Millisecond)
				i := rnd.IntN(len(c.viewers))
				read(i)
				waits[i] = c.viewers[i].Image().Rect
				if rnd.IntN(8) == 0 {
					waits[i] = rect(300, 300)
				}
				c.viewers[i].Request(rnd.IntN(9) > 0, waits[i])
			}
			for i := range c.viewers {
				read(i)
			}
			c.see(t)
			if copies < 10 {
				t.Errorf("seed %d: %d copies", seed, copies)
			}
		})
	}
}
