package host

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/session"
	"sixgate/web"
)

// stood has the session of a consent stand so.
func (c *Consent) stood(s Standing) {
	c.standing.Store(&s)
	for _, changed := range c.watch {
		changed()
	}
}

var since = time.Date(2026, 11, 22, 14, 3, 12, 0, time.Local)

// While the connection is broken the bar says so in every language, covers what it did, and has Stop where it was.
func TestBarOfABrokenConnection(t *testing.T) {
	keys := hotKeys{keyF10: stop, keyF12: toggleControl, keyF11: toggleFiles}
	for _, language := range []string{"en", "de", "it", "fr", "es"} {
		for _, name := range []string{"Ada", strings.Repeat("Wolfeschlegelsteinhausen ", 20)} {
			for _, wide := range []int{1920, 640} {
				c := newConsent(t.Context(), new(screen), newRequest(p2p.Hello{Name: name}), Grant{Permissions: session.View})
				b := bar{web.Words(language), keys, true}
				whole := lay([][]part{b.parts(c)}, wide)
				c.stood(Standing{State: session.Broken, Since: since})
				broken := lay([][]part{b.parts(c)}, wide)
				if broken.size() != whole.size() || stopAt(broken, wide) != stopAt(whole, wide) {
					t.Errorf("%s, %d: the bar is %v with Stop at %d, and was %v with Stop at %d", language, wide,
						broken.size(), stopAt(broken, wide), whole.size(), stopAt(whole, wide))
				}
				told := broken[0][0]
				if told.ground != barBroken || told.does != showPage || !strings.Contains(told.text, "14:03") || len(broken[0]) != 2 {
					t.Errorf("%s: the bar says %+v", language, broken[0])
				}
				if needs := (part{text: told.text}).needs(); wide == 1920 && needs > told.width {
					t.Errorf("%s: %q needs %d pixels and has %d", language, told.text, needs, told.width)
				}
			}
		}
	}
}

func TestPageOfABrokenConnection(t *testing.T) {
	p, tb := openPage(t)
	c := newConsent(t.Context(), newPresses(), newRequest(ada), Grant{Permissions: session.View})
	c.stood(Standing{State: session.Relayed, RTT: 23 * time.Millisecond})
	live := asking(func() (bool, error) { return true, p.Live(t.Context(), c) })
	if v := tb.until(in("live")); v.Broken != nil || v.Path != "relay" || v.RTT != 23 {
		t.Errorf("the page says %+v", v)
	}
	c.stood(Standing{State: session.Broken, Since: since})
	if v := tb.until(in("live")); v.Broken == nil || !v.Broken.Equal(since) || v.Path != "" {
		t.Errorf("the page says %+v", v)
	}
	c.stood(Standing{State: session.Direct})
	if v := tb.until(in("live")); v.Broken != nil || v.Path != "direct" || v.RTT != 0 {
		t.Errorf("the page says %+v", v)
	}
	tb.say("/stop", `true`)
	live()
}

// While the end user is asked, they see it too.
func TestBrokenWhileAsked(t *testing.T) {
	p, tb := openPage(t)
	digits := asking(func() (string, error) { return p.CheckDigits(t.Context(), ada, nil) })
	tb.until(in("verify"))
	p.Stand(Standing{State: session.Relayed})
	p.Stand(Standing{State: session.Broken, Since: since})
	if v := tb.until(in("verify")); v.Broken == nil || !v.Broken.Equal(since) {
		t.Errorf("the page says %+v", v)
	}
	p.Stand(Standing{State: session.Direct})
	if v := tb.until(in("verify")); v.Broken != nil {
		t.Errorf("the page says %+v", v)
	}
	tb.say("/digits", `"4719"`)
	digits()

	var out strings.Builder
	q := Terminal(strings.NewReader(""), &out)
	for _, s := range []session.State{session.Relayed, session.Direct, session.Broken, session.Broken, session.Relayed} {
		q.Stand(Standing{State: s, Since: since})
	}
	if said := out.String(); !strings.HasPrefix(said, "Connection broken") || !strings.HasSuffix(said, "The connection is back.\nConnected by relay.\n") || strings.Count(said, "broken") != 1 {
		t.Errorf("the terminal says %q", said)
	}
}

func TestTerminalOfABrokenConnection(t *testing.T) {
	for _, tt := range []struct {
		was session.State
		now Standing
		say string
	}{
		{session.Relayed, Standing{State: session.Broken, Since: since},
			"Connection broken, trying again.\nNothing has come from your supporter since 14:03:12. Nobody sees your screen now. Ctrl-C ends it all the same.\n"},
		{session.Broken, Standing{State: session.Direct}, "The connection is back.\nConnected directly.\n"},
		{session.Relayed, Standing{State: session.Direct}, "Connected directly.\n"},
	} {
		var out strings.Builder
		Terminal(strings.NewReader(""), &out).(*terminal).mended(tt.was, tt.now)
		if out.String() != tt.say {
			t.Errorf("%v, then %v: %q", tt.was, tt.now, out.String())
		}
	}
}

// The page asks for what a proxy wants, says that it was wrong, and takes no for an answer.
func TestPageAsksForProxy(t *testing.T) {
	p, tb := openPage(t)
	tb.until(in("connecting"))
	for _, problem := range []error{proxy.ErrWantsCredentials, fmt.Errorf("by proxy: %w", proxy.ErrWrongCredentials)} {
		proxied := asking(func() (string, error) {
			who, err := p.Proxy(t.Context(), problem)
			return who.String(), err
		})
		if v := tb.until(in("proxy")); (v.Problem == "proxy-wrong") != errors.Is(problem, proxy.ErrWrongCredentials) {
			t.Errorf("%v: the page says %+v", problem, v)
		}
		if got := tb.say("/proxy", `{"name":"ada","password":"open sesame"}`); got != http.StatusNoContent {
			t.Errorf("the answer: %d", got)
		}
		if who, err := proxied(); who != "ada:open%20sesame" || err != nil {
			t.Errorf("the answer is %q, %v", who, err)
		}
		tb.until(in("connecting"))
	}
	if got := tb.say("/proxy", `{"name":"ada","password":"again"}`); got != http.StatusConflict {
		t.Errorf("an answer that nobody asked for: %d", got)
	}
	cancelled := asking(func() (bool, error) { _, err := p.Proxy(t.Context(), proxy.ErrWantsCredentials); return true, err })
	tb.until(in("proxy"))
	tb.say("/proxy", `{"cancel":true}`)
	if _, err := cancelled(); err != errCancelled {
		t.Errorf("Cancel is %v", err)
	}
	p.Fail(fmt.Errorf("%w (%w)", p2p.ErrGateway, proxy.ErrWantsCredentials))
	if v := tb.until(in("fail")); v.Reason != "proxy-wants" {
		t.Errorf("in the end the page says %+v", v)
	}
	p.Fail(p2p.ErrGateway)
	if v := tb.until(in("fail")); v.Reason != "gateway" {
		t.Errorf("in the end the page says %+v", v)
	}
}
