//go:build cgo && linux

package portable

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sixgate/desktop/xvfb"
)

func openOn(t *testing.T, x *xvfb.Server) *Desktop {
	t.Helper()
	t.Setenv("DISPLAY", os.Getenv("DISPLAY")) // Open changes it
	d, err := Open(x.Display, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func startX(t *testing.T, screen string) *xvfb.Server {
	t.Helper()
	x, err := xvfb.Start(context.Background(), screen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

func run(t *testing.T, x *xvfb.Server, name string, args ...string) string {
	t.Helper()
	out, err := x.Run(t.Context(), name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// until waits for a condition; only a machine that stands still makes it give up.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// shown is the screen as xwd has it (XWDFile.h, version 7), 0x00RRGGBB.
func shown(t *testing.T, x *xvfb.Server) (size image.Point, pix []uint32) {
	t.Helper()
	dump := []byte(run(t, x, "xwd", "-root", "-silent"))
	field := func(i int) int { return int(binary.BigEndian.Uint32(dump[4*i:])) }
	size = image.Pt(field(4), field(5))
	const colourEntry = 12
	data := dump[field(0)+colourEntry*field(19):]
	for y := range size.Y {
		for x := range size.X {
			pix = append(pix, binary.LittleEndian.Uint32(data[y*field(12)+4*x:])&0xffffff)
		}
	}
	return size, pix
}

// mirror is what a viewer of the desktop has.
type mirror struct {
	size image.Point
	pix  []uint32
}

// follow captures on Changed until the mirror is what is shown.
func (m *mirror) follow(t *testing.T, x *xvfb.Server, d *Desktop) {
	t.Helper()
	for end := time.After(30 * time.Second); ; {
		frame := image.Rectangle{}
		for _, s := range d.Screens() {
			frame = frame.Union(s)
		}
		if frame.Max != m.size {
			*m = mirror{frame.Max, make([]uint32, frame.Dx()*frame.Dy())}
		}
		err := d.Capture(func(pieces []piece) {
			for _, p := range pieces {
				for y := range p.Rect.Dy() {
					copy(m.pix[(p.Rect.Min.Y+y)*m.size.X+p.Rect.Min.X:][:p.Rect.Dx()], p.Pix[y*p.Stride:])
				}
			}
		})
		if err != nil {
			t.Log(err) // for a moment, while the size changes
		}
		if size, pix := shown(t, x); m.size == size && slices.Equal(m.pix, pix) {
			return
		}
		select {
		case <-d.Changed():
		case <-end:
			t.Fatalf("the picture of %v is not what is shown", m.size)
		}
	}
}

func TestCaptureIsWhatIsShown(t *testing.T) {
	x := startX(t, "320x200x24")
	run(t, x, "xsetroot", "-solid", "#123456")
	d, m := openOn(t, x), &mirror{}
	m.follow(t, x, d)
	run(t, x, "xsetroot", "-mod", "5", "7", "-fg", "red", "-bg", "green")
	m.follow(t, x, d)

	run(t, x, "xrandr", "--newmode", "small", "25", "200", "200", "200", "200", "100", "100", "100", "100")
	run(t, x, "xrandr", "--addmode", "screen", "small")
	for _, mode := range []string{"small", "320x200"} {
		run(t, x, "xrandr", "--output", "screen", "--mode", mode)
		until(t, "a picture of another size", func() bool { // and taken, before Screens tells of it
			d.Capture(func([]piece) {})
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.picture.size != m.size && d.err == nil && d.dirty.Empty()
		})
		m.follow(t, x, d)
	}
}

// While nobody takes what was found, nothing more is looked for.
func TestNobodyLooksForNobody(t *testing.T) {
	x := startX(t, "320x200x24")
	d, m := openOn(t, x), &mirror{}
	m.follow(t, x, d)
	run(t, x, "xsetroot", "-solid", "red")
	for found := false; !found; {
		<-d.Changed()
		d.mu.Lock()
		found = d.picture.pix[0] == 0xff0000
		d.mu.Unlock()
		if !found {
			signal(d.wanted)
		}
	}
	run(t, x, "xsetroot", "-solid", "blue")
	select {
	case <-d.Changed():
		t.Error("Changed")
	case <-time.After(10 * quickest): // time enough for a look that should not be
	}
	d.mu.Lock()
	if got := d.picture.pix[0]; got != 0xff0000 {
		t.Errorf("the picture is %06x", got)
	}
	d.mu.Unlock()
	m.follow(t, x, d)
}

func TestTakeFindsTheRowsThatChanged(t *testing.T) {
	var p picture
	s := shot{make([]byte, 4*10*10), image.Pt(10, 10), 40, 2, 1, 0}
	if r := p.take(s); r != image.Rect(0, 0, 10, 10) {
		t.Errorf("first %v", r)
	}
	if r := p.take(s); !r.Empty() {
		t.Errorf("the same again: %v", r)
	}
	s.bytes[3*40+4*5+2] = 0xab // red at (5,3)
	s.bytes[6*40] = 0xcd       // blue at (0,6)
	s.bytes[8*40+3] = 1        // no colour
	if r := p.take(s); r != image.Rect(0, 3, 10, 7) {
		t.Errorf("changed %v", r)
	}
	if p.pix[35] != 0xab0000 || p.pix[60] != 0x0000cd {
		t.Errorf("%06x %06x", p.pix[35], p.pix[60])
	}
}

func TestPointer(t *testing.T) {
	x := startX(t, "320x200x24")
	d := openOn(t, x)
	d.MovePointer(image.Pt(123, 45), 0)
	if at := d.Pointer(); at != image.Pt(123, 45) {
		t.Error(at)
	}
	if out := run(t, x, "xdotool", "getmouselocation"); !strings.HasPrefix(out, "x:123 y:45 ") {
		t.Error(out)
	}
	d.PushPointer(image.Pt(-5, 7), 0)
	if at := d.Pointer(); at != image.Pt(118, 52) {
		t.Error(at)
	}
}

// terminal starts an xterm that writes what is typed into it to a file.
func terminal(t *testing.T, x *xvfb.Server, d *Desktop) (typed func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "typed")
	script := "stty -icanon -echo -isig && exec cat > " + path
	if err := x.Spawn("env", "LC_ALL=C.UTF-8", "xterm", "-u8", "-geometry", "40x10+0+0", "-e", "sh", "-c", script); err != nil {
		t.Fatal(err)
	}
	d.MovePointer(image.Pt(50, 50), 0)
	until(t, "xterm runs", func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
	return func() string {
		text, _ := os.ReadFile(path)
		return string(text)
	}
}

func tap(d *Desktop, keysyms ...uint32) {
	for _, k := range keysyms {
		d.Key(k, true)
	}
	for _, k := range keysyms {
		d.Key(k, false)
	}
}

func TestKeys(t *testing.T) {
	x := startX(t, "640x400x24")
	run(t, x, "setxkbmap", "us")
	d := openOn(t, x)
	typed := terminal(t, x, d)
	want := ""
	const shift, control = 0xffe1, 0xffe3
	for char := rune(' '); char <= '~'; char++ { // with Shift for those that have it on some keyboard, and without
		tap(d, uint32(char))
		tap(d, shift, uint32(char))
		want += string(char) + string(char)
	}
	for _, k := range []struct {
		keysyms []uint32
		text    string
	}{
		{[]uint32{0xff0d}, "\n"}, {[]uint32{0xff09}, "\t"}, {[]uint32{0xff1b}, "\x1b"}, {[]uint32{0xff51}, "\x1b[D"},
		{[]uint32{0xffc2}, "\x1b[15~"}, {[]uint32{control, 'a'}, "\x01"}, {[]uint32{control, shift, 'B'}, "\x02"},
		{[]uint32{0xffb7}, "7"}, {[]uint32{0xffaf}, "/"},
		{[]uint32{control, 0x0100_263a}, ""}, // nothing to say it with
		{[]uint32{0xe4}, "ä"},
		{[]uint32{'z'}, "z"},
	} {
		tap(d, k.keysyms...)
		want += k.text
		until(t, "typed", func() bool { return len(typed()) >= len(want) })
	}
	if got := typed(); got != want {
		t.Errorf("typed %q, want %q", got, want)
	}
}

func TestKeysThatTheLayoutLacks(t *testing.T) {
	x := startX(t, "320x200x24")
	run(t, x, "setxkbmap", "ru")
	d := openOn(t, x)
	tap(d, 'a') // robotgo finds no key, and Xlib would end the process
	tap(d, 0xffe3, 'c')
	if at := d.Pointer(); at == (image.Point{X: -1}) {
		t.Error(at)
	}
}

func TestClipboard(t *testing.T) {
	x := startX(t, "320x200x24")
	copyText := func(text string) {
		cmd := x.Command(t.Context(), "xclip", "-selection", "clipboard")
		cmd.Stdin = strings.NewReader(text)
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
	}
	copyText("from before")
	d := openOn(t, x)
	d.clipboard.look(t.Context())
	if text := d.Clipboard(); text != "" {
		t.Errorf("%q from before Open", text)
	}
	d.SetClipboard("Grüße, 日本語\n")
	if got := run(t, x, "xclip", "-o", "-selection", "clipboard"); got != "Grüße, 日本語\n" {
		t.Errorf("pasted %q", got)
	}
	if d.clipboard.look(t.Context()) {
		t.Errorf("our own text came back: %q", d.Clipboard())
	}
	copyText("copied")
	until(t, "the copied text", func() bool {
		d.Capture(func([]piece) {})
		return d.Clipboard() == "copied"
	})
	d.SetClipboard("ours")
	d.Close()
	if out, err := x.Run(t.Context(), "xclip", "-o", "-selection", "clipboard"); err == nil {
		t.Errorf("%q is left in the clipboard after Close", out)
	}
}

func TestOnlyOneAndOnlyWithADisplay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	if _, err := Open(":4711", slog.New(slog.DiscardHandler)); !errors.Is(err, errNoDisplay) {
		t.Error(err)
	}
	x := startX(t, "320x200x24")
	openOn(t, x)
	if _, err := Open(x.Display, slog.New(slog.DiscardHandler)); !errors.Is(err, errOpened) {
		t.Error(err)
	}
}
