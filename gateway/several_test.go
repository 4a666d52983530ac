package gateway

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// allies are gateways that know the same operator, Ada, and are not one: they know nothing of each other.
func allies(t *testing.T, n int) (gateways []*Gateway, profile p2p.Profile) {
	t.Helper()
	var addresses []string
	for i := range n {
		g := start(t, Options{})
		gateways, addresses = append(gateways, g), append(addresses, g.Addresses()...)
		if i > 0 {
			continue
		}
		var err error
		if profile, err = AddOperator(g.data, "Ada", "Example Ltd"); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range gateways[1:] {
		if err := os.CopyFS(filepath.Join(g.data, "operators"), os.DirFS(filepath.Join(gateways[0].data, "operators"))); err != nil {
			t.Fatal(err)
		}
	}
	profile.Gateways = addresses
	return gateways, profile
}

// reopen starts a gateway that was closed, where it was.
func reopen(t *testing.T, g *Gateway) *Gateway {
	t.Helper()
	at, _ := whereabouts(g)
	return start(t, Options{Data: g.data, Listen: at})
}

// at is the gateway, of several, where a way leads.
func at(t *testing.T, way p2p.Way, gateways ...*Gateway) int {
	t.Helper()
	for i, g := range gateways {
		if _, id := whereabouts(g); way.Gateway == id {
			return i
		}
	}
	t.Fatalf("%v leads to none of the gateways", way)
	return 0
}

// lostAndFound waits until a supporter has heard that the gateway is lost, and that one is there.
func lostAndFound(t *testing.T, reach <-chan p2p.Reach) {
	t.Helper()
	r := <-reach
	for r.Err == nil {
		r = <-reach
	}
	for r.Err != nil {
		if !errors.Is(r.Err, p2p.ErrGateway) {
			t.Errorf("the supporter hears %v", r.Err)
		}
		r = <-reach
	}
}

// A session goes on by the other gateway when the one that it goes through is closed, and stays there when that is back.
func TestSessionGoesToAnotherGateway(t *testing.T) {
	g, profile := allies(t, 2)
	reach := make(chan p2p.Reach, 64)
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile, Reach: func(r p2p.Reach) { reach <- r }})
	h := dialHost(t, profile.Gateways...)
	host, bridge := call(t, h, b)
	consent(t, host, bridge)
	near, far := screen(t, host, bridge)
	f := startFlow(t, near, far)
	where := func(w interface {
		Way() (p2p.Way, p2p.Failures)
	}) int {
		way, _ := w.Way()
		return at(t, way, g...)
	}
	for _, want := range []int{1, 0} {
		g[1-want].Close()
		eventually(t, "both are at the other gateway", func() bool {
			return where(h) == want && where(b) == want && !host.Broken() && !bridge.Broken()
		})
		lostAndFound(t, reach)
		if want == 1 {
			g[0] = reopen(t, g[0])
		}
	}
	f.end()
	host.End(session.ByUser)
	<-bridge.Done()
	if host.Err() != session.ByUser || bridge.Err() != session.ByUser {
		t.Errorf("ended: %v and %v", host.Err(), bridge.Err())
	}
}

// cable leads to a gateway over TCP. What it carries may fall silent: it stays open, and nothing passes.
type cable struct {
	address string
	mu      sync.Mutex
	pulled  bool // nothing passes ever again
	carried int  // connections so far
	silent  int  // of these, the first so many
}

func layCable(t *testing.T, g *Gateway) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hostPort, id := whereabouts(g)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := &cable{address: "/ip4/127.0.0.1/tcp/" + port + "/p2p/" + id}
	var carrying sync.WaitGroup
	var ends []net.Conn
	carrying.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", hostPort)
			if err != nil {
				near.Close()
				continue
			}
			c.mu.Lock()
			ends = append(ends, near, far)
			n := c.carried
			c.carried++
			c.mu.Unlock()
			carrying.Go(func() { c.carry(n, near, far) })
			carrying.Go(func() { c.carry(n, far, near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		c.mu.Lock()
		for _, end := range ends {
			end.Close()
		}
		c.mu.Unlock()
		carrying.Wait()
	})
	return c
}

func (c *cable) carry(which int, to, from net.Conn) {
	for b := make([]byte, 32<<10); ; {
		n, err := from.Read(b)
		c.mu.Lock()
		silent := c.pulled || which < c.silent
		c.mu.Unlock()
		if silent {
			if err != nil {
				return
			}
			continue
		}
		if _, bad := to.Write(b[:n]); err != nil || bad != nil {
			to.Close()
			return
		}
	}
}

func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = true
}

// hush silences what it carries now.
func (c *cable) hush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = c.carried
}

// soon is before libp2p, or who waits for an answer, gives a connection up.
const soon = 15 * time.Second

// A gateway that falls silent is left by a session, and by a bridge whose code waits.
func TestSilentGatewayIsLeft(t *testing.T) {
	t.Parallel()
	g, profile := allies(t, 2)
	var cables []*cable
	lay := func() string {
		c := layCable(t, g[0])
		cables = append(cables, c)
		return c.address
	}
	other := g[1].Addresses()[0]
	profile.Gateways = []string{lay(), other}
	reach := make(chan p2p.Reach, 64)
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile, Reach: func(r p2p.Reach) { reach <- r }})
	h := dialHost(t, lay(), other)
	host, bridge := call(t, h, b)
	consent(t, host, bridge)
	near, far := screen(t, host, bridge)
	waiting := dialHost(t, lay(), other)
	newCode(t, b)
	for _, c := range cables {
		c.pull()
	}
	began := time.Now()
	answered := make(chan error, 1)
	go func() {
		_, err := waiting.Join(t.Context(), "000000")
		answered <- err
	}()
	go near.Write([]byte("on it goes"))
	got := make([]byte, 10)
	if _, err := io.ReadFull(far, got); err != nil || string(got) != "on it goes" {
		t.Errorf("the channel carries %q, %v", got, err)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("only after %v", took)
	}
	lostAndFound(t, reach)
	if _, err := b.Accept(t.Context()); err != p2p.ErrForgotten { // by a gateway that has never heard of it
		t.Errorf("of the code the supporter hears %v", err)
	}
	if err := <-answered; err != p2p.ErrNoCode {
		t.Errorf("a host that asks the silent gateway for a code hears %v", err)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("the host has its answer after %v", took)
	}
	host.End(session.ByUser)
}

// A connection to the only gateway that falls silent, as after a change of network, is left for another one there.
func TestSilentConnectionIsLeft(t *testing.T) {
	t.Parallel()
	g := start(t, Options{})
	for _, end := range []string{"host", "bridge"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			profile, err := AddOperator(g.data, end, "")
			if err != nil {
				t.Fatal(err)
			}
			home, work := layCable(t, g), layCable(t, g)
			profile.Gateways = []string{work.address}
			host, bridge := call(t, dialHost(t, home.address), dialBridge(t, p2p.BridgeOptions{Profile: profile}))
			consent(t, host, bridge)
			near, far := screen(t, host, bridge)
			at := home
			if end == "bridge" {
				at = work
			}
			at.hush()
			began := time.Now()
			go near.Write([]byte("on it goes"))
			got := make([]byte, 10)
			if _, err := io.ReadFull(far, got); err != nil || string(got) != "on it goes" {
				t.Errorf("the channel carries %q, %v", got, err)
			}
			if took := time.Since(began); took > soon {
				t.Errorf("only after %v", took)
			}
			host.End(session.ByUser)
		})
	}
}

// The doctors say what works of each gateway. One is enough.
func TestDoctorOfSeveral(t *testing.T) {
	g, profile := allies(t, 2)
	g[0].Close()
	dead, _ := whereabouts(g[0])
	alive, _ := whereabouts(g[1])
	for name, e := range map[string]p2p.Examination{"host": {Gateways: profile.Gateways}, "bridge": {Profile: &profile}} {
		var said strings.Builder
		if err := e.Report(t.Context(), &said); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range []string{"ok +tcp +" + alive + " answers", "ok +gateway +connected by tcp " + alive, "ok +relay ", "no +tcp +" + dead + " refuses",
			"no +gateway +" + dead + " cannot be reached on any way. To do: nothing, for another gateway works"} {
			if !regexp.MustCompile("(?m)^" + want).MatchString(said.String()) {
				t.Errorf("%s: no line is like %q:\n%s", name, want, said.String())
			}
		}
	}
	g[1].Close()
	if err := (p2p.Examination{Gateways: profile.Gateways}).Report(t.Context(), io.Discard); err == nil {
		t.Error("no gateway is there, and the doctor is content")
	}
}

// Of the gateways one is not there, and one does not know the operator: the bridge goes to where it is known.
func TestBridgeGoesWhereItIsKnown(t *testing.T) {
	g, profile := allies(t, 2)
	gone, foreign := start(t, Options{}), start(t, Options{})
	gone.Close()
	profile.Gateways = []string{foreign.Addresses()[0], gone.Addresses()[0], g[0].Addresses()[0], g[1].Addresses()[0]}
	reach := make(chan p2p.Reach, 64)
	b := dialBridge(t, p2p.BridgeOptions{Profile: profile, Reach: func(r p2p.Reach) { reach <- r }})
	newCode(t, b)
	way, _ := b.Way()
	first := at(t, way, g...)
	g[first].Close()
	lostAndFound(t, reach)
	newCode(t, b)
	if way, _ := b.Way(); at(t, way, g...) == first {
		t.Errorf("the bridge is at %v", way)
	}
}
