package gateway

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"testing"

	"sixgate/p2p"
	"sixgate/session"
)

// start opens a gateway on loopback.
func start(t testing.TB, o Options) *Gateway {
	t.Helper()
	if o.Data == "" {
		o.Data = filepath.Join(t.TempDir(), "data")
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = logTo(t)
	}
	g, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// logTo shows a failing test's logs.
func logTo(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

// addBridge admits an operator and connects their bridge.
func addBridge(t testing.TB, g *Gateway, name string) *p2p.Bridge {
	t.Helper()
	profile, err := AddOperator(g.data, name, "Example Ltd")
	if err != nil {
		t.Fatal(err)
	}
	return dialBridge(t, p2p.BridgeOptions{Profile: profile, Purpose: "fix the printer"})
}

func dialBridge(t testing.TB, o p2p.BridgeOptions) *p2p.Bridge {
	t.Helper()
	o.Log = logTo(t)
	b, err := p2p.DialBridge(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func dialHost(t testing.TB, gateways ...string) *p2p.Host {
	t.Helper()
	h, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: gateways, Log: logTo(t),
		Self: p2p.Hello{Name: "kitchen-pc", System: "Debian 12"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func newCode(t testing.TB, b *p2p.Bridge) string {
	t.Helper()
	code, err := b.NewCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return code.Digits
}

// call brings a host and a bridge together with a new code.
func call(t testing.TB, h *p2p.Host, b *p2p.Bridge) (host, bridge *p2p.Call) {
	t.Helper()
	host, err := h.Join(t.Context(), newCode(t, b))
	if err != nil {
		t.Fatal(err)
	}
	if bridge, err = b.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return host, bridge
}

var allowed = p2p.Notice{State: session.Relayed, Permissions: session.View | session.Control}

// consent lets the host allow, and waits until the bridge knows.
func consent(t testing.TB, host, bridge *p2p.Call) {
	t.Helper()
	if err := host.Tell(allowed); err != nil {
		t.Fatal(err)
	}
	if n := <-bridge.Notices(); n != allowed {
		t.Fatalf("the bridge hears %v", n)
	}
}

// screen opens a channel for the screen from the bridge to the host.
func screen(t testing.TB, host, bridge *p2p.Call) (at, from io.ReadWriteCloser) {
	t.Helper()
	return open(t, p2p.RFB, host, bridge)
}

// open opens a channel of a kind.
func open(t testing.TB, kind string, host, bridge *p2p.Call) (at, from io.ReadWriteCloser) {
	t.Helper()
	type end struct {
		conn io.ReadWriteCloser
		err  error
	}
	ends := make(chan end, 1)
	go func() {
		conn, err := host.Accept(t.Context(), kind)
		ends <- end{conn, err}
	}()
	from, err := bridge.Open(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	e := <-ends
	if e.err != nil {
		t.Fatal(e.err)
	}
	return e.conn, from
}

func TestSession(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	h := dialHost(t, g.Addresses()...)
	host, bridge := call(t, h, b)

	if got, want := host.Peer(), (p2p.Hello{Name: "Ada", Organisation: "Example Ltd", Purpose: "fix the printer"}); got != want {
		t.Errorf("the host meets %+v, want %+v", got, want)
	}
	if got, want := bridge.Peer(), (p2p.Hello{Name: "kitchen-pc", System: "Debian 12"}); got != want {
		t.Errorf("the bridge meets %+v, want %+v", got, want)
	}
	if host.CheckDigits() != bridge.CheckDigits() || len(host.CheckDigits()) != session.CheckDigits {
		t.Errorf("check digits %q and %q", host.CheckDigits(), bridge.CheckDigits())
	}
	if err := bridge.Tell(p2p.Notice{State: session.Checking}); err != nil {
		t.Error(err)
	}
	if n := <-host.Notices(); n.State != session.Checking {
		t.Errorf("the host hears %v", n)
	}
	if _, err := bridge.Open(t.Context(), p2p.RFB); !errors.Is(err, p2p.ErrNotAllowed) {
		t.Errorf("a channel before consent: %v", err)
	}
	consent(t, host, bridge)
	if relay, _ := bridge.Path(); !relay {
		t.Error("the path is direct")
	}

	at, from := screen(t, host, bridge)
	both := make([]byte, 1<<20)
	rand.Read(both)
	echoed := make(chan error, 1)
	go func() {
		_, err := io.CopyN(at, at, int64(len(both)))
		echoed <- err
	}()
	go from.Write(both)
	back := make([]byte, len(both))
	if _, err := io.ReadFull(from, back); err != nil || !bytes.Equal(both, back) {
		t.Errorf("the channel changes bytes: %v", err)
	}
	if err := <-echoed; err != nil {
		t.Error(err)
	}

	host.End(session.ByUser)
	<-bridge.Done()
	if host.Err() != session.ByUser || bridge.Err() != session.ByUser {
		t.Errorf("ended with %v and %v", host.Err(), bridge.Err())
	}
	if _, err := from.Read(back); err == nil {
		t.Error("the channel outlives the call")
	}
	if _, err := bridge.Open(t.Context(), p2p.RFB); err != session.ByUser {
		t.Errorf("a channel after the end: %v", err)
	}
	if _, ok := <-bridge.Notices(); ok {
		t.Error("a notice after the end")
	}
}

// Check digits that were wrong three times end the session with the same words on both ends, and the code is nobody's any more.
func TestWrongDigitsBurnTheCode(t *testing.T) {
	g := start(t, Options{})
	b, h := addBridge(t, g, "Ada"), dialHost(t, g.Addresses()...)
	code := newCode(t, b)
	host, err := h.Join(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	bridge, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digits := bridge.CheckDigits() // as the supporter reads them out
	wrong := string('0'+(digits[0]-'0'+1)%10) + digits[1:]
	var tries session.Attempts
	for range session.MaxAttempts {
		err = tries.Try(wrong, host.CheckDigits())
	}
	if err != session.WrongDigits || tries.Try(digits, host.CheckDigits()) != session.WrongDigits {
		t.Fatalf("after %d wrong tries: %v", session.MaxAttempts, err)
	}
	host.End(session.WrongDigits)
	<-bridge.Done()
	if host.Err() != session.WrongDigits || bridge.Err() != session.WrongDigits {
		t.Errorf("ended with %v and %v", host.Err(), bridge.Err())
	}
	if _, err := b.Extend(t.Context()); !errors.Is(err, p2p.ErrNoCode) {
		t.Errorf("the burnt code is extended: %v", err)
	}
	for name, h := range map[string]*p2p.Host{"the same host": h, "another": dialHost(t, g.Addresses()...)} {
		if _, err := h.Join(t.Context(), code); err != p2p.ErrNoCode {
			t.Errorf("%s types the burnt code: %v", name, err)
		}
	}
}

// One bridge after another session, and with several at once: nothing is used up.
func TestManySessions(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	h := dialHost(t, g.Addresses()...)
	for range 8 { // more that end at once would make the next code wait
		host, bridge := call(t, h, b)
		consent(t, host, bridge)
		host.End(session.ByUser)
		<-bridge.Done()
	}
	type pair struct{ host, bridge *p2p.Call }
	var pairs []pair
	for range 10 {
		host, bridge := call(t, dialHost(t, g.Addresses()...), b)
		consent(t, host, bridge)
		pairs = append(pairs, pair{host, bridge})
	}
	for i, p := range pairs {
		at, from := screen(t, p.host, p.bridge)
		go at.Write([]byte{byte(i)})
		if got := make([]byte, 1); must(io.ReadFull(from, got)) != 1 || got[0] != byte(i) {
			t.Errorf("session %d carries %v", i, got)
		}
	}
	pairs[0].bridge.End(session.BySupporter)
	for _, p := range pairs[1:] {
		if p.host.Err() != nil || p.bridge.Err() != nil {
			t.Errorf("the end of one is another's: %v, %v", p.host.Err(), p.bridge.Err())
		}
	}
}
