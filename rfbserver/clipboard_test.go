package rfbserver

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// hears waits until the viewer is told of a text.
func (v *viewerEnd) hears(want string) {
	v.t.Helper()
	if e := v.event(); e != (rfb.CutText{Text: want}) {
		v.t.Errorf("heard %.50q, want %.50q", e, want)
	}
}

func (d *paper) pastes() string {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pasted
}

// What is copied anywhere can be pasted everywhere, and comes back to nobody. None of these viewers asks for anything.
func TestClipboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		d.clipboard = "from before"
		s := share(t, &Server{Desktop: d})
		latin, utf8, another := attach(t, s), attach(t, s, rfb.EncodingExtendedClipboard), attach(t, s, rfb.EncodingExtendedClipboard)
		for _, v := range []*viewerEnd{latin, utf8, another} {
			v.update()
		}
		const text = "10 °C, 5 €\n"
		d.set(func() { d.clipboard = text })
		latin.hears("10 °C, 5 EUR\n")
		utf8.hears(text)
		another.hears(text)

		go utf8.CutText("Ж😀\n")
		latin.hears("??\n")
		another.hears("Ж😀\n")
		if got := d.pastes(); got != "Ж😀\n" {
			t.Errorf("the desktop got %q", got)
		}
		latin.CutText("Grüße")
		utf8.hears("Grüße") // and not its own
		another.hears("Grüße")
		if got := d.pastes(); got != "Grüße" {
			t.Errorf("the desktop got %q", got)
		}
		latin.CutText("again")
		utf8.hears("again")
		another.hears("again")
		time.Sleep(time.Second)
		d.set(func() { d.clipboard = "again" }) // as a desktop that hands out what it was given
		utf8.hears("again")
		time.Sleep(time.Second)
		d.set(func() { d.clipboard = "new" })
		latin.hears("new")
	})
}

// A viewer that does not read is told of the newest text only, and of none that is older than its own.
func TestNewestText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		s := share(t, &Server{Desktop: d})
		v, other := attach(t, s, rfb.EncodingExtendedClipboard), attach(t, s)
		other.update()
		v.update()
		v.ask(false)
		synctest.Wait()
		for _, text := range []string{"one", "two", "three"} { // v is in the middle of its picture
			other.CutText(text)
			synctest.Wait()
		}
		for {
			if cut, ok := v.event().(rfb.CutText); ok {
				if cut.Text != "three" {
					t.Errorf("heard %q", cut.Text)
				}
				break
			}
		}
		v.ask(false)
		synctest.Wait() // in the middle of the next
		other.CutText("old")
		synctest.Wait()
		v.CutText("newer")
		synctest.Wait()
		other.hears("newer")
		v.update()
		other.CutText("newest")
		v.hears("newest")
	})
}

// Large texts go to those who ask for them.
func TestLargeText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		s := share(t, &Server{Desktop: d})
		conn := enter(t, s)
		says := func(m rfb.Clipboard) string { return "<" + string(rfb.AppendServerClipboard(nil, m)) }
		all := rfb.ClipboardRequest | rfb.ClipboardPeek | rfb.ClipboardNotify | rfb.ClipboardProvide
		text := rfb.ClipboardText
		talk(t, conn, wire(rfb.SetEncodings{rfb.EncodingExtendedClipboard}), says(rfb.Clipboard{Flags: rfb.ClipboardCaps | all | text, MaxText: rfb.MaxClipboard}),
			wire(rfb.Clipboard{Flags: rfb.ClipboardPeek}), says(rfb.Clipboard{Flags: rfb.ClipboardNotify}),
			wire(rfb.Clipboard{Flags: rfb.ClipboardRequest | text}), // of nothing
			wire(rfb.Clipboard{Flags: rfb.ClipboardCaps | all | text, MaxText: 100}),
			wire(rfb.Clipboard{Flags: rfb.ClipboardNotify}), // of nothing
			wire(rfb.Clipboard{Flags: rfb.ClipboardNotify | text}), says(rfb.Clipboard{Flags: rfb.ClipboardRequest | text}),
			wire(rfb.Clipboard{Flags: rfb.ClipboardProvide | text, Text: "mine\n"}))
		if got := d.pastes(); got != "mine\n" {
			t.Errorf("the desktop got %q", got)
		}
		large := strings.Repeat("large ", 100)
		d.set(func() { d.clipboard = large })
		talk(t, conn, says(rfb.Clipboard{Flags: rfb.ClipboardNotify | text}),
			wire(rfb.Clipboard{Flags: rfb.ClipboardRequest | text}), says(rfb.Clipboard{Flags: rfb.ClipboardProvide | text, Text: large}))
	})
}

// Nobody but those who advertised it is sent a negative length, or heard with one.
func TestExtendedClipboardIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		conn := enter(t, share(t, &Server{Desktop: d}))
		talk(t, conn, wire(rfb.Clipboard{Flags: rfb.ClipboardPeek}),
			wire(rfb.Clipboard{Flags: rfb.ClipboardProvide | rfb.ClipboardText, Text: "forced"}))
		d.set(func() { d.clipboard = "€" })
		talk(t, conn, "<\x03\x00\x00\x00\x00\x00\x00\x03EUR")
		if got := d.pastes(); got != "" {
			t.Errorf("the desktop got %q", got)
		}
	})
}
