package host

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"sixgate/session"
)

// another opens the page in one more browser.
func (tb *tab) another(t *testing.T, p *Page) *tab {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	b := &tab{t: t, base: tb.base, client: &http.Client{Jar: jar}}
	if status := b.get(p.Address()); status != http.StatusOK {
		t.Fatalf("the page opens in another browser with status %d", status)
	}
	b.follow()
	return b
}

// send is a request as some client makes it.
func (tb *tab) send(client *http.Client, method, path, body string, header map[string]string) (status int, h http.Header) {
	tb.t.Helper()
	r, err := http.NewRequest(method, tb.base+path, strings.NewReader(body))
	if err != nil {
		tb.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	r.Host = header["Host"]
	response, err := client.Do(r)
	if err != nil {
		tb.t.Fatalf("%s %s: %v", method, path, err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header
}

// Every route, also one that comes tomorrow, is behind the same door, and says the same to what it does not understand.
func TestEveryRouteIsGuarded(t *testing.T) {
	p, tb := openPage(t)
	stranger := new(http.Client)
	for pattern := range p.server.routes() {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{", "", "}", "").Replace(path)
		refused := func(want int, what string, client *http.Client, method, body string, header map[string]string) {
			t.Helper()
			status, h := tb.send(client, method, path, body, header)
			if status != want {
				t.Errorf("%s, %s: status %d, want %d", pattern, what, status, want)
			}
			if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") || h.Get("X-Content-Type-Options") != "nosniff" ||
				h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s, %s: headers %v", pattern, what, h)
			}
		}
		cookie := p.server.cookie()
		refused(http.StatusForbidden, "without a cookie", stranger, method, "true", nil)
		refused(http.StatusForbidden, "with an empty cookie", stranger, method, "true", map[string]string{"Cookie": cookie + "="})
		refused(http.StatusForbidden, "with another cookie", stranger, method, "true", map[string]string{"Cookie": cookie + "=" + strings.Repeat("A", 26)})
		refused(http.StatusForbidden, "with a token instead of a cookie", stranger, method, "true", map[string]string{"Authorization": "Bearer " + p.server.secret})
		for _, host := range []string{"evil.example", "localhost", "127.0.0.1", "[::1]", p.server.address + ".evil.example", "evil.example:" + strings.Split(p.server.address, ":")[1]} {
			refused(http.StatusMisdirectedRequest, "for "+host, tb.client, method, "true", map[string]string{"Host": host})
		}
		if method == http.MethodGet {
			for _, wrong := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
				refused(http.StatusMethodNotAllowed, wrong, tb.client, wrong, "true", nil)
			}
			continue
		}
		for _, header := range []map[string]string{
			{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost"}, {"Origin": "http://127.0.0.1:1"},
			{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
		} {
			refused(http.StatusForbidden, fmt.Sprint("from elsewhere, ", header), tb.client, method, "true", header)
		}
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "application/json;="} {
			refused(http.StatusUnsupportedMediaType, "as "+kind, tb.client, method, "true", map[string]string{"Content-Type": kind})
		}
		for what, body := range map[string]string{
			"nothing": "", "a half": `{"a`, "more than one": "true true", "no JSON": "\x00\xff\xfe", "a deep nest": strings.Repeat("[", maxAnswer-1), "a deep whole nest": strings.Repeat("[", 2000) + strings.Repeat("]", 2000),
			"another type": `{"a":{"b":[1,2,"c"]}}`, "a number": "1e999", "broken UTF-8 in the wrong type": "{\"\xff\":1}", "too much": `"` + strings.Repeat("4", maxAnswer) + `"`, "spaces without end": strings.Repeat(" ", 3*maxAnswer),
		} {
			refused(http.StatusBadRequest, what, tb.client, method, body, nil)
		}
		refused(http.StatusNotFound, "read, not written", tb.client, http.MethodGet, "", nil)
		for _, wrong := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			refused(http.StatusMethodNotAllowed, wrong, tb.client, wrong, "true", nil)
		}
	}
	code := asking(func() (string, error) { return p.Code(t.Context(), nil) })
	tb.until(in("code"))
	tb.say("/code", `"482913"`)
	if typed, err := code(); typed != "482913" || err != nil {
		t.Errorf("after all that, %q, %v", typed, err)
	}
}

// Answers to questions that do not stand, or not yet, change nothing.
func TestAnswersOutOfOrder(t *testing.T) {
	p, tb := openPage(t)
	none := func(when string) {
		t.Helper()
		for path, body := range map[string]string{"/code": `"482913"`, "/digits": `"4719"`, "/allow": `{"mode":"active","permissions":["view","control"]}`, "/step": `"monitor"`, "/change": `{"permission":"view","on":true}`, "/power": `true`, "/stop": `true`} {
			if got := tb.say(path, body); got != http.StatusConflict && path != "/"+when {
				t.Errorf("%s while the page asks %q: %d", path, when, got)
			}
		}
	}
	none("nothing")
	code := asking(func() (string, error) { return p.Code(t.Context(), nil) })
	tb.until(in("code"))
	none("code")
	code()
	digits := asking(func() (string, error) { return p.CheckDigits(t.Context(), ada, nil) })
	tb.until(in("verify"))
	none("digits")
	digits()
	none("nothing, after the digits")
	p.End(session.WrongDigits, nil)
	none("nothing, after the end")
}

// raw is a connection that speaks for itself.
func raw(t *testing.T, p *Page, says string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.server.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(4 * requestFor))
	if _, err := io.WriteString(conn, says); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestOddRequests(t *testing.T) {
	p, tb := openPage(t)
	code := asking(func() (string, error) { return p.Code(t.Context(), nil) })
	tb.until(in("code"))
	host := "Host: " + p.server.address + "\r\n"
	cookie := "Cookie: " + p.server.cookie() + "=" + p.server.secret + "\r\n"
	post := "POST /code HTTP/1.1\r\n" + host + cookie + "Content-Type: application/json\r\n"
	for _, tt := range []struct{ name, says, want string }{
		{"a name in the first line", "GET http://evil.example/ HTTP/1.1\r\n" + host + cookie + "\r\n", "421"},
		{"no name", "GET / HTTP/1.0\r\n" + cookie + "\r\n", "421"},
		{"two names", "GET / HTTP/1.1\r\n" + host + "Host: evil.example\r\n" + cookie + "\r\n", "400"},
		{"a header without end", "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 2*maxHeaders) + "\r\n\r\n", "431"},
		{"headers without end", "GET / HTTP/1.1\r\n" + host + strings.Repeat("X: x\r\n", maxHeaders/3) + "\r\n", "431"},
		{"two lengths", post + "Content-Length: 8\r\nContent-Length: 9\r\n\r\n\"482913\"", "400"},
		{"a length below zero", post + "Content-Length: -1\r\n\r\n", "400"},
		{"a chunk of no length", post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "400"},
		{"a way out of the folder", "GET /../../etc/passwd HTTP/1.1\r\n" + host + cookie + "\r\n", "307"},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		{"a proxy's word", "CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + host + cookie + "\r\n", "421"},
	} {
		status, err := bufio.NewReader(raw(t, p, tt.says)).ReadString('\n')
		if fields := strings.Fields(status); err != nil || len(fields) < 2 || fields[1] != tt.want {
			t.Errorf("%s: %q, %v, want %s", tt.name, status, err, tt.want)
		}
	}

	// Two answers at once: the first is the answer, the second comes too late.
	answer := post + "Content-Length: 8\r\n\r\n\"482913\""
	answers := bufio.NewReader(raw(t, p, answer+answer))
	for _, want := range []int{http.StatusNoContent, http.StatusConflict} {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		if response.StatusCode != want {
			t.Errorf("one behind the other: status %d, want %d", response.StatusCode, want)
		}
	}
	if typed, err := code(); typed != "482913" || err != nil {
		t.Errorf("after all that, %q, %v", typed, err)
	}
}

// Who opens connections and says nothing, half of something, or a byte now and then, keeps nobody else from the page for long.
func TestSilentConnections(t *testing.T) {
	p, tb := openPage(t)
	host := "Host: " + p.server.address + "\r\n"
	cookie := "Cookie: " + p.server.cookie() + "=" + p.server.secret + "\r\n"
	starts := []string{"", "GET / HTT", "GET / HTTP/1.1\r\n" + host, "POST /code HTTP/1.1\r\n" + host + cookie + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n\"4",
		"POST /code HTTP/1.1\r\n" + host + "Content-Length: 100\r\n\r\n\"4"} // no cookie
	var conns []net.Conn
	for i := range maxConns {
		conns = append(conns, raw(t, p, starts[i%len(starts)]))
	}
	start := time.Now()
	if status := tb.another(t, p).get(tb.base + "/"); status != http.StatusOK {
		t.Errorf("another browser gets %d", status)
	}
	if took := time.Since(start); took > 4*requestFor {
		t.Errorf("another browser had to wait for %v", took)
	}
	for i, conn := range conns { // all of them have been hung up on
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatalf("%q is still connected", starts[i%len(starts)])
		}
	}
	p.show(view{State: "verify"})
	tb.until(in("verify")) // was there all the time
}

// However soon the program closes the page, its tabs have been sent the last view.
func TestLastViewIsSent(t *testing.T) {
	for range 30 {
		p, tb := openPage(t)
		for i := range 3 {
			p.show(view{State: fmt.Sprint(i)})
		}
		p.End(session.ByUser, nil)
		p.Close()
		if rest, _ := io.ReadAll(tb.events); !strings.Contains(string(rest), `"state":"end"`) {
			t.Fatalf("a tab reads %q", rest)
		}
	}
}

// Two browsers show the same, one answers for both; a tab that does not read keeps nobody from anything.
func TestManyTabs(t *testing.T) {
	p, a := openPage(t)
	b := a.another(t, p)
	code := asking(func() (string, error) { return p.Code(t.Context(), nil) })
	a.until(in("code"))
	b.until(in("code"))
	if got := b.say("/code", `"482913"`); got != http.StatusNoContent {
		t.Errorf("the second browser's answer: %d", got)
	}
	if got := a.say("/code", `"482914"`); got != http.StatusConflict {
		t.Errorf("the first browser's answer, too late: %d", got)
	}
	if typed, _ := code(); typed != "482913" {
		t.Errorf("typed %q", typed)
	}

	// New tabs take the place of the oldest, who are told.
	var tabs []*tab
	for range 20 {
		tb := &tab{t: t, base: b.base, client: b.client}
		tb.follow()
		tb.until(in("code"))
		tabs = append(tabs, tb)
	}
	for _, old := range append([]*tab{a, b}, tabs[:len(tabs)-maxTabs]...) {
		if rest, err := io.ReadAll(old.events); err != nil || !strings.Contains(string(rest), "event: replaced\n") {
			t.Fatalf("an old tab reads %q, %v", rest, err)
		}
	}
	p.show(view{State: "verify"})
	for _, tb := range tabs[len(tabs)-maxTabs:] {
		tb.until(in("verify"))
	}

	// One does not read any more.
	last := tabs[len(tabs)-1]
	big := strings.Repeat("x", 1<<20)
	for i := range 16 {
		state := fmt.Sprint(i)
		p.show(view{State: state, Purpose: big})
		last.until(in(state))
	}
	start := time.Now()
	p.End(session.ByUser, nil)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 2*farewell {
		t.Errorf("the page waits %v for a tab that does not read", took)
	}
	last.until(in("end"))
}

// A question that is not answered in time ends as that, and one whose page was closed as the user's doing.
func TestUnanswered(t *testing.T) {
	p, tb := openPage(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	g, err := p.Allow(ctx, Request{Supporter: ada, Mode: session.ModeActive, Modes: []session.Mode{session.ModeActive}})
	if !g.no() || unanswered(err) != session.Unanswered {
		t.Errorf("an answer that does not come is %v, %v", g, err)
	}
	if got := tb.say("/allow", `{"mode":"active","permissions":["view"]}`); got != http.StatusConflict {
		t.Errorf("an answer that comes too late: %d", got)
	}
	if unanswered(errPageClosed) != session.ByUser {
		t.Error("who closes the page is told that they did not answer in time")
	}
}

// The program does not wait for an answer when the page was closed for good. A session goes on.
func TestClosedPage(t *testing.T) {
	p, tb := openPage(t)
	p.server.awayFor = 50 * time.Millisecond
	code := asking(func() (string, error) { return p.Code(t.Context(), nil) })
	tb.until(in("code"))
	p.server.abandon() // comes too late: there is a tab again
	live := asking(func() (bool, error) { return ask[bool](t.Context(), p, "stop", view{State: "live"}) })
	tb.until(in("live"))
	tb.close()
	if _, err := code(); err != errPageClosed {
		t.Errorf("the question about the code ends with %v", err)
	}
	tb.follow()
	tb.until(in("live"))
	tb.say("/stop", "true")
	if stop, err := live(); !stop || err != nil {
		t.Errorf("a live session ends with %v", err)
	}
}
