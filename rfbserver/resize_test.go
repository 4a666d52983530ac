package rfbserver

import (
	"errors"
	"image"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// The screen that these tests wish for, as large as the desktop is to be.
func oneScreen(w, h int) rfb.SetDesktopSize {
	return rfb.SetDesktopSize{Size: image.Pt(w, h), Screens: []rfb.Screen{{ID: 1, Rect: image.Rect(0, 0, w, h)}}}
}

// told is what an update of one ExtendedDesktopSize says on the wire.
func told(who, result, w, h int, screens ...rfb.Screen) string {
	return "<" + string(rfb.AppendExtendedDesktopSize(rfb.AppendFramebufferUpdate(nil, 1), who, result, image.Pt(w, h), screens))
}

// The one that wishes is told that it came true, the others that another did it, and all see the new desktop.
func TestSetDesktopSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		d.resizes = func(size image.Point) error { d.resize(image.Rectangle{Max: size}); return nil }
		s := share(t, &Server{Desktop: d})
		asker, other := enter(t, s), enter(t, s)
		list := wire(rfb.SetEncodings{rfb.EncodingExtendedDesktopSize})
		ask := func() string {
			return wire(rfb.FramebufferUpdateRequest{Incremental: true, Rect: image.Rect(0, 0, 1, 1)})
		}
		one := rfb.Screen{ID: 1, Rect: image.Rect(0, 0, 8, 8)}
		first := "<" + string(rfb.AppendExtendedDesktopSize(rfb.AppendFramebufferUpdate(nil, 2), 0, 0, image.Pt(8, 8), []rfb.Screen{one}))
		pixel := func() string {
			return "<\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00" + string([]byte{byte(d.pixel(0, 0)), byte(d.pixel(0, 0) >> 8), byte(d.pixel(0, 0) >> 16), 0})
		}
		talk(t, asker, list, ask(), first, pixel())
		talk(t, other, list, ask(), first, pixel(), ask())
		talk(t, asker, wire(oneScreen(20, 10)))
		synctest.Wait()
		wide := rfb.Screen{ID: 1, Rect: image.Rect(0, 0, 20, 10)}
		talk(t, other, told(rfb.ResizedByOther, 0, 20, 10, wide))
		talk(t, asker, ask(), told(rfb.ResizedByClient, 0, 20, 10, wide), ask(), "<\x00\x00\x00\x01"+pixel()[1:])
		talk(t, asker, wire(oneScreen(20, 10)), ask(), told(rfb.ResizedByClient, 0, 20, 10, wide)) // as it is
		if got := d.inputs(); len(got) != 1 || got[0] != "20x10" {
			t.Errorf("the desktop got %q", got)
		}
	})
}

// Each wish that cannot come true is answered, in order, and says why.
func TestRefusedSizes(t *testing.T) {
	many := rfb.SetDesktopSize{Size: image.Pt(600, 20)}
	for i := range 255 {
		many.Screens = append(many.Screens, rfb.Screen{ID: uint32(i), Rect: image.Rect(2*i, 0, 2*i+2, 20)})
	}
	for _, tt := range []struct {
		name string
		wish rfb.SetDesktopSize
		err  error
		want int
	}{
		{"never", oneScreen(20, 10), errors.ErrUnsupported, rfb.ResizeProhibited},
		{"not now", oneScreen(20, 10), errors.New("no mode of that size"), rfb.ResizeImpossible},
		{"0x0", oneScreen(0, 0), nil, rfb.ResizeInvalid},
		{"0 wide", oneScreen(0, 10), nil, rfb.ResizeInvalid},
		{"65535x65535", oneScreen(65535, 65535), nil, rfb.ResizeInvalid},
		{"16384x16384", oneScreen(16384, 16384), nil, rfb.ResizeInvalid},
		{"without screens", rfb.SetDesktopSize{Size: image.Pt(20, 10)}, nil, rfb.ResizeInvalid},
		{"255 screens", many, nil, rfb.ResizeInvalid},
		{"the same id twice", rfb.SetDesktopSize{Size: image.Pt(20, 10), Screens: []rfb.Screen{
			{ID: 1, Rect: image.Rect(0, 0, 20, 10)}, {ID: 1, Rect: image.Rect(0, 0, 10, 10)}}}, nil, rfb.ResizeInvalid},
		{"a screen outside", rfb.SetDesktopSize{Size: image.Pt(20, 10), Screens: []rfb.Screen{{ID: 1, Rect: image.Rect(0, 0, 21, 10)}}}, nil, rfb.ResizeInvalid},
		{"a screen of nothing", rfb.SetDesktopSize{Size: image.Pt(20, 10), Screens: []rfb.Screen{{ID: 1}}}, nil, rfb.ResizeInvalid},
		{"two screens of one", rfb.SetDesktopSize{Size: image.Pt(20, 10), Screens: []rfb.Screen{
			{ID: 1, Rect: image.Rect(0, 0, 10, 10)}, {ID: 2, Rect: image.Rect(10, 0, 20, 10)}}}, nil, rfb.ResizeInvalid},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(10, 10)
			d.resizes = func(image.Point) error { return tt.err }
			v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingExtendedDesktopSize)
			v.update()
			v.ask(true)
			v.conn.Write(tt.wish.Append(nil))
			if u := v.update(); !u.Refused || u.Resized {
				t.Errorf("%s: %+v", tt.name, u)
			}
			if got := len(d.inputs()); (got == 0) != (tt.want == rfb.ResizeInvalid) {
				t.Errorf("%s: the desktop was asked %d times", tt.name, got)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(8, 8)
			d.resizes = func(image.Point) error { return tt.err }
			conn := enter(t, share(t, &Server{Desktop: d}))
			talk(t, conn, wire(rfb.SetEncodings{rfb.EncodingExtendedDesktopSize}), wire(rfb.FramebufferUpdateRequest{Rect: image.Rect(0, 0, 1, 1)}))
			readUpdateOf2(t, conn)
			talk(t, conn, wire(tt.wish), wire(rfb.FramebufferUpdateRequest{Incremental: true, Rect: image.Rect(0, 0, 1, 1)}),
				told(rfb.ResizedByClient, tt.want, 8, 8, rfb.Screen{ID: 1, Rect: image.Rect(0, 0, 8, 8)}))
		})
	}
}

// A viewer that thrashes gets its last wish, and the desktop few of them.
func TestSizesThrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		d.resizes = func(size image.Point) error {
			time.Sleep(time.Second) // as long as a display takes
			d.resize(image.Rectangle{Max: size})
			return nil
		}
		s := share(t, &Server{Desktop: d})
		v, other := attach(t, s, rfb.EncodingExtendedDesktopSize), attach(t, s, rfb.EncodingExtendedDesktopSize)
		v.update()
		other.update()
		start := time.Now()
		v.SetDesktopSize(image.Pt(20, 30))
		synctest.Wait() // for the desktop to be at work
		for i := range 200 {
			v.SetDesktopSize(image.Pt(20+i, 30))
		}
		d.expect(t, func() { v.Key('k', true) }, "k true") // it is heard meanwhile
		if took := time.Since(start); took != 0 {
			t.Errorf("the viewer was not read for %v", took)
		}
		v.until(func() bool { return v.Image().Rect == image.Rect(0, 0, 219, 30) })
		v.sees(d)
		other.until(func() bool { return other.Image().Rect == v.Image().Rect })
		sizes := slices.DeleteFunc(d.inputs(), func(e string) bool { return !strings.Contains(e, "x") || strings.Contains(e, " ") })
		if len(sizes) != 2 || sizes[0] != "20x30" || sizes[1] != "219x30" {
			t.Errorf("the desktop got %q", sizes)
		}
		other.SetDesktopSize(image.Pt(40, 40))
		v.SetDesktopSize(image.Pt(50, 50))
		other.conn.Close() // while its wish is being done
		v.until(func() bool { return v.Image().Rect == image.Rect(0, 0, 50, 50) })
	})
}

// The desktop gets a few sizes a second at most, and what was wished for meanwhile is answered as well, in order.
func TestSizesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		var at []time.Time
		d.resizes = func(size image.Point) error {
			at = append(at, time.Now())
			time.Sleep(time.Second)
			return errors.New("no such mode")
		}
		conn := enter(t, share(t, &Server{Desktop: d}))
		talk(t, conn, wire(rfb.SetEncodings{rfb.EncodingExtendedDesktopSize}), wire(rfb.FramebufferUpdateRequest{Rect: image.Rect(0, 0, 1, 1)}))
		readUpdateOf2(t, conn)
		talk(t, conn, wire(oneScreen(9, 9)))
		synctest.Wait()
		talk(t, conn, wire(oneScreen(10, 10)), wire(oneScreen(0, 1)), wire(oneScreen(11, 11)), wire(oneScreen(8, 8)))
		time.Sleep(10 * time.Second)
		results := rfb.AppendFramebufferUpdate(nil, 5)
		for _, result := range []int{rfb.ResizeInvalid, rfb.ResizeImpossible, rfb.ResizeImpossible, rfb.ResizeImpossible, rfb.ResizeImpossible} {
			results = rfb.AppendExtendedDesktopSize(results, rfb.ResizedByClient, result, image.Pt(8, 8), []rfb.Screen{{ID: 1, Rect: image.Rect(0, 0, 8, 8)}})
		}
		talk(t, conn, wire(rfb.FramebufferUpdateRequest{Incremental: true, Rect: image.Rect(0, 0, 1, 1)}), "<"+string(results))
		if got := d.inputs(); len(got) != 2 || got[0] != "9x9" || got[1] != "8x8" { // back to what it was, too
			t.Errorf("the desktop got %q", got)
		}
		if len(at) == 2 && at[1].Sub(at[0]) != time.Second+resizeEvery {
			t.Errorf("one came %v after the other", at[1].Sub(at[0]))
		}
	})
}

// A monitor keeps its number whatever becomes of the others.
func TestScreenIDs(t *testing.T) {
	a, b, c := image.Rect(0, 0, 10, 10), image.Rect(10, 0, 20, 10), image.Rect(20, 0, 30, 10)
	var was []image.Rectangle
	var ids []uint32
	for i, tt := range []struct {
		screens []image.Rectangle
		want    []uint32
	}{
		{[]image.Rectangle{a, b}, []uint32{1, 2}},
		{[]image.Rectangle{b}, []uint32{2}},
		{[]image.Rectangle{b, c}, []uint32{2, 1}},
		{[]image.Rectangle{c, b}, []uint32{1, 2}},
		{[]image.Rectangle{c, b, a}, []uint32{1, 2, 3}},
		{[]image.Rectangle{image.Rect(0, 0, 5, 5), b, a}, []uint32{1, 2, 3}}, // has another size
		{[]image.Rectangle{a, a}, []uint32{3, 2}},
		{nil, []uint32{}},
	} {
		if ids = identify(tt.screens, was, ids); !slices.Equal(ids, tt.want) {
			t.Errorf("%d: %v are %v, want %v", i, tt.screens, ids, tt.want)
		}
		was = tt.screens
	}
}

// readUpdateOf2 reads the first update: one ExtendedDesktopSize of one screen, and one pixel.
func readUpdateOf2(t *testing.T, conn io.Reader) {
	t.Helper()
	if _, err := io.ReadFull(conn, make([]byte, 4+12+4+16+12+4)); err != nil {
		t.Fatal(err)
	}
}
