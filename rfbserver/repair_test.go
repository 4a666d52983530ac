package rfbserver

import (
	"image"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// lossyViewer is one that has seen the first picture, exactly.
func lossyViewer(t *testing.T, d *paper, s *Server, quality int) *viewerEnd {
	v := attach(t, s, rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingQualityLevel0+rfb.Encoding(quality), rfb.EncodingLastRect)
	v.update()
	v.sees(d)
	return v
}

func TestLossyPixelsAreRepairedAtRest(t *testing.T) {
	for quality := range 10 {
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(700, 500)
			v := lossyViewer(t, d, share(t, &Server{Desktop: d}), quality)
			for range 3 {
				time.Sleep(time.Minute)
				photo := image.Rect(30, 50, 670, 450)
				d.paint(photo, grain(uint64(time.Now().UnixNano())))
				start := time.Now()
				v.ask(true)
				first := v.update()
				if time.Since(start) != 0 || v.same(d) {
					t.Fatalf("quality %d: the photo came after %v; exactly: %v", quality, time.Since(start), v.same(d))
				}
				seen := totalArea(first.Rects)
				repaired := 0
				for !v.same(d) {
					v.ask(true)
					repaired += totalArea(v.update().Rects)
				}
				if took := time.Since(start); took != restFor || repaired > seen {
					t.Errorf("quality %d: repaired after %v, %d pixels of %d", quality, took, repaired, seen)
				}
			}
			v.ask(true)
			synctest.Wait()
			before := d.captured()
			time.Sleep(time.Hour)
			d.draw(image.Rect(1, 1, 2, 2), 3)
			if u := v.update(); totalArea(u.Rects) != 1 || d.captured() != before+1 {
				t.Errorf("quality %d: an exact picture was repaired: %v", quality, u.Rects)
			}
		})
	}
}

// What is new goes before a repair, and what moves is repaired where it has come to.
func TestRepairsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(1500, 1000)
		d.paint(image.Rect(0, 0, 1500, 1000), grain(4))
		v := lossyViewer(t, d, share(t, &Server{Desktop: d}), 6)
		time.Sleep(time.Second)
		photo := image.Rect(100, 100, 900, 800)
		d.paint(photo, grain(5))
		v.ask(true)
		v.update()
		time.Sleep(restFor / 2)
		v.ask(true)
		d.scroll(photo, image.Pt(0, -40), grain(6))
		if u := v.update(); u.Copies == 0 {
			t.Error("the photo was not copied")
		}
		start := time.Now()
		v.ask(true)
		first := totalArea(v.update().Rects)
		if took := time.Since(start); took != restFor || first > repairArea {
			t.Errorf("%d pixels were repaired after %v", first, took)
		}
		if v.same(d) {
			t.Fatal("all was repaired at once")
		}
		d.draw(image.Rect(10, 10, 20, 20), 1)
		time.Sleep(frame)
		v.ask(true)
		if u := v.update(); len(u.Rects) != 1 || u.Rects[0] != image.Rect(10, 10, 20, 20) {
			t.Errorf("what is new waits for %v", u.Rects)
		}
		v.sees(d)
		if took := time.Since(start); took > 2*restFor {
			t.Errorf("repaired after %v", took)
		}
	})
}

// A film costs less from its third picture on, and is repaired when it ends, not in between.
func TestFilmIsSentCheaper(t *testing.T) {
	for _, tt := range []struct {
		list    []rfb.Encoding
		cheaper bool
	}{
		{[]rfb.Encoding{rfb.EncodingTight, rfb.EncodingQualityLevel0 + 8}, true},
		{[]rfb.Encoding{rfb.EncodingTight, rfb.EncodingFineQuality0 + 92}, false}, // it said how
		{[]rfb.Encoding{rfb.EncodingTight}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(640, 480)
			s := share(t, &Server{Desktop: d})
			v := attach(t, s, tt.list...)
			v.update()
			v.sees(d)
			for range 3 { // the third picture of a slow show is not one of a film
				time.Sleep(time.Second)
				d.paint(image.Rect(0, 0, 640, 480), grain(uint64(time.Now().UnixNano())))
				v.sees(d)
			}
			time.Sleep(time.Second)
			var errors []int
			for n := range 8 {
				d.paint(image.Rect(0, 0, 640, 480), grain(uint64(n)))
				v.ask(true)
				if u := v.update(); totalArea(u.Rects) != 640*480 {
					t.Fatalf("%v: %d pixels in picture %d", tt.list, totalArea(u.Rects), n)
				}
				errors = append(errors, v.wrong(d))
				time.Sleep(time.Second / 30)
			}
			if now, then := errors[2], errors[1]; now > then+then/8 != tt.cheaper || errors[0] > then+then/8 || errors[7] > now+now/8 {
				t.Errorf("%v: the pictures were wrong by %v", tt.list, errors)
			}
			start := time.Now()
			v.sees(d)
			if took := time.Since(start); took > restFor {
				t.Errorf("%v: the last picture was repaired after %v", tt.list, took)
			}
		})
	}
}

// wrong is how far the viewer's picture is from the paper.
func (v *viewerEnd) wrong(d *paper) (sum int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, px := range v.Image().Pix {
		for shift := 0; shift < 24; shift += 8 {
			e := int(px>>shift&0xff) - int(d.pix[i]>>shift&0xff)
			sum += e * e
		}
	}
	return sum
}
