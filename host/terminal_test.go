package host

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"sixgate/p2p"
	"sixgate/session"
)

func TestTerminalConsent(t *testing.T) {
	const wanted = session.View | session.Control
	for answer, want := range map[string]session.Permissions{
		"y": wanted, "Y": wanted, " yes ": wanted, "v": session.View,
		"": 0, "n": 0, "no": 0, "yep": 0, "482913": 0, "allow": 0,
	} {
		var out strings.Builder
		q := Terminal(strings.NewReader(answer+"\n"), &out)
		got, err := q.Allow(t.Context(), p2p.Hello{Name: "Ada", Organisation: "Example", Purpose: "fix the printer"}, wanted)
		if err != nil || got != want {
			t.Errorf("%q allows %v, %v; want %v", answer, got, err, want)
		}
		for _, part := range []string{"Ada of Example", "view, control", "fix the printer"} {
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
	if allowed, err := Terminal(silent, io.Discard).Allow(ctx, p2p.Hello{}, session.View); allowed != 0 || err == nil {
		t.Errorf("after the supporter left: %v, %v", allowed, err)
	}
}
