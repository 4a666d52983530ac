//go:build linux

package conformance

import (
	"fmt"
	"image"
	"slices"
	"testing"

	"sixgate/rfb"
)

// types sends the keys of a text, without a rest and without Shift.
func (v *script) types(text string) {
	v.Helper()
	for _, r := range text {
		v.presses(keysym(r))
		v.releases(keysym(r))
	}
}

func (v *script) presses(keysyms ...uint32) {
	v.Helper()
	for _, k := range keysyms {
		v.say(rfb.KeyEvent{Down: true, Keysym: k}.Append(nil))
	}
}

func (v *script) releases(keysyms ...uint32) {
	v.Helper()
	for _, k := range keysyms {
		v.say(rfb.KeyEvent{Keysym: k}.Append(nil))
	}
}

// The third level of a keyboard, as viewers say it: RealVNC Alt_R, those on Windows Control_L and Alt_R, those on X11
// ISO_Level3_Shift. The characters are what was meant, and no program may take them for Alt and something.
func TestAltGr(t *testing.T) {
	const altR, controlL, level3 = 0xffea, 0xffe3, 0xfe03
	d := newDesk(t)
	if _, err := d.Run(t.Context(), "setxkbmap", "-layout", "de"); err != nil {
		t.Fatal(err)
	}
	typed := d.reader(t, image.Rect(300, 450, 660, 580))
	v := attach(t, share(t, d), rfb38, 1)
	v.say(rfb.PointerEvent{Pos: image.Pt(400, 500)}.Append(nil))
	d.awaitPointer(t, image.Pt(400, 500))
	all := ""
	for _, held := range [][]uint32{{altR}, {controlL, altR}, {level3}, {}} {
		v.presses(held...)
		v.types("@€{[]}\\~|")
		v.releases(held...)
		v.types("zy\n")
		all += "@€{[]}\\~|zy\n"
	}
	typed(all)
}

// RealVNC's viewer sends the bytes of UTF-8 where Latin-1 belongs.
func TestRealVNCsClipboard(t *testing.T) {
	d := newDesk(t)
	v := attach(t, share(t, d), rfb38, 1)
	for _, text := range []string{"Grüße aus Ängelholm", "Привет, 漢字 😀", "plain", "\xe4 by itself"} {
		want := text
		if text[0] == 0xe4 { // this is Latin-1, and no UTF-8
			want = "ä by itself"
		}
		v.say(cutText(uint32(len(text)), text))
		d.pastes(t, want)
	}
}

// A viewer that did not list the extended clipboard takes a negative length for four gigabytes (minimega's did): it gets
// Latin-1, with something in the place of what that lacks. One that did list it gets everything, when it asks.
func TestClipboardOfOldAndNew(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	old, now := attach(t, s, rfb38, 1), attach(t, s, rfb38, 1)
	old.lists(rfb.EncodingZRLE)
	now.lists(rfb.EncodingZRLE, encClipboard)
	now.say(extendedClipboard(0x1f000001, make([]byte, 4))) // "caps": every action, text, and none of it unless asked for
	old.shows(d, same)                                      // so that what it lists has been read
	now.shows(d, same)
	d.copies(t, "café Ж\nend")
	for len(old.heard) == 0 {
		old.message()
	}
	if got := old.heard[0]; got != "caf\xe9 ?\nend" {
		t.Errorf("the old viewer was told %q", got)
	}
	for !slices.ContainsFunc(now.said, func(m []byte) bool { return m[0] == 3 && m[1] == 8 }) { // "notify" alone
		now.message()
	}
	now.said = nil
	now.say(extendedClipboard(1<<25|1, nil)) // "request" of text
	for len(now.said) == 0 {
		now.message()
	}
	text, err := unpack(now.said[0][5:])
	if err != nil || text != "café Ж\r\nend\x00" {
		t.Errorf("the new viewer was given %q, %v", text, err)
	}
	if len(now.heard) > 0 {
		t.Errorf("and %q beside it", now.heard)
	}
	// What one viewer copies, the other and the desktop get, and it does not come back.
	now.said = nil
	now.say(provide(1<<28|1, uint32(len("naïve 😀\r\nyes")+1), "naïve 😀\r\nyes\x00"))
	d.pastes(t, "naïve 😀\nyes")
	for len(old.heard) < 2 {
		old.message()
	}
	if got := old.heard[1]; got != "na\xefve ?\nyes" {
		t.Errorf("the old viewer was told %q", got)
	}
	d.change(t)
	now.follows(d, same)
	if slices.ContainsFunc(now.said, func(m []byte) bool { return m[0] == 3 }) {
		t.Errorf("the viewer was told of its own text: %q", now.said)
	}
}

// UltraVNC's viewer has messages of its own. A chat that is opened is closed, as there is nobody to chat with; the others
// change nothing.
func TestUltraVNCsMessages(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	v := attach(t, s, rfb38, 1)
	v.lists(slices.DeleteFunc(slices.Clone(ultraVNC), func(e rfb.Encoding) bool { _, ok := e.QualityLevel(); return ok })...)
	v.shows(d, same)
	for name, m := range map[string][]byte{
		"half the size":             {8, 2, 0, 0},
		"PalmVNC's third":           {15, 3, 0, 0},
		"no scale at all":           {8, 0, 0, 0},
		"no input on the server":    {9, 1, 0, 0},
		"input on the server":       {9, 0, 0, 0},
		"one window":                {10, 0, 0, 100, 0, 100},
		"the whole desktop":         {10, 0, 0xff, 0xff, 0xff, 0xff},
		"a chat nobody has opened":  chat(5, "hello"),
		"the end of such a chat":    chat(0xfffffffe, ""),
		"a chat that has ended too": chat(0xfffffffd, ""),
	} {
		t.Run(name, func(t *testing.T) {
			v.T = t
			v.say(m)
			d.change(t)
			v.follows(d, same)
		})
	}
	v.T = t
	v.said = nil
	v.say(chat(0xffffffff, ""))
	for len(v.said) == 0 {
		v.message()
	}
	if want := chat(0xfffffffe, ""); string(v.said[0]) != string(want) {
		t.Errorf("the server answers %q to an open chat", v.said[0])
	}
	d.change(t)
	v.follows(d, same)
}

// Alone is what TigerVNC and gtk-vnc ask to be, by habit: the others stay.
func TestNobodyIsSentAway(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	var viewers []*script
	for range 3 {
		v := attach(t, s, rfb38, 0)
		v.lists(rfb.EncodingZRLE)
		v.shows(d, same)
		viewers = append(viewers, v)
	}
	real := window(t, s, "xtigervncviewer", "-SecurityTypes", "None", "-AutoSelect=0", "-PreferredEncoding", "ZRLE", "-NoJPEG", "-MenuKey=",
		"-RemoteResize=0", "-Shared=0", fmt.Sprintf("127.0.0.1::%d", s.port))
	watch(t, d, real, same)
	d.change(t)
	for _, v := range viewers {
		v.follows(d, same)
	}
	watch(t, d, real, same)
}
