package rfbserver

import (
	"image"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

func TestExtendedMouseButtons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		s := share(t, &Server{Desktop: d})
		v, old := attach(t, s, rfb.EncodingRaw, rfb.EncodingExtendedMouseButtons), attach(t, s)
		v.update()
		old.update()
		d.expect(t, func() { v.Pointer(image.Pt(1, 2), 0x180) }, "1,2 110000000")
		d.expect(t, func() { old.Pointer(image.Pt(3, 4), 0x181) }, "3,4 110000001") // it can say eight
		d.expect(t, func() { v.Pointer(image.Pt(1, 2), 0) }, "1,2 10000001")
		d.expect(t, func() { old.leave() }, "3,4 000")
	})
}

// Each extension is announced once, however often the list comes.
func TestNoticesComeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		conn := enter(t, share(t, &Server{Desktop: d}))
		list := wire(rfb.SetEncodings{rfb.EncodingRaw, rfb.EncodingQEMUPointerMotion, rfb.EncodingExtendedMouseButtons, rfb.EncodingQEMUKey})
		one := image.Rect(3, 3, 4, 4)
		d.draw(image.Rect(0, 0, 8, 8), 0xff8001)
		pixel := "\x00\x03\x00\x03\x00\x01\x00\x01" + "\x00\x00\x00\x00" + "\x01\x80\xff\x00"
		talk(t, conn, list, wire(rfb.FramebufferUpdateRequest{Rect: one}),
			"<\x00\x00\x00\x04"+
				"\x00\x01\x00\x00\x00\x00\x00\x00\xff\xff\xfe\xff"+ // places, not movements
				"\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xfe\xfe"+ // extended key events
				"\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xfe\xc4"+ // more buttons
				pixel,
			list, wire(rfb.SetEncodings{}), list, wire(rfb.FramebufferUpdateRequest{Rect: one}), "<\x00\x00\x00\x01"+pixel)
	})
}

// A viewer is told where others have put the pointer, and never where it has put it itself.
func TestPointerPos(t *testing.T) {
	for _, enc := range []rfb.Encoding{rfb.EncodingPointerPos, rfb.EncodingVMwareCursorPos} {
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(64, 64)
			d.at = image.Pt(9, 9)
			v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingRaw, rfb.EncodingCursor, enc)
			if u := v.update(); !u.PointerMoved || v.PointerPos() != image.Pt(9, 9) {
				t.Errorf("%v: at first %+v, %v", enc, u, v.PointerPos())
			}
			v.ask(true)
			for i := range 60 { // faster than anybody looks
				v.Pointer(image.Pt(i, 1), 0)
			}
			for i := range 60 {
				d.set(func() { d.at = image.Pt(i, 1) })
				time.Sleep(2 * frame)
			}
			d.set(func() { d.at = image.Pt(-5, 1) }) // outside
			time.Sleep(time.Second)
			d.set(func() { d.at = image.Pt(20, 30) }) // by someone else
			if u := v.update(); !u.PointerMoved || v.PointerPos() != image.Pt(20, 30) {
				t.Errorf("%v: %+v, %v", enc, u, v.PointerPos())
			}
			v.ask(true)
			d.set(func() { d.at = image.Pt(20, 1) }) // where the viewer had been
			if u := v.update(); !u.PointerMoved || v.PointerPos() != image.Pt(20, 1) {
				t.Errorf("%v: %+v, %v", enc, u, v.PointerPos())
			}
		})
	}
}

// The viewer gets the shape in the best way that it knows.
func TestBestCursor(t *testing.T) {
	all := []rfb.Encoding{rfb.EncodingXCursor, rfb.EncodingCursor, rfb.EncodingVMwareCursor, rfb.EncodingCursorAlpha}
	for n := range len(all) + 1 {
		w := parseWishes(all[:n])
		if n == 0 && (w.cursor || w.cursorAs != 0) || n > 0 && (!w.cursor || w.cursorAs != all[n-1]) {
			t.Errorf("of %v: %v", all[:n], w.cursorAs)
		}
	}
	for _, enc := range all {
		synctest.Test(t, func(t *testing.T) {
			d := newPaper(64, 64)
			d.shape, d.hot, d.at = shape(), image.Pt(1, 1), image.Pt(10, 10)
			v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingRaw, enc)
			u := v.update()
			got, hot := v.Cursor()
			if !u.CursorChanged || hot != d.hot || got == nil || got.RGBAAt(0, 0).R != 255 || !v.same(d) {
				t.Errorf("%v: %+v, %v at %v", enc, u, got, hot)
			}
		})
	}
}
