//go:build linux

package x11

import (
	"bufio"
	"image"
	"regexp"
	"testing"

	"github.com/jezek/xgb/xproto"
)

// witness is xev, which tells every key and button event that a program gets, with the keysym that Xlib makes of it.
type witness struct {
	*terminal
	lines *bufio.Scanner
}

var (
	eventLine = regexp.MustCompile(`^(Key|Button)(Press|Release) event`)
	keyLine   = regexp.MustCompile(`state (0x[0-9a-f]+), keycode (\d+) \(keysym 0x[0-9a-f]+, (\w+)\)`)
	clickLine = regexp.MustCompile(`state (0x[0-9a-f]+), button (\d+),`)
)

func openWitness(t *testing.T, layout string) *witness {
	t.Helper()
	term := openServer(t, layout)
	cmd := term.x.Command(t.Context(), "stdbuf", "-oL", "xev", "-geometry", "400x300+0+0", "-event", "keyboard", "-event", "button")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	term.movePointer(image.Pt(200, 200), 0)
	term.until("xev's window", func() bool {
		p, err := xproto.QueryPointer(term.input.conn.Conn, term.pointer.root).Reply()
		return err == nil && p.Child != 0
	})
	w := &witness{term, bufio.NewScanner(out)}
	w.seen(false) // Xlib misses changes of the keymap that happen while it looks at its first key
	return w
}

// event is one press or release: "+A 38 0x1" is keysym A, keycode 38, with Shift held; "-A 38 0x1" its release.
func (w *witness) event() (sym, code, state string) {
	w.t.Helper()
	sign := ""
	for w.lines.Scan() {
		line := w.lines.Text()
		if m := eventLine.FindStringSubmatch(line); m != nil {
			sign = map[string]string{"Press": "+", "Release": "-"}[m[2]]
		}
		if m := keyLine.FindStringSubmatch(line); m != nil {
			return sign + m[3], m[2], m[1]
		}
		if m := clickLine.FindStringSubmatch(line); m != nil {
			return sign + "button", m[2], m[1]
		}
	}
	w.t.Fatal("xev has ended")
	return
}

// seen tells all events up to now, of keysyms or of buttons, as "+Shift_L +A -A -Shift_L +button1"; with states as
// "+A:0x1".
func (w *witness) seen(states bool) (events string) {
	w.t.Helper()
	const symMenu = 0xff67
	w.tapKey(symMenu)
	for {
		sym, code, state := w.event()
		if sym == "-Menu" {
			return events
		}
		if sym == "+Menu" {
			continue
		}
		if events != "" {
			events += " "
		}
		events += sym
		if sym[1:] == "button" {
			events += code
		}
		if states {
			events += ":" + state
		}
	}
}

// saw compares the events since the last time.
func (w *witness) saw(want string) {
	w.t.Helper()
	if got := w.seen(false); got != want {
		w.t.Errorf("a program saw %s\nwant          %s", got, want)
	}
}

// sawStates compares them with the modifiers that were in effect.
func (w *witness) sawStates(want string) {
	w.t.Helper()
	if got := w.seen(true); got != want {
		w.t.Errorf("a program saw %s\nwant          %s", got, want)
	}
}
