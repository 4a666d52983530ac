//go:build linux

package x11

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// long is a text that goes piece by piece.
var long = strings.Repeat("Zwölf Boxkämpfer jagen Viktor über den Sylter Deich. 日本語 ", 5000)

// copyWith has a program own a selection until somebody else takes it.
func (p *painter) copyWith(text string, name string, args ...string) {
	p.t.Helper()
	cmd := p.x.Command(p.t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(text)
	if err := cmd.Run(); err != nil { // it goes on in the background
		p.t.Fatal(name, err)
	}
}

func (p *painter) copies(d *Desktop, want string) {
	p.t.Helper()
	for end := time.After(20 * time.Second); d.Clipboard() != want; {
		select {
		case <-d.Changed():
		case <-end:
			got := d.Clipboard()
			p.t.Fatalf("%d bytes %.60q, want %d bytes %.60q", len(got), got, len(want), want)
		}
	}
}

func TestOthersCopy(t *testing.T) {
	p := startPainter(t, "320x200x24")
	p.copyWith("what was there before", "xclip", "-selection", "clipboard")
	d := p.open()
	if text := d.Clipboard(); text != "" {
		t.Errorf("%q from before Open", text)
	}
	for _, text := range []string{"plain", "Grüße, 日本語 🙂\nsecond line\n", long} {
		p.copyWith(text, "xclip", "-selection", "clipboard")
		p.copies(d, text)
		p.copyWith(text+"1", "xclip", "-selection", "primary")
		p.copies(d, text+"1")
		p.copyWith(text+"2", "xsel", "-i", "-b")
		p.copies(d, text+"2")
		p.copyWith(text+"3", "xsel", "-i", "-p")
		p.copies(d, text+"3")
	}
	p.copyWith(strings.Repeat("x", maxText+1), "xclip", "-selection", "clipboard")
	p.copyWith("after one that is too long", "xclip", "-selection", "clipboard")
	p.copies(d, "after one that is too long")
}

func TestOthersPaste(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	for _, text := range []string{"plain", "Grüße, 日本語 🙂\nsecond line\n", long, strings.Repeat("y", maxText), "once more"} {
		d.SetClipboard(text)
		for _, paste := range [][]string{
			{"xclip", "-o", "-selection", "clipboard"}, {"xclip", "-o", "-selection", "primary"},
			{"xsel", "-o", "-b"}, {"xsel", "-o", "-p"},
			{"xclip", "-o", "-selection", "clipboard", "-t", mimeText},
		} {
			got := ""
			for end := time.Now().Add(20 * time.Second); got != text && time.Now().Before(end); {
				out, _ := p.x.Run(t.Context(), paste[0], paste[1:]...) // an error until the selection is ours
				got = string(out)
			}
			if got != text {
				t.Errorf("%v: %d bytes %.60q, want %d bytes %.60q", paste, len(got), got, len(text), text)
			}
		}
		if got := d.Clipboard(); got != "" {
			t.Errorf("our own text came back: %.60q", got)
		}
	}
	d.SetClipboard(strings.Repeat("z", maxText+1))
	if got := p.run("xclip", "-o", "-selection", "clipboard"); got != "once more" {
		t.Errorf("%.60q after a text that is too long", got)
	}
	if got := p.run("xclip", "-o", "-selection", "clipboard", "-t", "TARGETS"); !strings.Contains(got, "UTF8_STRING\n") {
		t.Errorf("targets %q", got)
	}
	d.SetClipboard("¡olé, 日本!")
	p.paste("STRING", "\xa1ol\xe9, ??!")
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if out, err := p.x.Run(t.Context(), "xclip", "-o", "-selection", "clipboard"); err == nil {
		t.Errorf("%q is still owned after Close", out)
	}
}

// paste waits until a target of the clipboard is what is wanted.
func (p *painter) paste(target, want string) {
	p.t.Helper()
	got := ""
	for end := time.Now().Add(20 * time.Second); got != want && time.Now().Before(end); {
		got = p.run("xclip", "-o", "-selection", "clipboard", "-t", target)
	}
	if got != want {
		p.t.Errorf("%s: %.60q, want %.60q", target, got, want)
	}
}

// A clipboard manager takes over what we offered: that is not a copy by somebody else.
func TestOurTextComesBack(t *testing.T) {
	p := startPainter(t, "320x200x24")
	told := make(chan struct{}, 10)
	c, err := openClipboard(p.x.Display, slog.New(slog.DiscardHandler), func() { told <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	next := func(want string) {
		t.Helper()
		if <-told; c.text() != want {
			t.Errorf("%q, want %q", c.text(), want)
		}
	}
	c.set("ours")
	p.paste("UTF8_STRING", "ours")
	p.copyWith("ours", "xsel", "-i", "-b")
	p.paste("UTF8_STRING", "ours") // by now we have seen it, too
	p.copyWith("theirs", "xclip", "-selection", "clipboard")
	next("theirs")
	p.copyWith("ours", "xclip", "-selection", "clipboard") // now somebody means it
	next("ours")
}

// window makes a window that nobody sees.
func (p *painter) window() xproto.Window {
	p.t.Helper()
	id, err := xproto.NewWindowId(p.conn)
	if err != nil {
		p.t.Fatal(err)
	}
	xproto.CreateWindow(p.conn, 0, id, xproto.Window(p.root), 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0, 0, nil)
	return id
}

func (p *painter) atom(name string) xproto.Atom {
	p.t.Helper()
	reply, err := xproto.InternAtom(p.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	return reply.Atom
}

// ownSilently takes a selection and never answers.
func (p *painter) ownSilently(selection string) {
	p.t.Helper()
	if err := xproto.SetSelectionOwnerChecked(p.conn, p.window(), p.atom(selection), xproto.TimeCurrentTime).Check(); err != nil {
		p.t.Fatal(err)
	}
}

func TestOwnerThatNeverAnswers(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	p.ownSilently("CLIPBOARD")
	for _, selection := range []string{"primary", "clipboard"} { // neither the other selection nor the next owner waits
		start := time.Now()
		p.copyWith(selection, "xclip", "-selection", selection)
		if p.copies(d, selection); time.Since(start) > answerFor/2 {
			t.Error(selection, "waited for the program that does not answer")
		}
	}
	p.ownSilently("PRIMARY")
	d.SetClipboard("ours")
	p.paste("UTF8_STRING", "ours")
	p.ownSilently("CLIPBOARD")
	d.Close() // with a question that is open
}

func TestOwnerThatDies(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	for range 20 { // somewhere between taking the selection and having given all of it
		ctx, cancel := context.WithCancel(t.Context())
		owner := p.x.Command(ctx, "xclip", "-quiet", "-selection", "clipboard")
		owner.Stdin = strings.NewReader(long)
		started, err := owner.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := owner.Start(); err != nil {
			t.Fatal(err)
		}
		io.ReadAtLeast(started, make([]byte, 1), 1)
		cancel()
		owner.Wait()
	}
	p.copyWith("the next", "xclip", "-selection", "clipboard")
	p.copies(d, "the next")
}

// Programs from before UTF-8 give Latin-1.
func TestOwnerOfLatin1(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	p.ownSilently("CLIPBOARD")
	for answered := false; !answered; {
		e, ok := p.event().(xproto.SelectionRequestEvent)
		switch {
		case !ok:
		case e.Target == p.atom("STRING"):
			p.give(e, "ol\xe9\x00")
			answered = true
		default:
			p.give(e, "")
		}
	}
	p.copies(d, "olé")
}

// A program that selects anew with every motion of the mouse is asked when it has come to rest.
func TestSelectingWithTheMouse(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	window, primary := p.window(), p.atom("PRIMARY")
	asked := 0
	var answering sync.WaitGroup
	answering.Go(func() {
		for {
			switch e := p.event().(type) {
			case xproto.SelectionRequestEvent:
				asked++
				p.give(e, "selected")
			case xproto.ClientMessageEvent:
				return
			}
		}
	})
	for range 300 {
		if err := xproto.SetSelectionOwnerChecked(p.conn, window, primary, xproto.TimeCurrentTime).Check(); err != nil {
			t.Fatal(err)
		}
	}
	p.copies(d, "selected")
	end := xproto.ClientMessageEvent{Format: 32, Window: window, Data: xproto.ClientMessageDataUnionData32New(make([]uint32, 5))}
	xproto.SendEvent(p.conn, false, window, 0, string(end.Bytes()))
	if answering.Wait(); asked > 20 {
		t.Errorf("asked %d times", asked)
	}
}

func (p *painter) event() xgb.Event {
	for {
		event, err := p.conn.WaitForEvent()
		if event != nil {
			return event
		}
		if err == nil {
			panic("the X server ended") // in whatever goroutine
		}
	}
}

// give answers a request for a selection; no text: there is none of this kind.
func (p *painter) give(e xproto.SelectionRequestEvent, text string) {
	notice := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target}
	if text != "" {
		xproto.ChangeProperty(p.conn, xproto.PropModeReplace, e.Requestor, e.Property, e.Target, 8, uint32(len(text)), []byte(text))
		notice.Property = e.Property
	}
	xproto.SendEvent(p.conn, false, e.Requestor, 0, string(notice.Bytes()))
}

// Programs that begin to take a long text and stop cost the others nothing.
func TestRequestorsThatStop(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	d.SetClipboard(long)
	p.paste("UTF8_STRING", long)
	for range 2 * maxTransfers {
		xproto.ConvertSelection(p.conn, p.window(), p.atom("CLIPBOARD"), p.atom("UTF8_STRING"), p.atom("HERE"), xproto.TimeCurrentTime)
		for asking := true; asking; {
			if e, ok := p.event().(xproto.SelectionNotifyEvent); ok {
				asking = false
				if e.Property != p.atom("HERE") {
					t.Error("refused")
				}
			}
		}
	}
	if got := p.run("xclip", "-o", "-selection", "clipboard"); got != long {
		t.Errorf("%d bytes", len(got))
	}
}

// Several targets at once: ICCCM's MULTIPLE.
func TestSeveralTargetsAtOnce(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	d.SetClipboard("text")
	p.paste("UTF8_STRING", "text")
	window := p.window()
	var pairs []byte
	for _, name := range []string{"STRING", "A", "image/png", "B", "TIMESTAMP", "C"} {
		pairs = binary.LittleEndian.AppendUint32(pairs, uint32(p.atom(name)))
	}
	xproto.ChangeProperty(p.conn, xproto.PropModeReplace, window, p.atom("PAIRS"), p.atom("ATOM_PAIR"), 32, 6, pairs)
	xproto.ConvertSelection(p.conn, window, p.atom("CLIPBOARD"), p.atom("MULTIPLE"), p.atom("PAIRS"), xproto.TimeCurrentTime)
	if e := p.event().(xproto.SelectionNotifyEvent); e.Property != p.atom("PAIRS") {
		t.Fatal(e)
	}
	read := func(name string) string {
		reply, err := xproto.GetProperty(p.conn, false, window, p.atom(name), xproto.GetPropertyTypeAny, 0, 100).Reply()
		if err != nil {
			t.Fatal(err)
		}
		return string(reply.Value)
	}
	if text := read("A"); text != "text" {
		t.Errorf("%q", text)
	}
	if stamp := read("C"); len(stamp) != 4 {
		t.Errorf("time %q", stamp)
	}
	binary.LittleEndian.PutUint32(pairs[12:], xproto.AtomNone) // there is no picture
	if got := read("PAIRS"); got != string(pairs) {
		t.Errorf("pairs %x, want %x", got, pairs)
	}
}

// What came from the supporter is taken back, also while somebody pastes it; what others copied since is theirs.
func TestClipboardIsCleared(t *testing.T) {
	p := startPainter(t, "320x200x24")
	d := p.open()
	pastes := func(selection, want string) {
		t.Helper()
		eventually(t, selection+" to give "+want, func() bool {
			out, err := p.x.Run(t.Context(), "xclip", "-o", "-selection", selection)
			return string(out) == want && (err == nil) == (want != "")
		})
	}
	for _, text := range []string{"secret", long} {
		d.SetClipboard(text)
		pastes("clipboard", text)
		pastes("primary", text)
		d.ClearClipboard()
		pastes("clipboard", "")
		pastes("primary", "")
	}
	d.SetClipboard("secret")
	pastes("primary", "secret")
	p.copyWith("their own", "xsel", "-i", "-b")
	pastes("clipboard", "their own")
	d.ClearClipboard()
	pastes("primary", "")
	pastes("clipboard", "their own")
	for range 20 { // what is set and taken back at once does not stay, whether or not it was there for a moment
		d.SetClipboard("secret")
		d.ClearClipboard()
	}
	pastes("primary", "")
	eventually(t, "what was taken back to be gone", func() bool {
		out, _ := p.x.Run(t.Context(), "xclip", "-o", "-selection", "clipboard")
		return string(out) != "secret"
	})
	d.SetClipboard("again")
	pastes("clipboard", "again")
}
