package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/multiformats/go-multiaddr"

	"sixgate/p2p"
	"sixgate/p2p/message"
	"sixgate/session"
)

// Wrong, cancelled, used and expired codes are one error, and none of them is in it.
func TestNoCode(t *testing.T) {
	g := start(t, Options{})
	clock := newClock()
	g.codes.now = clock.now
	b := addBridge(t, g, "Ada")
	h := dialHost(t, g.Addresses()...)

	used := newCode(t, b)
	first, err := h.Join(t.Context(), used)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancelled := newCode(t, b)
	if err := b.Cancel(t.Context()); err != nil {
		t.Error(err)
	}
	if err := b.Cancel(t.Context()); !errors.Is(err, p2p.ErrNoCode) {
		t.Errorf("cancelled twice: %v", err)
	}
	expired := newCode(t, b)
	clock.advance(codeFor)
	if _, err := b.Extend(t.Context()); !errors.Is(err, p2p.ErrNoCode) {
		t.Errorf("an expired code is extended: %v", err)
	}
	for name, code := range map[string]string{"used": used, "cancelled": cancelled, "expired": expired, "no code": "12345"} {
		if _, err := h.Join(t.Context(), code); err != p2p.ErrNoCode || strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Join(t.Context(), "482913"); err != p2p.ErrNoCode {
		t.Errorf("wrong: %v", err)
	}
	// That were five from one address. The sixth is refused although it is right.
	if _, err := h.Join(t.Context(), newCode(t, b)); err != p2p.ErrTooMany {
		t.Errorf("the sixth: %v", err)
	}
	if first.Err() != nil {
		t.Errorf("wrong codes end a session: %v", first.Err())
	}
}

func TestRenewAndExtend(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	h := dialHost(t, g.Addresses()...)
	old := newCode(t, b)
	code := newCode(t, b)
	if _, err := h.Join(t.Context(), old); err != p2p.ErrNoCode {
		t.Errorf("the renewed code: %v", err)
	}
	extended, err := b.Extend(t.Context())
	if err != nil || extended.Digits != code || time.Until(extended.Expires) > codeFor {
		t.Errorf("extended: same code %v, expires %v, %v", extended.Digits == code, extended.Expires, err)
	}
	c, err := h.Join(t.Context(), code[:3]+code[3:])
	if err != nil {
		t.Fatal(err)
	}
	c.End(session.ByUser)
}

func TestGatewayUnreachable(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	h := dialHost(t, g.Addresses()...)
	code := newCode(t, b)
	g.Close()
	if _, err := h.Join(t.Context(), code); !errors.Is(err, p2p.ErrGateway) || strings.Contains(err.Error(), code) {
		t.Error(err)
	}
	if _, err := b.NewCode(t.Context()); !errors.Is(err, p2p.ErrGateway) {
		t.Error(err)
	}
	if _, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: g.Addresses(), Self: p2p.Hello{Name: "pc"}}); !errors.Is(err, p2p.ErrGateway) ||
		!errors.Is(err, syscall.ECONNREFUSED) || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
	profile, _, err := p2p.NewProfile(g.Addresses(), "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p2p.DialBridge(t.Context(), p2p.BridgeOptions{Profile: profile}); !errors.Is(err, p2p.ErrGateway) {
		t.Error(err)
	}
}

func TestBridgeGone(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	h := dialHost(t, g.Addresses()...)
	code := newCode(t, b)
	b.Close()
	if _, err := h.Join(t.Context(), code); err != p2p.ErrBridgeGone {
		t.Error(err)
	}
}

// A program that closes says so to the other end, and the next session works.
func TestEndsWhenTheOtherCloses(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	for range 2 {
		h := dialHost(t, g.Addresses()...)
		host, bridge := call(t, h, b)
		h.Close()
		<-bridge.Done()
		if host.Err() != session.ByUser || bridge.Err() != session.ByUser {
			t.Errorf("the host closes: %v and %v", host.Err(), bridge.Err())
		}
	}
}

// onlyHost is the host that has redeemed a code.
func onlyHost(t *testing.T, g *Gateway) peer.ID {
	t.Helper()
	g.pairs.mu.Lock()
	defer g.pairs.mu.Unlock()
	for host := range g.pairs.bridges {
		return host
	}
	t.Fatal("no host")
	return ""
}

func TestUnknownBridge(t *testing.T) {
	g := start(t, Options{})
	profile, err := AddOperator(g.data, "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	stranger, _, err := p2p.NewProfile(g.Addresses(), "Eve", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p2p.DialBridge(t.Context(), p2p.BridgeOptions{Profile: stranger}); !errors.Is(err, p2p.ErrNotAdmitted) {
		t.Errorf("a stranger: %v", err)
	}
	// An operator whose bridge gives another name than the gateway has.
	profile.Operator = "Your Bank"
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile})
	h := dialHost(t, g.Addresses()...)
	if _, err := h.Join(t.Context(), newCode(t, b)); !errors.Is(err, p2p.ErrImpostor) {
		t.Errorf("an impostor: %v", err)
	}
	c, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if <-c.Done(); c.Err() != session.Tampered {
		t.Errorf("the impostor's call ended: %v", c.Err())
	}
}

// stranger is a node of libp2p and none of ours.
func stranger(t testing.TB, g *Gateway) (host.Host, peer.AddrInfo) {
	t.Helper()
	key, err := p2p.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return node(t, g, key)
}

// node is a node of libp2p, with a key, that is connected to a gateway.
func node(t testing.TB, g *Gateway, key crypto.PrivKey) (host.Host, peer.AddrInfo) {
	t.Helper()
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits))
	if err != nil {
		t.Fatal(err)
	}
	n, err := p2p.NewNode(p2p.NodeOptions{Key: key, Resources: limits, Circuits: client.AddTransport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	at, err := peer.AddrInfoFromString(g.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Connect(t.Context(), *at); err != nil {
		t.Fatal(err)
	}
	return n, *at
}

func TestStrangersGetNothing(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	newCode(t, b) // its bridge can be reached through the relay now
	var bridge peer.ID
	for _, p := range g.node.Network().Peers() {
		bridge = p
	}
	n, gateway := stranger(t, g)
	if _, err := client.Reserve(t.Context(), n, gateway); err == nil {
		t.Error("a stranger gets a place at the relay")
	}
	circuit := multiaddr.StringCast("/p2p/" + gateway.ID.String() + "/p2p-circuit")
	if err := n.Connect(network.WithAllowLimitedConn(t.Context(), "test"), peer.AddrInfo{ID: bridge, Addrs: []multiaddr.Multiaddr{circuit}}); err == nil {
		t.Error("a stranger reaches a bridge")
	}
	s, err := n.NewStream(t.Context(), gateway.ID, p2p.CodeProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var a message.CodeAnswer
	message.Write(s, &message.CodeRequest{Verb: message.CodeRequest_OPEN})
	if err := message.Read(s, &a); err != nil || a.Status != message.Status_NOT_ADMITTED || a.Code != "" {
		t.Errorf("a stranger asks for a code: %v, %v", a.Status, err)
	}

	// Only the stranger is cut off when its time is over.
	now := time.Now()
	g.cutOff(now.Add(strangerFor - time.Second))
	if len(g.node.Network().Peers()) != 2 {
		t.Error("somebody is cut off early")
	}
	g.cutOff(now.Add(2 * strangerFor))
	if peers := g.node.Network().Peers(); len(peers) != 1 || peers[0] != bridge {
		t.Errorf("connected are %v, want the bridge", peers)
	}
}

// Of many questions at once a stranger has a few heard; the gateway keeps nothing of the others.
func TestStrangerAsksManyAtATime(t *testing.T) {
	g := start(t, Options{})
	n, gateway := stranger(t, g)
	const asked = 3 * mostQuestions
	type answer struct {
		stream int
		err    error
	}
	answers := make(chan answer, asked)
	var streams []network.Stream
	for i := range asked {
		s, err := n.NewStream(t.Context(), gateway.ID, p2p.RedeemProtocol)
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte{0, 0, 0}) // of a length of four bytes: a question that is not finished
		streams = append(streams, s)
		go func() {
			answers <- answer{i, message.Read(s, new(message.Meeting))}
		}()
	}
	for range asked - mostQuestions {
		a := <-answers
		if a.err == nil {
			t.Error("a question that was not put has an answer")
		}
		streams[a.stream] = nil
	}
	for _, s := range streams {
		if s != nil {
			s.Write([]byte{0})
		}
	}
	for range mostQuestions {
		if a := <-answers; a.err != nil {
			t.Errorf("a question is not heard: %v", a.err)
		}
	}
}

// A host that redeems a code and stalls in the handshake keeps nobody else from a session.
func TestStalledHostStopsNobody(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	n, gateway := stranger(t, g)
	s, err := n.NewStream(t.Context(), gateway.ID, p2p.RedeemProtocol)
	if err != nil {
		t.Fatal(err)
	}
	var m message.Meeting
	message.Write(s, &message.Redeem{Code: newCode(t, b)})
	if err := message.Read(s, &m); err != nil || m.Status != message.Status_OK || m.Operator != "Ada" {
		t.Fatal(m.Status, err)
	}
	circuit := multiaddr.StringCast("/p2p/" + gateway.ID.String() + "/p2p-circuit")
	ctx := network.WithAllowLimitedConn(t.Context(), "test")
	if err := n.Connect(ctx, peer.AddrInfo{ID: peer.ID(m.Bridge), Addrs: []multiaddr.Multiaddr{circuit}}); err != nil {
		t.Fatal(err)
	}
	stalled, err := n.NewStream(ctx, peer.ID(m.Bridge), "/sixgate/session/1")
	if err != nil {
		t.Fatal(err)
	}
	stalled.Write([]byte{0}) // the bridge waits for the rest of a length

	h := dialHost(t, g.Addresses()...)
	host, bridge := call(t, h, b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)
	go io.WriteString(at, "alive")
	if got := make([]byte, 5); must(io.ReadFull(from, got)) != 5 || string(got) != "alive" {
		t.Errorf("the other session carries %q", got)
	}
	stalled.Reset()
	if _, err := b.Accept(t.Context()); !errors.Is(err, p2p.ErrHandshake) {
		t.Errorf("the stalled host: %v", err)
	}
}

func must(n int, _ error) int { return n }

// The gateway is killed and started again: the bridge comes back by itself, and the code that waits still works.
func TestGatewayRestart(t *testing.T) {
	g := start(t, Options{})
	profile, err := AddOperator(g.data, "Ada", "Example Ltd")
	if err != nil {
		t.Fatal(err)
	}
	reaches := make(chan p2p.Reach, 16)
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile, Reach: func(r p2p.Reach) { reaches <- r }})
	if r := <-reaches; r.Err != nil || r.Way.Transport == "" {
		t.Errorf("the bridge hears %+v", r)
	}
	code := newCode(t, b)
	used := newCode(t, addBridge(t, g, "Bob"))
	h := dialHost(t, g.Addresses()...)
	bobs, err := h.Join(t.Context(), used)
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	if r := <-reaches; !errors.Is(r.Err, p2p.ErrGateway) || r.Failed != nil {
		t.Errorf("the bridge hears %+v", r)
	}
	if r := <-reaches; r.Err == nil || len(r.Failed) == 0 { // once, however often it tries
		t.Errorf("the bridge hears %+v", r)
	} else if says, remedy := r.Failed[0].Explain(); !strings.Contains(says, "refuses") || remedy == "" {
		t.Errorf("a way failed: %s, %s", says, remedy)
	}
	listen := strings.Split(g.Addresses()[0], "/") // /ip4/127.0.0.1/tcp/port/p2p/id
	again := start(t, Options{Data: g.data, Listen: net.JoinHostPort(listen[2], listen[4])})
	if again.Addresses()[0] != g.Addresses()[0] {
		t.Errorf("the gateway was %v and is %v", g.Addresses(), again.Addresses())
	}
	if r := <-reaches; r.Err != nil || r.Way.Transport == "" {
		t.Errorf("the bridge hears %+v", r)
	}
	if _, err := h.Join(t.Context(), used); err != p2p.ErrNoCode {
		t.Errorf("a used code after the restart: %v", err)
	}
	host, err := h.Join(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	bridge, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if host.CheckDigits() != bridge.CheckDigits() {
		t.Error("the check digits differ")
	}
	bobs.End(session.ByUser) // while the gateway is there to tell
	host.End(session.ByUser)
}

// A gateway that has lost its state: the bridge comes back all the same, and gets a new code.
func TestGatewayForgets(t *testing.T) {
	g := start(t, Options{})
	profile, err := AddOperator(g.data, "Ada", "")
	if err != nil {
		t.Fatal(err)
	}
	reaches := make(chan p2p.Reach, 16)
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile, Reach: func(r p2p.Reach) { reaches <- r }})
	if r := <-reaches; r.Err != nil || r.Way.Transport == "" {
		t.Errorf("the bridge hears %+v", r)
	}
	code := newCode(t, b)
	g.Close()
	os.RemoveAll(g.data + "/jetstream")
	listen := strings.Split(g.Addresses()[0], "/") // /ip4/127.0.0.1/tcp/port/p2p/id
	start(t, Options{Data: g.data, Listen: net.JoinHostPort(listen[2], listen[4])})
	for lost := <-reaches; lost.Err != nil; {
		lost = <-reaches
	}
	if _, err := b.Accept(t.Context()); err != p2p.ErrForgotten {
		t.Errorf("the supporter is told %v", err)
	}
	h := dialHost(t, g.Addresses()...)
	if _, err := h.Join(t.Context(), code); err != p2p.ErrNoCode {
		t.Errorf("the forgotten code: %v", err)
	}
	if _, err := h.Join(t.Context(), newCode(t, b)); err != nil {
		t.Error(err)
	}
}

// What passes the gateway is not readable there: a recorder between the host and the gateway, and one between the
// gateway and the bridge, see neither the code of the session nor what the channel carries.
func TestRelaySeesNoPlaintext(t *testing.T) {
	g := start(t, Options{})
	toHost, toBridge := recordTo(t, g), recordTo(t, g)
	profile, err := AddOperator(g.data, "Ada", "Example Ltd")
	if err != nil {
		t.Fatal(err)
	}
	profile.Gateways = []string{toBridge.address}
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile})
	h := dialHost(t, toHost.address)
	host, bridge := call(t, h, b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)
	secret := []byte("the user's bank balance is 12,345.67")
	go at.Write(bytes.Repeat(secret, 1000))
	back := make([]byte, 1000*len(secret))
	if _, err := io.ReadFull(from, back); err != nil || !bytes.HasPrefix(back, secret) {
		t.Fatal(err)
	}
	host.End(session.ByUser)
	for name, r := range map[string]*recorder{"host": toHost, "bridge": toBridge} {
		seen := r.bytes()
		if len(seen) < len(back) {
			t.Errorf("%s: only %d bytes were recorded: the recorder is not in between", name, len(seen))
		}
		for _, plain := range []string{string(secret), "kitchen-pc", "Example Ltd", host.CheckDigits() + host.CheckDigits()} {
			if bytes.Contains(seen, []byte(plain)) {
				t.Errorf("%s: %q is readable", name, plain)
			}
		}
	}
}

// recorder forwards TCP connections to the gateway and keeps what they carry.
type recorder struct {
	address string
	mu      sync.Mutex
	kept    bytes.Buffer
}

func (r *recorder) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.kept.Bytes())
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.Write(b)
}

func recordTo(t *testing.T, g *Gateway) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(g.Addresses()[0], "/") // /ip4/127.0.0.1/tcp/port/p2p/id
	_, port, _ := net.SplitHostPort(l.Addr().String())
	r := &recorder{address: "/ip4/127.0.0.1/tcp/" + port + "/p2p/" + parts[6]}
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", net.JoinHostPort(parts[2], parts[4]))
			if err != nil {
				near.Close()
				return
			}
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				all.Go(func() {
					io.Copy(io.MultiWriter(way[0], r), way[1])
					way[0].Close()
				})
			}
		}
	})
	return r
}

// Everything that was started has stopped when all is closed.
func TestNothingIsLeft(t *testing.T) {
	session := func() {
		g := start(t, Options{})
		b, h := addBridge(t, g, "Ada"), dialHost(t, g.Addresses()...)
		host, bridge := call(t, h, b)
		consent(t, host, bridge)
		screen(t, host, bridge)
		h.Close()
		b.Close()
		g.Close()
		if host.Err() == nil || bridge.Err() == nil {
			t.Errorf("the call goes on: %v, %v", host.Err(), bridge.Err())
		}
		if _, err := b.Accept(t.Context()); err != p2p.ErrClosed {
			t.Errorf("a closed bridge accepts: %v", err)
		}
	}
	session() // what the libraries start once stays
	before := runtime.NumGoroutine()
	session()
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; runtime.Gosched() { // libp2p's last ones end by themselves
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines became %d:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestOpenErrors(t *testing.T) {
	g := start(t, Options{})
	parts := strings.Split(g.Addresses()[0], "/")
	taken := net.JoinHostPort(parts[2], parts[4])
	open := t.TempDir()
	os.Chmod(open, 0o755)
	for name, tt := range map[string]struct {
		o    Options
		says string
	}{
		"port taken":  {Options{Data: t.TempDir() + "/data", Listen: taken}, "--listen"},
		"data in use": {Options{Data: g.data, Listen: "127.0.0.1:0"}, "another gateway uses"},
		"open data":   {Options{Data: open, Listen: "127.0.0.1:0"}, "chmod 700"},
		"file":        {Options{Data: filepath.Join(g.data, "lock", "data"), Listen: "127.0.0.1:0"}, "--data"},
		"no data":     {Options{Listen: "127.0.0.1:0"}, "--data"},
		"no address":  {Options{Data: t.TempDir() + "/data", Listen: "everywhere"}, "0.0.0.0:4443"},
		"bad name":    {Options{Data: t.TempDir() + "/data", Listen: "127.0.0.1:0", Announce: []string{"a/b"}}, "host name"},
	} {
		if g, err := Open(context.Background(), tt.o); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
			if g != nil {
				g.Close()
			}
		}
	}
	if _, err := AddOperator(t.TempDir(), "Ada", ""); err == nil || !strings.Contains(err.Error(), "serve --data") {
		t.Errorf("an operator before the first serve: %v", err)
	}
	if _, err := AddOperator(g.data, "Ada\nEve", ""); err == nil {
		t.Error("an operator's name of two lines")
	}
}
