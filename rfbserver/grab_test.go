package rfbserver

import (
	"image"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// A program that hides the pointer and puts it back gets movements from those who can say them, until it shows it again.
func TestGrabbedPointer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(800, 600)
		d.shape = shape()
		s := share(t, &Server{Desktop: d})
		v := attach(t, s, rfb.EncodingRaw, rfb.EncodingQEMUPointerMotion)
		plain := attach(t, s)
		v.update()
		plain.update()
		middle, at := image.Pt(400, 300), image.Pt(10, 10)
		move := func(by image.Point) {
			at = at.Add(by)
			v.Pointer(at, 0)
			synctest.Wait()
			d.set(func() { d.at = at })
			time.Sleep(2 * frame)
			d.set(func() { d.at = middle }) // as the program wants it
			time.Sleep(2 * frame)
		}
		told := func() { // what the server has to tell
			v.ask(true)
			d.draw(image.Rect(0, 0, 1, 1), uint32(len(d.inputs())))
			v.update()
			time.Sleep(2 * frame)
		}
		for range 5 { // while it shows, that is its own affair
			move(image.Pt(3, 0))
		}
		told()
		d.expect(t, func() { v.Pointer(image.Pt(40, 40), 1) }, "40,40 001")
		at = image.Pt(40, 40)
		d.set(func() { d.at = at })
		time.Sleep(2 * frame)
		d.set(func() { d.shape = image.NewRGBA(image.Rect(0, 0, 16, 16)) })
		time.Sleep(2 * frame)
		for range grabAfter - 1 {
			move(image.Pt(1, 1))
		}
		told()
		d.expect(t, func() { v.Pointer(image.Pt(50, 50), 0) }, "50,50 000")
		at = image.Pt(50, 50)
		move(image.Pt(1, 1))
		d.expect(t, func() { v.Pointer(image.Pt(50, 52), 0) }, "50,52 000") // not told yet
		told()
		d.expect(t, func() { v.Pointer(image.Pt(60, 50), 1) }, "+10,-2 001") // and now it is
		d.expect(t, func() { v.Push(image.Pt(-700, 5), 1) }, "-700,+5 001")  // beyond what it shows
		d.expect(t, func() { v.conn.Write(rfb.PointerEvent{Pos: image.Pt(70, 50)}.Append(nil)) }, "70,50 000")
		d.expect(t, func() { v.conn.Write(rfb.PointerEvent{Pos: image.Pt(0x7fff, 50)}.Append(nil)) }, "799,50 000")
		d.expect(t, func() { plain.Pointer(image.Pt(1, 2), 0) }, "1,2 000")
		d.expect(t, func() { plain.Pointer(image.Pt(0x7fff, 0x7ffe), 0) }, "799,599 000") // it was not asked

		d.set(func() { d.shape = shape() })
		time.Sleep(2 * frame)
		told()
		d.expect(t, func() { v.Pointer(image.Pt(60, 50), 1) }, "60,50 001")
		d.expect(t, func() { v.conn.Write(rfb.PointerEvent{Buttons: 1, Pos: image.Pt(0x7fff-3, 0x7fff)}.Append(nil)) }, "-3,+0 001") // was on its way
		d.expect(t, func() { v.leave() }, "+0,+0 000")
	})
}

// A pointer that is merely hidden, or at the edge of where it may be, is not grabbed.
func TestPointerIsNotGrabbed(t *testing.T) {
	var in input
	var g grab
	see := func(at image.Point) bool { return g.look(cursor{at: at}, &in) }
	for i := range 100 {
		in.note(image.Pt(i, 0))
		if see(image.Pt(i, 0)) {
			t.Fatal("it is where the viewer put it")
		}
	}
	for i := range 100 {
		in.note(image.Pt(200, i))
		if see(image.Pt(150, i)) {
			t.Fatal("it is not put back to one place")
		}
	}
	for range 100 {
		if see(image.Pt(400, 400)) {
			t.Fatal("nobody moved it")
		}
	}
	for range grabAfter {
		in.note(image.Pt(7, 7))
		see(image.Pt(7, 7)) // before the program had its way
		see(image.Pt(400, 400))
	}
	if !see(image.Pt(400, 400)) {
		t.Error("it is put back to one place")
	}
}
