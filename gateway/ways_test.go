package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
	"sixgate/session"
)

// whereabouts are host:port of a gateway, and its peer id.
func whereabouts(g *Gateway) (hostPort, id string) {
	parts := strings.Split(g.Addresses()[0], "/") // /ip4/127.0.0.1/tcp/port/p2p/id
	return net.JoinHostPort(parts[2], parts[4]), parts[6]
}

// only is a gateway's address for one transport.
func only(g *Gateway, transport string) string {
	at, id := whereabouts(g)
	_, port, _ := net.SplitHostPort(at)
	return "/ip4/127.0.0.1" + map[string]string{
		"tcp": "/tcp/" + port, "quic": "/udp/" + port + "/quic-v1", "websocket": "/tcp/" + port + "/tls/ws"}[transport] + "/p2p/" + id
}

// A session works over each transport of the one port, and the gateway counts which.
func TestSessionOverEachTransport(t *testing.T) {
	for _, transport := range []string{"tcp", "quic", "websocket"} {
		g := start(t, Options{})
		profile, err := AddOperator(g.data, "Ada", "Example Ltd")
		if err != nil {
			t.Fatal(err)
		}
		profile.Gateways = []string{only(g, transport)}
		b := dialBridge(t, p2p.BridgeOptions{Profile: profile})
		h := dialHost(t, only(g, transport))
		if way, _ := h.Way(); way.Transport != transport {
			t.Errorf("%s: the host came by %v", transport, way)
		}
		for _, c := range g.node.Network().Conns() {
			if way(c) != transport {
				t.Errorf("%s: the gateway sees %v", transport, c.LocalMultiaddr())
			}
		}
		host, bridge := call(t, h, b)
		consent(t, host, bridge)
		at, from := screen(t, host, bridge)
		sent := []byte(strings.Repeat("the user's desktop ", 100_000))
		go at.Write(sent)
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(from, got); err != nil || string(got) != string(sent) {
			t.Errorf("%s: what arrives differs: %v", transport, err)
		}
		host.End(session.ByUser)
		h.Close()
		b.Close()
	}
}

// Of several addresses that lead nowhere, and one that does, the host comes by the one. The others keep their reasons.
func TestEveryFailedWayHasItsReason(t *testing.T) {
	g, other := start(t, Options{}), start(t, Options{})
	at, id := whereabouts(g)
	closed, _ := whereabouts(other)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	address := func(hostPort string) string {
		_, port, _ := net.SplitHostPort(hostPort)
		return "/ip4/127.0.0.1/tcp/" + port + "/p2p/" + id
	}
	h := dialHost(t, address(closed), "/dns4/nowhere.invalid/tcp/1/p2p/"+id, address(silent.Addr().String()), only(g, "websocket"))
	way, failed := h.Way()
	if way.Transport != "websocket" || way.Address != at {
		t.Errorf("the host came by %v", way)
	}
	if !errors.Is(failed, syscall.ECONNREFUSED) || !strings.Contains(failed.Error(), "tcp "+closed) {
		t.Errorf("the others failed by %v", failed)
	}
	// When the gateway is gone as well, the error has them all, in one line.
	silent.Close()
	g.Close()
	if _, err := h.Join(t.Context(), "482913"); !errors.Is(err, p2p.ErrGateway) || strings.Contains(err.Error(), "\n") ||
		!strings.Contains(err.Error(), "websocket "+at+": ") || !strings.Contains(err.Error(), "tcp nowhere.invalid:1: ") {
		t.Errorf("no way is left: %v", err)
	}
}

// A program that answers at the gateway's address with another key is not the gateway, on any way.
func TestImpostorGateway(t *testing.T) {
	g, other := start(t, Options{}), start(t, Options{})
	_, id := whereabouts(g)
	for _, transport := range []string{"tcp", "quic", "websocket"} {
		address, _, _ := strings.Cut(only(other, transport), "/p2p/")
		_, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{address + "/p2p/" + id}, Self: p2p.Hello{Name: "pc"}})
		if !errors.Is(err, p2p.ErrOtherGateway) || !errors.Is(err, p2p.ErrGateway) {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

// The same way is taken again, and first, when it worked before.
func TestTheWayThatWorkedIsTakenAgain(t *testing.T) {
	g := start(t, Options{})
	h := dialHost(t, only(g, "tcp"), only(g, "websocket"))
	if way, _ := h.Way(); way.Transport != "tcp" {
		t.Fatalf("the host came by %v", way)
	}
	blocked := dialHost(t, only(g, "websocket"), only(g, "quic"))
	first, _ := blocked.Way()
	for range 3 {
		for _, c := range g.node.Network().Conns() {
			c.Close()
		}
		if _, err := blocked.Join(t.Context(), "482913"); !errors.Is(err, p2p.ErrNoCode) && !errors.Is(err, p2p.ErrTooMany) && !errors.Is(err, p2p.ErrGateway) {
			t.Error(err)
		}
		if way, _ := blocked.Way(); way != first {
			t.Errorf("the host came by %v, then by %v", first, way)
		}
	}
}

// The port's other guest: the portal, over TLS. Plain HTTP is sent there.
func TestPortal(t *testing.T) {
	g := start(t, Options{Portal: "127.0.0.1:0"})
	at, _ := whereabouts(g)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	defer c.CloseIdleConnections()
	get := func(u string) (int, string) {
		r, err := c.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return r.StatusCode, string(b)
	}
	for _, u := range []string{"https://" + at + "/", "http://" + at + "/"} {
		if code, page := get(u); code != http.StatusOK || !strings.Contains(page, "six-digit code") {
			t.Errorf("%s: %d %s", u, code, page)
		}
	}
	if code, page := get("https://" + at + "/health"); code != http.StatusOK || page != "ok\n" {
		t.Errorf("health: %d %s", code, page)
	}
	for _, path := range []string{"/metrics", "/..%2fidentity.key", "/admin"} {
		if code, _ := get("https://" + at + path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
	if _, err := Open(t.Context(), Options{Data: t.TempDir() + "/data", Listen: "127.0.0.1:0", Portal: "0.0.0.0:0"}); err == nil ||
		!strings.Contains(err.Error(), "loopback") {
		t.Errorf("metrics for everybody: %v", err)
	}
}

// A host behind a proxy that wants credentials: none, wrong ones and right ones.
func TestThroughProxy(t *testing.T) {
	g := start(t, Options{})
	at, _ := whereabouts(g)
	p := startProxy(t, "http://ada:secret@")
	none, _ := url.Parse("http://" + p.at)
	wrong, _ := url.Parse("http://ada:wrong-password@" + p.at)
	right, _ := url.Parse("http://ada:secret@" + p.at)
	for _, tt := range []struct {
		via  *url.URL
		want error
	}{{none, proxy.ErrWantsCredentials}, {wrong, proxy.ErrWrongCredentials}, {right, nil}} {
		// by a name that only the proxy knows
		h, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{strings.Replace(only(g, "tcp"), "ip4/127.0.0.1", "dns4/gateway.invalid", 1)},
			Proxies: proxy.Settings{Via: tt.via}, Self: p2p.Hello{Name: "pc"}, Log: logTo(t)})
		if !errors.Is(err, tt.want) || err != nil && strings.Contains(err.Error(), "wrong-password") {
			t.Errorf("the proxy's answer: %v, want %v", err, tt.want)
		}
		if err == nil {
			if way, _ := h.Way(); way.Proxy != p.at {
				t.Errorf("the host came by %v", way)
			}
			h.Close()
		}
	}
	// A person who is asked, and types the password wrong at first.
	var problems []error
	h, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{strings.Replace(only(g, "tcp"), "ip4/127.0.0.1", "dns4/gateway.invalid", 1)},
		Proxies: proxy.Settings{Via: none, Ask: func(_ context.Context, problem error) (*url.Userinfo, error) {
			problems = append(problems, problem)
			return []*url.Userinfo{wrong.User, right.User}[len(problems)-1], nil
		}}, Self: p2p.Hello{Name: "pc"}, Log: logTo(t)})
	if err != nil || len(problems) != 2 || !errors.Is(problems[0], proxy.ErrWantsCredentials) || !errors.Is(problems[1], proxy.ErrWrongCredentials) {
		t.Fatalf("asked because of %v, and then %v", problems, err)
	}
	h.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.HasPrefix(p.asked, "gateway.invalid:") || at == "" {
		t.Errorf("the proxy is asked for %s", p.asked)
	}
}

// tinyProxy is a proxy that leads every name to loopback.
type tinyProxy struct {
	at    string
	mu    sync.Mutex
	asked string
}

func startProxy(t *testing.T, who string) *tinyProxy {
	t.Helper()
	u, err := url.Parse(who + "x")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tinyProxy{at: l.Addr().String()}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
		name, password, _ := r.BasicAuth()
		if want, _ := u.User.Password(); name != u.User.Username() || password != want {
			w.Header().Set("Proxy-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		p.mu.Lock()
		p.asked = r.Host
		p.mu.Unlock()
		_, port, _ := net.SplitHostPort(r.Host)
		far, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			far.Close()
			return
		}
		var both sync.WaitGroup
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			both.Go(func() {
				io.Copy(way[0], way[1])
				way[0].Close()
			})
		}
		both.Wait()
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return p
}
