package proxy

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// answering is a proxy that answers each connection's request with the next text, and tells the requests.
func answering(t *testing.T, answers ...string) (via *url.URL, requests <-chan *http.Request) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan *http.Request, len(answers))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, a := range answers {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				t.Errorf("the proxy hears %v", err)
			}
			heard <- r
			io.WriteString(c, a)
			if !strings.HasPrefix(a, "HTTP/1.1 200") {
				c.Close()
				continue
			}
			go func() { // the far end says everything twice
				defer c.Close()
				b := make([]byte, 100)
				n, _ := c.Read(b)
				c.Write(append(b[:n], b[:n]...))
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	via, err = Parse("http://ada:open%20sesame@" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return via, heard
}

const (
	through = "HTTP/1.1 200 Connection established\r\n\r\n"
	basic   = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 4\r\n\r\nbody"
	digest  = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Digest realm=\"squid\", nonce=\"abc\\\"d\", qop=\"auth,auth-int\", opaque=\"o\"\r\n\r\n"
)

func TestDial(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []string
		scheme  string // of the credentials; "" for none
		err     string // a part of it; "" for success
	}{
		"open":              {[]string{through}, "", ""},
		"early bytes":       {[]string{through + "hi"}, "", ""},
		"basic":             {[]string{basic, through}, "Basic ", ""},
		"digest":            {[]string{digest, through}, "Digest ", ""},
		"wrong":             {[]string{basic, basic}, "Basic ", "does not take this name"},
		"forbidden":         {[]string{"HTTP/1.1 403 <b>ask Eve</b>\r\n\r\n"}, "", "403 Forbidden"},
		"ntlm":              {[]string{"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n"}, "", "ntlm, negotiate"},
		"no challenge":      {[]string{"HTTP/1.1 407 No\r\n\r\n"}, "", "not supported"},
		"no proxy":          {[]string{"SSH-2.0-OpenSSH\r\n"}, "", "does not answer as a proxy"},
		"nothing":           {[]string{""}, "", "does not answer as a proxy"},
		"endless header":    {[]string{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2*maxAnswer)}, "", "longer than"},
		"endless headers":   {[]string{"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxAnswer)}, "", "longer than"},
		"header with lines": {[]string{strings.Replace(digest, "squid", "a\x01b", 1), through}, "", "does not answer as a proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			via, requests := answering(t, tt.answers...)
			c, err := Dial(t.Context(), via, "gateway.example.com:443")
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("%v, want %q", err, tt.err)
			}
			if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), "Eve")) {
				t.Errorf("the error tells too much: %v", err)
			}
			var last *http.Request
			for range tt.answers {
				select {
				case last = <-requests:
				default:
				}
			}
			if last.Method != "CONNECT" || last.Host != "gateway.example.com:443" || !strings.HasPrefix(last.Header.Get("Proxy-Authorization"), tt.scheme) {
				t.Errorf("the proxy is asked %s %s with %q", last.Method, last.Host, last.Header.Get("Proxy-Authorization"))
			}
			if c == nil {
				return
			}
			defer c.Close()
			io.WriteString(c, "twice")
			_, early, _ := strings.Cut(tt.answers[len(tt.answers)-1], "\r\n\r\n")
			if got, err := io.ReadAll(c); err != nil || string(got) != early+"twicetwice" {
				t.Errorf("through the proxy come %q, %v", got, err)
			}
		})
	}
	via, _ := answering(t, basic)
	via.User = nil
	if _, err := Dial(t.Context(), via, "gateway.example.com:443"); !errors.Is(err, ErrWantsCredentials) {
		t.Errorf("without credentials: %v", err)
	}
	if _, err := Dial(t.Context(), &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, "gateway.example.com:443"); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1 cannot be reached") {
		t.Errorf("a proxy that is not there: %v", err)
	}
}

// A proxy that says nothing, or a byte now and then, is given up.
func TestSilentProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var slow sync.WaitGroup
		defer slow.Wait()
		slow.Go(func() { io.Copy(io.Discard, far) })
		slow.Go(func() {
			for err := error(nil); err == nil; _, err = far.Write([]byte("H")) {
				time.Sleep(time.Second)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), answerFor)
		defer cancel()
		defer context.AfterFunc(ctx, func() { near.SetDeadline(time.Unix(1, 0)) })()
		began := time.Now()
		if _, _, err := ask(near, "gateway.example.com:443", ""); err == nil || time.Since(began) > answerFor {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		near.Close()
	})
}

// The answer to RFC 7616's own example, §3.9.1, in both algorithms, worked out here by its formula.
func TestDigest(t *testing.T) {
	who := url.UserPassword("Mufasa", "Circle of Life")
	c := parseChallenges([]string{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`})
	answer, ok := c[0].digest("md5", who, "gateway:443")
	if !ok {
		t.Fatal("no answer")
	}
	p := parseChallenges([]string{answer})[0].parameters
	sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	secret := sum("Mufasa:http-auth@example.org:Circle of Life")
	if secret != "3d78807defe7de2157e2b0b6573a855f" { // H(A1) of the RFC's example
		t.Errorf("H(A1) is %s", secret)
	}
	want := sum(strings.Join([]string{secret, p["nonce"], "00000001", p["cnonce"], "auth", sum("CONNECT:gateway:443")}, ":"))
	if p["response"] != want || p["username"] != "Mufasa" || p["uri"] != "gateway:443" || p["qop"] != "auth" || p["opaque"] != c[0].parameters["opaque"] || strings.Contains(answer, "Life") {
		t.Errorf("the answer is %s, want the response %s", answer, want)
	}
	for _, refused := range []string{`Digest realm="x", nonce="n", algorithm=SHA-512-256`, `Digest realm="x", nonce="n", qop="auth-int"`, `Digest realm="x"`} {
		if answer, err := authorize([]string{refused}, who, "gateway:443"); err == nil {
			t.Errorf("%s is answered with %s", refused, answer)
		}
	}
	both := []string{`Basic realm="x", Digest realm="x", nonce="n", algorithm=MD5, Digest realm="x", nonce="n", algorithm=SHA-256-sess`}
	if answer, err := authorize(both, who, "gateway:443"); err != nil || !strings.Contains(answer, "algorithm=SHA-256-sess") {
		t.Errorf("the best of three is %s, %v", answer, err)
	}
}

func TestParse(t *testing.T) {
	for s, want := range map[string]string{"proxy.example.com:3128": "proxy.example.com:3128", "http://ada:x@proxy": "proxy:80",
		"https://proxy/": "proxy:443", "http://[2001:db8::1]:8080": "[2001:db8::1]:8080"} {
		if u, err := Parse(s); err != nil || Name(u) != want {
			t.Errorf("%s: %v, %v", s, u, err)
		}
	}
	for _, s := range []string{"", "socks5://proxy:1080", "http://", "http://ada:sesame@", "http://ada:sesame@proxy:port", "http://ada:ses\name@proxy"} {
		if u, err := Parse(s); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: %v, %v", s, u, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{through, through + "hi", basic, digest, "HTTP/1.1 403 No\r\n\r\n", "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n", "SSH-2.0\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		conn := heard{strings.NewReader(string(b))}
		c, challenges, err := ask(conn, "gateway:443", "")
		if err != nil || c != nil {
			return
		}
		answer, err := authorize(challenges, url.UserPassword("ada\r\nX: y", "sesame\r\n"), "gateway:443")
		if err == nil && strings.ContainsAny(answer, "\r\n") {
			t.Errorf("%q ends a line", answer)
		}
	})
}

// heard is a connection that only says what was said.
type heard struct{ io.Reader }

func (heard) Write(b []byte) (int, error)      { return len(b), nil }
func (heard) Close() error                     { return nil }
func (heard) LocalAddr() net.Addr              { return nil }
func (heard) RemoteAddr() net.Addr             { return nil }
func (heard) SetDeadline(time.Time) error      { return nil }
func (heard) SetReadDeadline(time.Time) error  { return nil }
func (heard) SetWriteDeadline(time.Time) error { return nil }
