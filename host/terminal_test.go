package host

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sixgate/p2p/proxy"
	"sixgate/session"
)

func TestTerminalConsent(t *testing.T) {
	all := Grant{Permissions: session.View | session.Control | session.Clipboard}
	points, watches := Grant{session.ModeGuidance, session.View | session.Clipboard, false}, Grant{session.ModeMonitor, session.View, false}
	for answer, want := range map[string]Grant{
		"y": all, "Y": all, " yes ": all, "v": watches, "V": watches, "p": points,
		"y+": {0, all.Permissions, true}, "v+": {watches.Mode, watches.Permissions, true},
		"": {}, "+": {}, "n": {}, "no": {}, "yep": {}, "482913": {}, "allow": {}, "a": {}, "g": {},
	} {
		var out strings.Builder
		q := Terminal(strings.NewReader(answer+"\n"), &out)
		got, err := q.Allow(t.Context(), newRequest(ada))
		if err != nil || got != want {
			t.Errorf("%q allows %v, %v; want %v", answer, got, err, want)
		}
		for _, part := range []string{"Ada of Example wants to work on your computer", "view, control", "fix the printer", "p to let them only point", "v to let them only watch"} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("the question does not say %q: %s", part, out.String())
			}
		}
		if !strings.HasSuffix(out.String(), "\nAllow? [y/N] ") {
			t.Errorf("the prompt is not at the end: %q", out.String())
		}
	}
}

func TestTerminalWithoutAnswer(t *testing.T) {
	if _, err := Terminal(strings.NewReader(""), io.Discard).Code(t.Context(), nil); !errors.Is(err, errNoAnswer) {
		t.Errorf("at the end of the input: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, _ := io.Pipe()
	if allowed, err := Terminal(silent, io.Discard).Allow(ctx, newRequest(ada)); allowed != (Grant{}) || err == nil {
		t.Errorf("after the supporter left: %v, %v", allowed, err)
	}
}

func TestTerminalNewWindows(t *testing.T) {
	d := newWindowed(1)
	h := newHiding(d)
	d.settle = h.apply
	h.begin(false, func(time.Duration) bool { return true })
	keys, in := io.Pipe()
	says, out := io.Pipe()
	q := Terminal(keys, out)
	ctx, stop := context.WithCancel(t.Context())
	c := newConsent(ctx, d, newRequest(ada), Grant{Permissions: session.View})
	c.hiding = h
	live := asking(func() (struct{}, error) { err := q.Live(ctx, c); out.Close(); return struct{}{}, err })
	lines := bufio.NewReader(says)
	hears := func(want string) {
		t.Helper()
		for said := ""; !strings.HasSuffix(said, want); {
			b, err := lines.ReadByte()
			if err != nil {
				t.Fatalf("%q, %v", said, err)
			}
			said += string(b)
		}
	}
	types := func(line string) { in.Write([]byte(line + "\n")) }
	d.opens(1, 2)
	h.look()
	hears("New window: Bank. It is hidden. Type s to show it, h to leave it hidden.")

	// Another question goes first.
	power := asking(func() (bool, error) { return q.Power(ctx, c, true) })
	hears("Let them? [y/N] ")
	types("y")
	if yes, err := power(); !yes || err != nil || !d.hides(2) {
		t.Errorf("the answer to a question about power: %v, %v", yes, err)
	}
	types("what?")
	hears("New window: Bank. It is hidden. Type s to show it, h to leave it hidden.")
	d.opens(1, 2, 4, 6)
	h.look()
	types("S")
	hears("New window: Bank. It is hidden. Type s to show it, h to leave it hidden; sa to show all 2 new ones, ha to leave them hidden.")
	if d.hides(2) || !d.hides(4) || !d.hides(6) {
		t.Errorf("s leaves %+v in force", d.mask)
	}
	d.opens(1, 2, 4, 6, 8)
	h.look()
	types("sa")
	hears("New window: Bank. It is hidden. Type s to show it, h to leave it hidden.")
	if d.hides(4) || d.hides(6) || !d.hides(8) {
		t.Errorf("sa leaves %+v in force", d.mask)
	}

	// A letter steps down, once.
	c.tell = func(session.Mode, session.Permissions) {}
	types("P")
	hears("From now on they can only point at things while you do the work.\n")
	types("p")
	hears("New window: Bank. It is hidden. Type s to show it, h to leave it hidden.")
	types("v")
	hears("From now on they can only watch.\n")
	if c.Mode() != session.ModeMonitor {
		t.Errorf("after p and v, the mode is %v", c.Mode())
	}
	stop()
	live()
}

func TestTerminalAsksForProxy(t *testing.T) {
	var out strings.Builder
	who, err := Terminal(strings.NewReader("ada\nopen sesame\n"), &out).Proxy(t.Context(), proxy.ErrWrongCredentials)
	if password, _ := who.Password(); err != nil || who.Username() != "ada" || password != "open sesame" {
		t.Errorf("the answer is %v, %v", who, err)
	}
	if want := "The proxy does not take this name"; !strings.HasPrefix(out.String(), want) || strings.Contains(out.String(), "sesame") {
		t.Errorf("it says %q", out.String())
	}
}
