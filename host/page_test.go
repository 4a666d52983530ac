package host

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

var ada = p2p.Hello{Name: "Ada", Organisation: "Example", Purpose: "fix the printer"}

// tab is a browser's tab with the page.
type tab struct {
	t      *testing.T
	base   string
	client *http.Client
	events *bufio.Reader
	close  func() error
}

// openPage starts a page, and opens it as a browser would.
func openPage(t *testing.T) (*Page, *tab) {
	t.Helper()
	p, err := NewPage()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	jar, _ := cookiejar.New(nil)
	tb := &tab{t: t, base: "http://" + p.server.address, client: &http.Client{Jar: jar}}
	if status := tb.get(p.Address()); status != http.StatusOK {
		t.Fatalf("the page opens with status %d", status)
	}
	tb.follow()
	return p, tb
}

// follow opens the page's events.
func (tb *tab) follow() {
	tb.t.Helper()
	response, err := tb.client.Get(tb.base + "/events")
	if err != nil {
		tb.t.Fatal(err)
	}
	tb.t.Cleanup(func() { response.Body.Close() })
	tb.events, tb.close = bufio.NewReader(response.Body), response.Body.Close
}

func (tb *tab) get(address string) int {
	tb.t.Helper()
	response, err := tb.client.Get(address)
	if err != nil {
		tb.t.Fatal(err)
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// say posts what the page's script would.
func (tb *tab) say(path, body string) int {
	tb.t.Helper()
	response, err := tb.client.Post(tb.base+path, "application/json", strings.NewReader(body))
	if err != nil {
		tb.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// until reads views up to one that fits.
func (tb *tab) until(fits func(view) bool) view {
	tb.t.Helper()
	for {
		line, err := tb.events.ReadString('\n')
		if err != nil {
			tb.t.Fatal(err)
		}
		var v view
		if data, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(data), &v) == nil && fits(v) {
			return v
		}
	}
}

func in(state string) func(view) bool { return func(v view) bool { return v.State == state } }

// asking runs a question and gives what it returned.
func asking[T any](f func() (T, error)) func() (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() { v, err := f(); done <- result{v, err} }()
	return func() (T, error) { r := <-done; return r.value, r.err }
}

func TestPageAsks(t *testing.T) {
	p, tb := openPage(t)
	code := asking(func() (string, error) { return p.Code(t.Context(), p2p.ErrNoCode) })
	if v := tb.until(in("code")); v.Problem != "no-code" {
		t.Errorf("the page says %+v", v)
	}
	tb.say("/code", `"482913"`)
	if typed, err := code(); typed != "482913" || err != nil {
		t.Errorf("typed %q, %v", typed, err)
	}

	digits := asking(func() (string, error) { return p.CheckDigits(t.Context(), ada, nil) })
	v := tb.until(in("verify"))
	if v.Name != "Ada" || v.Organisation != "Example" || v.Purpose != "fix the printer" || v.Verified || v.Fit || v.Pause < 1 {
		t.Errorf("the page says %+v", v)
	}
	if got := tb.say("/allow", `{"mode":"active","permissions":["view"]}`); got != http.StatusConflict { // the digits come first
		t.Errorf("Allow before the digits: %d", got)
	}
	tb.say("/digits", `"4719"`)
	if typed, err := digits(); typed != "4719" || err != nil {
		t.Errorf("typed %q, %v", typed, err)
	}

	allow := asking(func() (Grant, error) { return p.Allow(t.Context(), newRequest(ada)) })
	tb.until(func(v view) bool { return v.Fit })
	if got := tb.say("/allow", `{"mode":"active","permissions":["view"]}`); got != http.StatusConflict {
		t.Errorf("Allow before it can have been read: %d", got)
	}
	p.mu.Lock()
	p.unlock = time.Now() // twelve seconds later
	p.mu.Unlock()
	if got := tb.say("/allow", `{"mode":"active","permissions":["view","everything"]}`); got != http.StatusBadRequest {
		t.Errorf("a permission that there is not: %d", got)
	}
	tb.say("/allow", `{"mode":"active","permissions":["view"]}`)
	if allowed, err := allow(); allowed != (Grant{Permissions: session.View}) || err != nil {
		t.Errorf("allowed %v, %v", allowed, err)
	}
	if got := tb.say("/allow", `{"mode":"active","permissions":["view","control"]}`); got != http.StatusConflict {
		t.Errorf("an answer that comes twice: %d", got)
	}
}

// No does not wait, and a question that nobody waits for any more takes no answer.
func TestPageNo(t *testing.T) {
	p, tb := openPage(t)
	p.mu.Lock()
	p.unlock = time.Now().Add(time.Hour)
	p.mu.Unlock()
	allow := asking(func() (Grant, error) { return p.Allow(t.Context(), newRequest(ada)) })
	tb.until(in("verify"))
	tb.say("/allow", `{"mode":"active","permissions":[]}`)
	if allowed, err := allow(); !allowed.no() || err != nil {
		t.Errorf("No allows %v, %v", allowed, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	allow = asking(func() (Grant, error) { return p.Allow(ctx, newRequest(ada)) })
	tb.until(in("verify"))
	cancel()
	if allowed, err := allow(); !allowed.no() || err == nil {
		t.Errorf("after the supporter left: %v, %v", allowed, err)
	}
	if got := tb.say("/allow", `{"mode":"active","permissions":["view"]}`); got != http.StatusConflict {
		t.Errorf("an answer after the supporter left: %d", got)
	}
}

func TestPageLive(t *testing.T) {
	p, tb := openPage(t)
	d := newPresses()
	c := newConsent(t.Context(), d, newRequest(ada), Grant{Permissions: session.View | session.Control})
	told := make(chan session.Permissions, 1)
	c.tell = func(_ session.Mode, now session.Permissions) { told <- now }
	live := asking(func() (bool, error) { return true, p.Live(t.Context(), c) })
	tb.until(in("live"))

	c.gate.Key('x', true)
	tb.say("/change", `{"permission":"control","on":false}`)
	if now := <-told; now != session.View {
		t.Errorf("the supporter is told %v", now)
	}
	if d.keys['x'] {
		t.Error("a key stays down without control")
	}
	if v := tb.until(func(v view) bool { return len(v.Allowed) == 1 }); v.Allowed[0] != "view" {
		t.Errorf("the page says %+v", v)
	}

	// The supporter had the keyboard a moment ago: what is taken is taken, and nothing is given.
	tb.say("/change", `{"permission":"control","on":true}`)
	tb.until(func(v view) bool { return v.Problem == "hands-off" })
	if c.Allowed() != session.View {
		t.Errorf("allowed %v", c.Allowed())
	}
	c.gate.mu.Lock()
	c.gate.touched = time.Now().Add(-handsOffFor)
	c.gate.mu.Unlock()
	tb.say("/change", `{"permission":"control","on":true}`)
	if now := <-told; now != session.View|session.Control || c.Allowed() != now {
		t.Errorf("the supporter is told %v, allowed is %v", now, c.Allowed())
	}
	tb.say("/change", `{"permission":"tunnel","on":true}`) // was not offered
	tb.say("/stop", `true`)
	if _, err := live(); err != nil {
		t.Errorf("Stop gives %v", err)
	}
	if got := tb.say("/change", `{"permission":"view","on":true}`); got != http.StatusConflict {
		t.Errorf("a change after the end: %d", got)
	}
	r := c.receipt()
	p.End(session.ByUser, &r)
	v := tb.until(in("end"))
	if v.Reason != "by-user" || v.Receipt == nil || len(v.Receipt.Granted) != 3 || v.Name != "Ada" {
		t.Errorf("the page says %+v", v)
	}
}

// Nobody but the browser that was given the address speaks to the page, and nothing but the page's words.
func TestPageIsGuarded(t *testing.T) {
	p, tb := openPage(t)
	code := asking(func() (string, error) { return p.Code(t.Context(), nil) })
	tb.until(in("code"))
	stranger := &http.Client{}
	token := strings.TrimPrefix(p.Address(), tb.base)
	asJSON := map[string]string{"Content-Type": "application/json"}
	for _, tt := range []struct {
		name   string
		client *http.Client
		method string
		path   string
		header map[string]string
		body   string
		want   int
	}{
		{"no cookie", stranger, "GET", "/", nil, "", http.StatusForbidden},
		{"no cookie, events", stranger, "GET", "/events", nil, "", http.StatusForbidden},
		{"no cookie, answer", stranger, "POST", "/code", nil, `"482913"`, http.StatusForbidden},
		{"another cookie", stranger, "POST", "/code", map[string]string{"Cookie": p.server.cookie() + "=x"}, `"482913"`, http.StatusForbidden},
		{"no token", stranger, "GET", "/open", nil, "", http.StatusForbidden},
		{"a wrong token", stranger, "GET", "/open?token=x", nil, "", http.StatusForbidden},
		{"a token posted", stranger, "POST", token, nil, "", http.StatusForbidden},
		{"a name that leads here", tb.client, "GET", "/", map[string]string{"Host": "evil.example"}, "", http.StatusMisdirectedRequest},
		{"another name for this machine", tb.client, "POST", "/code", map[string]string{"Host": "localhost"}, `"482913"`, http.StatusMisdirectedRequest},
		{"from another page", tb.client, "POST", "/code", map[string]string{"Origin": "https://evil.example"}, `"482913"`, http.StatusForbidden},
		{"from another page's script", tb.client, "POST", "/code", map[string]string{"Sec-Fetch-Site": "cross-site"}, `"482913"`, http.StatusForbidden},
		{"unknown fields", tb.client, "POST", "/change", asJSON, `{"permission":"view","on":true,"all":true}`, http.StatusBadRequest},
		{"the answer to another question", tb.client, "POST", "/stop", asJSON, `true`, http.StatusConflict},
		{"a change before there is a session", tb.client, "POST", "/change", asJSON, `{"permission":"view","on":true}`, http.StatusConflict},
		{"read an answer", tb.client, "GET", "/code", nil, ``, http.StatusNotFound},
	} {
		r, err := http.NewRequest(tt.method, tb.base+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range tt.header {
			r.Header.Set(name, value)
		}
		r.Host = tt.header["Host"]
		response, err := tt.client.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		response.Body.Close()
		if response.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, response.StatusCode, tt.want)
		}
		if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") {
			t.Errorf("%s: the policy is %q", tt.name, policy)
		}
		if response.Header.Get("Cache-Control") != "no-store" && tt.want != http.StatusNotFound { // net/http says nothing of what is not there
			t.Errorf("%s may be kept", tt.name)
		}
	}
	if status := tb.get(tb.base + token); status != http.StatusOK {
		t.Errorf("a second tab opens with status %d", status)
	}
	if status := tb.get(tb.base + token); status != http.StatusForbidden {
		t.Errorf("an address that was used opens with status %d", status)
	}
	tb.say("/code", `"482913"`)
	if typed, err := code(); typed != "482913" || err != nil {
		t.Errorf("after all that, %q, %v", typed, err)
	}
}

// When the program ends, its last view has been read.
func TestPageCloses(t *testing.T) {
	p, tb := openPage(t)
	tb.until(in("connecting"))
	p.End(session.BySupporter, nil)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if v := tb.until(in("end")); v.Reason != "by-supporter" {
		t.Errorf("the page says %+v", v)
	}
	if _, err := tb.client.Get(tb.base + "/"); err == nil {
		t.Error("somebody still answers")
	}
}

func TestReasonsHaveWords(t *testing.T) {
	seen := map[string]session.Reason{}
	for r := session.ByUser; r.Known(); r++ {
		key := reasonKey(r)
		if before, twice := seen[key]; twice {
			t.Errorf("%v and %v are both %q", before, r, key)
		}
		seen[key] = r
	}
	if problemKey(nil) != "" || problemKey(errors.New("?")) != "other" || problemKey(session.WrongDigitsError{Left: 1}) != "wrong-digits" {
		t.Error("an error has the wrong word")
	}
}
