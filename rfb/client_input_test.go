package rfb

import (
	"image"
	"testing"
)

// What the server says of the input that it takes changes what the client says.
func TestClientInput(t *testing.T) {
	screens := []Screen{{ID: 7, Rect: image.Rect(0, 0, 4, 3), Flags: 9}}
	b := AppendFramebufferUpdate(nil, 6)
	b = AppendNotice(AppendNotice(b, EncodingQEMUKey), EncodingExtendedMouseButtons)
	b = AppendLEDs(b, EncodingQEMULED, 4)
	b = AppendPointerPos(b, EncodingPointerPos, image.Pt(3, 2))
	b = AppendExtendedDesktopSize(b, 0, 0, image.Pt(4, 3), screens)
	b = AppendPointerMotion(b, false)
	relative := AppendPointerMotion(AppendFramebufferUpdate(nil, 1), true)
	more := AppendPointerPos(AppendLEDs(AppendFramebufferUpdate(nil, 2), EncodingVMwareLED, 0xff02), EncodingVMwareCursorPos, image.Pt(1, 1))
	s := server(hello, init4x3, "\x02", string(b), string(relative), string(more), string(AppendPowerFailed(AppendPowerOffered(nil))))
	c, err := NewClient(s, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	says := func(what string, err error, want ...ClientMessage) {
		t.Helper()
		var wire []byte
		for _, m := range want {
			wire = m.Append(wire)
		}
		if s.said.String() != string(wire) || err != nil {
			t.Errorf("%s: said %q, %v; want %q", what, s.said.String(), err, wire)
		}
		s.said.Reset()
	}
	next1[Bell](t, c)
	s.said.Reset()
	says("keysym", c.KeyCode(0x9d, 0xffe4, true), KeyEvent{true, 0xffe4})
	says("a code alone", c.KeyCode(0x9d, 0, true))
	says("buttons", c.Pointer(image.Pt(1, 2), 0x185), PointerEvent{0x85, image.Pt(1, 2)})
	says("push", c.Push(image.Pt(1, -9), 1), PointerEvent{1, image.Pt(2, 0)})
	if c.LEDs() != -1 {
		t.Error("LEDs that nobody told")
	}

	u := next1[*Update](t, c)
	if !u.LEDsChanged || c.LEDs() != 4 || !u.PointerMoved || c.PointerPos() != image.Pt(3, 2) {
		t.Errorf("%+v, %d, %v", u, c.LEDs(), c.PointerPos())
	}
	says("code", c.KeyCode(0x9d, 0xffe4, true), KeyCodeEvent{true, 0xffe4, 0x9d})
	says("few buttons", c.Pointer(image.Pt(1, 2), 0x41), PointerEvent{0x41, image.Pt(1, 2)})
	says("many buttons", c.Pointer(image.Pt(1, 2), 0x185), ExtendedPointerEvent{0x185, image.Pt(1, 2)})
	says("size", c.SetDesktopSize(image.Pt(8, 9)), SetDesktopSize{image.Pt(8, 9), []Screen{{ID: 7, Rect: image.Rect(0, 0, 8, 9), Flags: 9}}})
	says("power", c.Power(PowerReboot), Power{PowerReboot})

	next1[*Update](t, c)
	says("a place", c.Pointer(image.Pt(3, 0), 0x100), ExtendedPointerEvent{0x100, image.Pt(0x7fff+2, 0x7fff-2)})
	says("relative push", c.Push(image.Pt(-70000, 5), 0), PointerEvent{0, image.Pt(0, 0x7fff+5)})
	if got := Motion(Moved(image.Pt(-12, 40000))); got != image.Pt(-12, 0x7fff) {
		t.Errorf("moved by %v", got)
	}
	if next1[*Update](t, c); c.LEDs() != 2 || c.PointerPos() != image.Pt(1, 1) {
		t.Errorf("%d, %v", c.LEDs(), c.PointerPos())
	}
	says("from where it was, wherever the server put it", c.Pointer(image.Pt(2, 2), 0), PointerEvent{0, image.Pt(0x7fff+2, 0x7fff)})
	next1[PowerOffered](t, c)
	next1[PowerFailed](t, c)
}
