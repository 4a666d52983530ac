package rfbserver

import (
	"context"
	"errors"
	"image"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// In these tests time passes only while everyone waits.
func TestFirstPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(300, 200)
		<-d.hint // as a desktop that has not changed since it was opened
		s := share(t, &Server{Desktop: d, Log: talkative(t)})
		v := attach(t, s)
		v.update()
		if v.Name() != "paper" || !v.same(d) {
			t.Errorf("shows another picture of %q", v.Name())
		}
		if err := v.leave(); err != nil {
			t.Errorf("left with %v", err)
		}
	})
}

func TestUpdateIsWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(640, 400)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		for _, r := range []image.Rectangle{
			image.Rect(70, 70, 71, 71),     // a pixel
			image.Rect(10, 3, 29, 17),      // inside of a block
			image.Rect(60, 60, 70, 70),     // over four blocks
			image.Rect(5, 100, 635, 120),   // a line of text
			image.Rect(300, 0, 310, 400),   // a column
			image.Rect(0, 0, 640, 400),     // everything
			image.Rect(639, 399, 640, 400), // the last pixel
		} {
			v.ask(true)
			d.draw(r, uint32(r.Dx()))
			u := v.update()
			sent := region{rects: u.Rects}
			if sent.bounds() != r || totalArea(u.Rects) != area(r) {
				t.Errorf("%v changed, %v was sent", r, u.Rects)
			}
			if !v.same(d) {
				t.Fatalf("%v: the picture is wrong", r)
			}
		}
	})
}

// Whoever asks for all pixels gets those that were there when it asked, not the last ones captured.
func TestWholePictureIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		for i := range uint32(20) {
			d.draw(image.Rect(0, 0, 9, 9), i)
			v.ask(false)
			v.update()
			if !v.same(d) {
				t.Fatalf("picture %d is old", i)
			}
		}
	})
}

// Nothing is captured for those who are gone.
func TestNobodyIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		s := share(t, &Server{Desktop: d})
		v, stays := attach(t, s), attach(t, s)
		v.update()
		stays.update()
		v.ask(true)
		v.leave()
		before := d.captured()
		for i := range uint32(10) {
			d.draw(image.Rect(0, 0, 9, 9), i)
			time.Sleep(time.Second)
		}
		if d.captured() != before {
			t.Errorf("%d captures", d.captured()-before)
		}
		stays.sees(d)
	})
}

// What changes while nobody asks arrives at once, and only as it is in the end.
func TestChangesMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(640, 400)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		time.Sleep(time.Second)
		before := d.captured()
		for i := range uint32(100) {
			d.draw(image.Rect(100, 100, 110, 110), i)
			d.draw(image.Rect(500, 300, 510, 310), i)
			time.Sleep(10 * time.Millisecond)
		}
		if d.captured() != before {
			t.Errorf("%d captures that nobody asked for", d.captured()-before)
		}
		v.ask(true)
		u := v.update()
		if want := []image.Rectangle{image.Rect(100, 100, 110, 110), image.Rect(500, 300, 510, 310)}; !reflect.DeepEqual(u.Rects, want) {
			t.Errorf("%v", u.Rects)
		}
	})
}

// The first change goes out at once, those that follow 60 times a second, and then all is quiet.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		time.Sleep(time.Second)
		start, before := time.Now(), d.captured()
		v.ask(true)
		d.draw(image.Rect(0, 0, 1, 1), 1)
		v.update()
		if took := time.Since(start); took != 0 {
			t.Errorf("the first change took %v", took)
		}
		go func() {
			for i := range uint32(1000) {
				time.Sleep(time.Millisecond)
				d.draw(image.Rect(0, 0, 1, 1), 1+i)
			}
		}()
		for time.Since(start) < time.Second {
			v.ask(true)
			v.update()
		}
		if n := d.captured() - before; n < 55 || n > 62 {
			t.Errorf("%d captures in a second", n)
		}
		v.sees(d)
		before = d.captured()
		v.ask(true)
		time.Sleep(time.Hour)
		if n := d.captured() - before; n > 0 {
			t.Errorf("%d captures of a desktop that did not change", n)
		}
	})
}

func TestUpdateIsNeverEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		v.ask(true)
		d.set(func() {}) // a hint at nothing
		time.Sleep(time.Second)
		d.set(func() { d.damage = []image.Rectangle{image.Rect(0, 0, 64, 64)} }) // nor did this change a pixel
		time.Sleep(time.Second)
		d.set(func() { d.name = "another" }) // which this viewer does not understand
		time.Sleep(time.Second)
		d.draw(image.Rect(1, 2, 3, 4), 5)
		if u := v.update(); len(u.Rects) != 1 || u.Rects[0] != image.Rect(1, 2, 3, 4) {
			t.Errorf("%+v", u)
		}
	})
}

func TestRequestsOfAllKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(100, 100)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		for _, tt := range []struct{ ask, want image.Rectangle }{
			{image.Rect(10, 10, 20, 20), image.Rect(10, 10, 20, 20)},
			{image.Rect(90, 90, 65535, 65535), image.Rect(90, 90, 100, 100)},
			{image.Rect(0, 0, 100, 1), image.Rect(0, 0, 100, 1)},
		} {
			v.Request(false, tt.ask)
			if u := v.update(); len(u.Rects) != 1 || u.Rects[0] != tt.want {
				t.Errorf("asked for %v, got %v", tt.ask, u.Rects)
			}
		}
		v.Request(false, image.Rect(0, 0, 0, 0))           // for nothing
		v.Request(false, image.Rect(200, 200, 300, 300))   // for what is not there
		v.Request(true, image.Rect(65535, 65535, 9e5, 50)) // nor is that
		v.Request(true, image.Rect(0, 0, 50, 50))
		d.draw(image.Rect(60, 60, 70, 70), 1) // outside of it
		time.Sleep(time.Second)
		d.draw(image.Rect(40, 40, 70, 70), 2) // half inside
		if u := v.update(); len(u.Rects) != 1 || u.Rects[0] != image.Rect(40, 40, 50, 50) {
			t.Errorf("%v", u.Rects)
		}
		v.sees(d) // the other half was kept
	})
}

func TestInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(100, 100)
		s := share(t, &Server{Desktop: d})
		a, b := attach(t, s), attach(t, s)
		a.update()
		b.update()
		step := func(what func(), want ...string) {
			t.Helper()
			before := len(d.inputs())
			what()
			synctest.Wait()
			if got := d.inputs()[before:]; strings.Join(got, "; ") != strings.Join(want, "; ") {
				t.Errorf("%q; want %q", got, want)
			}
		}
		step(func() { a.Key('x', true); a.Key('x', true); a.Key('x', false) }, "x true", "x true", "x false")
		step(func() { a.Key('s', true); b.Key('s', true) }, "s true", "s true")
		step(func() { a.Key('s', false) })            // b holds it still
		step(func() { a.Key('q', false) }, "q false") // the desktop knows better
		step(func() { b.Key('s', false) }, "s false") //
		step(func() { a.Key('s', true) }, "s true")   //
		step(func() { b.Key('s', false) })            // b does not hold it, but a does
		step(func() { a.Pointer(image.Pt(5, 6), 1) }, "5,6 001")
		step(func() { b.Pointer(image.Pt(7, 65535), 4) }, "7,99 101") // a's button stays down
		step(func() { a.Key('A', true); a.leave() }, "A true", "A false", "s false", "5,6 100")
		step(func() { b.leave() }, "7,99 000")
	})
}

func TestHeldKeysAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		for k := range uint32(10000) {
			v.Key(k, true)
		}
		v.leave()
		held := 0
		for _, e := range d.inputs() {
			if strings.HasSuffix(e, "true") {
				held++
			} else {
				held--
			}
			if held > maxHeld {
				t.Fatalf("%d keys are held", held)
			}
		}
		if held != 0 {
			t.Errorf("%d keys stay down", held)
		}
	})
}

func TestDesktopName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingRaw, rfb.EncodingDesktopName)
		v.update()
		v.ask(true)
		d.set(func() { d.name = "büro" })
		if u := v.update(); !u.NameChanged || v.Name() != "büro" {
			t.Errorf("%+v, %q", u, v.Name())
		}
	})
}

func TestServeEnds(t *testing.T) {
	for name, end := range map[string]struct {
		by   func(cancel func(), d *paper, v *viewerEnd)
		want error
	}{
		"with its context":  {func(cancel func(), _ *paper, _ *viewerEnd) { cancel() }, context.Canceled},
		"with its viewer":   {func(_ func(), _ *paper, v *viewerEnd) { v.conn.Close() }, nil},
		"with the desktop":  {func(_ func(), d *paper, v *viewerEnd) { v.ask(true); d.set(func() { d.fails = errors.New("gone") }) }, errNoDesktop},
		"with a bad format": {func(_ func(), _ *paper, v *viewerEnd) { v.conn.Write(make([]byte, 20)) }, errAny},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newPaper(10, 10)
				s := share(t, &Server{Desktop: d})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				viewer, conn := net.Pipe()
				served := make(chan error, 1)
				go func() { served <- s.Serve(ctx, conn) }()
				c, err := rfb.NewClient(viewer, rfb.ClientOptions{})
				if err != nil {
					t.Fatal(err)
				}
				v := &viewerEnd{Client: c, t: t, conn: viewer}
				v.ask(false)
				v.update()
				end.by(cancel, d, v)
				if err := <-served; !errors.Is(err, end.want) && (end.want != errAny || err == nil) {
					t.Errorf("returned %v", err)
				}
				if _, err := v.Next(); err == nil {
					t.Error("the connection goes on")
				}
			})
		})
	}
}

var errAny = errors.New("any error")
