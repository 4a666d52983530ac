//go:build linux

package x11

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"sixgate/desktop/xvfb"

	"github.com/jezek/xgb/xproto"
)

// terminal is an xterm that writes what is typed into it to a file, on an X server of its own, and our input there.
type terminal struct {
	*input
	t      *testing.T
	x      *xvfb.Server
	path   string
	wanted string // all that should be in the file
}

// openServer starts no terminal yet.
func openServer(t *testing.T, layout string) *terminal {
	t.Helper()
	x, err := xvfb.Start(context.Background(), "800x600x24")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	term := &terminal{t: t, x: x, path: filepath.Join(t.TempDir(), "typed")}
	term.setLayout(layout)
	term.connect()
	return term
}

func openTerminal(t *testing.T, layout string) *terminal {
	t.Helper()
	term := openServer(t, layout)
	script := fmt.Sprintf("stty -icanon -echo -isig && exec cat > %s", term.path)
	if err := term.x.Spawn("env", "LC_ALL=C.UTF-8", "xterm", "-u8", "-geometry", "100x40+0+0", "-e", "sh", "-c", script); err != nil {
		t.Fatal(err)
	}
	term.movePointer(image.Pt(50, 50), 0)
	term.until("xterm runs", func() bool {
		_, err := os.Stat(term.path)
		p, perr := xproto.QueryPointer(term.input.conn.Conn, term.pointer.root).Reply()
		return err == nil && perr == nil && p.Child != 0 // without a window manager what is under the pointer gets the keys
	})
	return term
}

// connect opens the input, to be closed with the test at the latest.
func (term *terminal) connect() {
	term.t.Helper()
	in, err := openInput(term.x.Display, slog.New(slog.NewTextHandler(term.t.Output(), nil)), func() {})
	if err != nil {
		term.t.Fatal(err)
	}
	term.input = in
	term.t.Cleanup(func() { in.close() })
}

func (term *terminal) setLayout(layout string, more ...string) {
	term.t.Helper()
	term.run("setxkbmap", append([]string{"-layout", layout}, more...)...)
}

func (term *terminal) run(name string, args ...string) string {
	term.t.Helper()
	out, err := term.x.Run(term.t.Context(), name, args...)
	if err != nil {
		term.t.Fatal(err)
	}
	return string(out)
}

// until waits for a condition; only a machine that stands still makes it give up.
func (term *terminal) until(what string, holds func() bool) {
	term.t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			term.t.Fatalf("never came: %s", what)
		}
	}
}

// press sends key downs, release key ups, both in the given order.
func (term *terminal) press(syms ...uint32) {
	for _, sym := range syms {
		term.key(sym, true)
	}
}

func (term *terminal) release(syms ...uint32) {
	for _, sym := range syms {
		term.key(sym, false)
	}
}

func (term *terminal) tapKey(syms ...uint32) {
	for _, sym := range syms {
		term.press(sym)
		term.release(sym)
	}
}

// shifted says whether a person at a us keyboard holds Shift for a character.
func shifted(char rune) bool {
	return unicode.IsUpper(char) || strings.ContainsRune(`~!@#$%^&*()_+{}|:"<>?`, char)
}

// send types a text as a viewer does, with no delay between the keys.
func (term *terminal) send(text string, withShift bool) {
	for _, char := range text {
		shift := withShift && shifted(char)
		if shift {
			term.press(symShiftL)
		}
		term.tapKey(viewerKeysym(char))
		if shift {
			term.release(symShiftL)
		}
	}
}

// viewerKeysym is what a viewer under X sends for a character: the old keysym where there is one.
func viewerKeysym(char rune) uint32 {
	if char <= unicode.MaxLatin1 {
		return uint32(char)
	}
	for sym, c := range legacy {
		if c == char {
			return sym
		}
	}
	return symUnicode + uint32(char)
}

// expect types Return and compares what has arrived since the last time, up to it.
func (term *terminal) expect(want string) {
	term.t.Helper()
	term.tapKey(symReturn)
	term.wanted += want + "\n"
	var got []byte
	term.until("Return in "+term.path, func() bool {
		got, _ = os.ReadFile(term.path)
		return bytes.Count(got, []byte("\n")) >= strings.Count(term.wanted, "\n")
	})
	if string(got) != term.wanted {
		term.t.Errorf("typed %q\nwant  %q", got, term.wanted)
		term.wanted = string(got)
	}
}

// condition is what typing must not change: modifiers, locks, group, keys that are down.
func (term *terminal) condition() string {
	term.t.Helper()
	st, err := term.xkb.state()
	if err != nil {
		term.t.Fatal(err)
	}
	down, err := xproto.QueryKeymap(term.input.conn.Conn).Reply()
	if err != nil {
		term.t.Fatal(err)
	}
	leds, _, _ := strings.Cut(term.run("xset", "q"), "Pointer Control")
	return fmt.Sprintf("%+v\nkeys down %x\n%s", st, down.Keys, leds)
}

// same fails the test when a condition or a keymap has changed.
func (term *terminal) same(what, before, after string) {
	term.t.Helper()
	if before != after {
		term.t.Errorf("%s has changed\nfrom %s\nto   %s", what, before, after)
	}
}

// signalXterm stops or continues the terminal.
func (term *terminal) signalXterm(sig syscall.Signal) {
	term.t.Helper()
	out := term.run("xdotool", "search", "--class", "xterm", "getwindowpid")
	pid, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		term.t.Fatal(err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		term.t.Fatal(err)
	}
}
