package host

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"sixgate/session"
)

func TestTerminalConsent(t *testing.T) {
	all := Grant{Permissions: session.View | session.Control | session.Clipboard}
	points, watches := Grant{session.ModeGuidance, session.View | session.Clipboard, false}, Grant{session.ModeMonitor, session.View, false}
	for answer, want := range map[string]Grant{
		"y": all, "Y": all, " yes ": all, "v": watches, "V": watches, "p": points,
		"": {}, "n": {}, "no": {}, "yep": {}, "482913": {}, "allow": {}, "a": {}, "g": {},
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
