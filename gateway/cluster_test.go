package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
	"sixgate/p2p/message"
	"sixgate/session"
)

// clustered are options for n gateways that are one. Each has an address of its own for the others, so that no port is taken.
func clustered(t testing.TB, n int) (all []Options) {
	t.Helper()
	var ports []string
	for range n {
		ports = append(ports, fmt.Sprintf("127.%d.%d.%d:4444", 1+rand.N(250), rand.N(250), 1+rand.N(250)))
	}
	for i := range n {
		o := Options{Data: filepath.Join(t.TempDir(), "data"), Cluster: &Cluster{Name: "helpdesk", Listen: ports[i]}}
		o.Cluster.Routes = append(append(o.Cluster.Routes, ports[:i]...), ports[i+1:]...)
		shareSecret(t, o.Data, "a1")
		all = append(all, o)
	}
	return all
}

// shareSecret gives a gateway the secret that others have.
func shareSecret(t testing.TB, data, secret string) {
	t.Helper()
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secretFile(data), []byte(strings.Repeat(secret, secretBytes)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startAll opens gateways, and waits until they are one.
func startAll(t testing.TB, options ...Options) (all []*Gateway) {
	t.Helper()
	for _, o := range options {
		all = append(all, start(t, o))
	}
	together(t, len(options), all...)
	return all
}

// together waits until gateways are one of n.
func together(t testing.TB, n int, all ...*Gateway) {
	t.Helper()
	for _, g := range all {
		eventually(t, "all others are heard", func() bool { return g.others.there() == n-1 })
		<-g.codes.store.opened
	}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	late := time.After(60 * time.Second)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("it never comes that %s", what)
		}
	}
}

// operatorOf admits an operator at a gateway, and returns their profile and the key in it.
func operatorOf(t testing.TB, g *Gateway, name string) (p2p.Profile, crypto.PrivKey) {
	t.Helper()
	profile, err := AddOperator(g.data, name, "Example Ltd")
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.UnmarshalPrivateKey(profile.Key)
	if err != nil {
		t.Fatal(err)
	}
	return profile, key
}

// known waits until gateways know an operator, or know them no more.
func known(t testing.TB, key crypto.PrivKey, is bool, all ...*Gateway) {
	t.Helper()
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range all {
		eventually(t, "the operator is known or not", func() bool {
			_, err := findOperator(g.data, id)
			return (err == nil) == is
		})
	}
}

// welcoming is a bridge without a mind: it lets in whom a gateway announces, and says who did.
func welcoming(t testing.TB, n host.Host) (from chan peer.ID) {
	from = make(chan peer.ID, 64)
	n.SetStreamHandler(p2p.ArrivalProtocol, func(s network.Stream) {
		defer s.Close()
		message.Read(s, new(message.Arrival))
		message.Write(s, &message.ArrivalAnswer{Status: message.Status_OK})
		from <- s.Conn().RemotePeer()
	})
	return from
}

func openCode(t testing.TB, bridge host.Host, g *Gateway) string {
	t.Helper()
	var a message.CodeAnswer
	ask(t, bridge, g.node.ID(), p2p.CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_OPEN}, &a)
	if a.Status != message.Status_OK {
		t.Fatalf("no code: %v", a.Status)
	}
	return a.Code
}

func redeem(t testing.TB, host host.Host, g *Gateway, code string) *message.Meeting {
	t.Helper()
	var m message.Meeting
	ask(t, host, g.node.ID(), p2p.RedeemProtocol, &message.Redeem{Code: code}, &m)
	return &m
}

// TestCluster is what three gateways are to those who come to any of them.
func TestCluster(t *testing.T) {
	t.Parallel()
	options := clustered(t, 3)
	all := startAll(t, options...)
	a, b, c := all[0], all[1], all[2]
	profile, key := operatorOf(t, a, "Ada")
	known(t, key, true, b, c)

	t.Run("a profile names all", func(t *testing.T) {
		if got := profile.Gateways; len(got) != 3 || got[0] != a.Addresses()[0] || !slices.Contains(got, b.Addresses()[0]) || !slices.Contains(got, c.Addresses()[0]) {
			t.Errorf("%v", got)
		}
	})

	t.Run("a host comes to another gateway than its bridge", func(t *testing.T) {
		profile := profile
		profile.Gateways = b.Addresses()
		supporter := dialBridge(t, p2p.BridgeOptions{Profile: profile})
		h := dialHost(t, a.Addresses()...)
		code := newCode(t, supporter)
		host, err := h.Join(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		bridge, err := supporter.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		consent(t, host, bridge)
		if way, _ := h.Way(); at(t, way, all...) != 1 {
			t.Errorf("the host has gone to %v", way)
		}
		if _, err := dialHost(t, c.Addresses()...).Join(t.Context(), code); err != p2p.ErrNoCode {
			t.Errorf("the code is used, and then: %v", err)
		}
		host.End(session.ByUser)
		<-bridge.Done()
		supporter.Close()
	})

	bridge, _ := node(t, b, key)
	announced := welcoming(t, bridge)

	t.Run("what one has written all read at once", func(t *testing.T) {
		for range 100 {
			rev, err := a.codes.store.put(t.Context(), "code.482913", []byte("{}"), time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range all {
				if _, now, err := g.codes.store.last(t.Context(), "code.482913"); now != rev || err != nil {
					t.Fatalf("gateway %d reads revision %d of %d, %v", i, now, rev, err)
				}
			}
		}
	})

	t.Run("what is written twice counts once", func(t *testing.T) { writeTwice(t, b.codes.store) })

	t.Run("of many hosts one gets a code", func(t *testing.T) {
		for range 5 {
			raceForCode(t, issue(t, a.codes, bridge.ID().String()), all)
		}
	})

	t.Run("of neighbours one is issued", func(t *testing.T) {
		for round := range 8 {
			raceNeighbours(t, round, a.codes, b.codes)
		}
	})

	t.Run("wrong codes count at all", func(t *testing.T) {
		from := netip.MustParseAddr("192.0.2.1")
		cellar, _ := stranger(t, a)
		guess := func(g *Gateway) error {
			_, _, err := g.meet(t.Context(), cellar.ID(), from, "999999") // never issued
			return err
		}
		for i := range wrongAddress {
			if err := guess(all[i%3]); err != p2p.ErrNoCode {
				t.Errorf("wrong code %d: %v", i+1, err)
			}
			for _, g := range all {
				eventually(t, "the others have heard", func() bool { return g.limits.wrong(from) == i+1 })
			}
		}
		for i, g := range all {
			if err := guess(g); err != p2p.ErrTooMany {
				t.Errorf("gateway %d: %v", i, err)
			}
		}
	})

	t.Run("a bridge that has moved", func(t *testing.T) {
		code := openCode(t, bridge, b)
		if err := bridge.Connect(t.Context(), infoOf(t, c)); err != nil { // b has not noticed that it went
			t.Fatal(err)
		}
		if !c.AllowReserve(bridge.ID(), nil) {
			t.Error("its code waits, and it gets no place at the relay")
		}
		kitchen, _ := stranger(t, a)
		if m := redeem(t, kitchen, a, code); m.Status != message.Status_OK || m.Gateways[0] != c.Addresses()[0] {
			t.Error(m)
		}
		if by := <-announced; by != c.node.ID() {
			t.Errorf("the host is announced by %v", by)
		}
		bridge.Network().ClosePeer(b.node.ID())
	})

	t.Run("strangers at the port of the cluster", func(t *testing.T) { strangersAtDoor(t, a) })

	t.Run("an operator who is removed at one", func(t *testing.T) {
		if err := RemoveOperator(b.data, "Ada"); err != nil {
			t.Fatal(err)
		}
		known(t, key, false, all...)
		var answer message.CodeAnswer
		if ask(t, bridge, c.node.ID(), p2p.CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_OPEN}, &answer); answer.Status != message.Status_NOT_ADMITTED {
			t.Error(answer.Status)
		}
		if err := RemoveOperator(b.data, "Ada"); err == nil {
			t.Error("she is removed again")
		}
	})

	t.Run("a bridge that loses its gateway keeps its code", func(t *testing.T) {
		profile, key := operatorOf(t, c, "Bob")
		known(t, key, true, all...)
		reach := make(chan p2p.Reach, 64)
		supporter := dialBridge(t, p2p.BridgeOptions{Profile: profile, Reach: func(r p2p.Reach) { reach <- r }})
		code := newCode(t, supporter)
		way, _ := supporter.Way()
		lost := at(t, way, all...)
		all[lost].Close()
		lostAndFound(t, reach)
		way, _ = supporter.Way()
		eventually(t, "the bridge can be reached", func() bool { return all[at(t, way, all...)].metrics.places.Load() == 1 })
		h := dialHost(t, all[(lost+1)%3].Addresses()...)
		host, err := h.Join(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		host.End(session.ByUser)
		supporter.Close()
	})
}

// raceForCode has hosts at all gateways race for a code.
func raceForCode(t *testing.T, code string, all []*Gateway) {
	t.Helper()
	var won atomic.Int32
	var racing sync.WaitGroup
	for _, g := range all {
		for range 3 {
			racing.Go(func() {
				if _, err := g.codes.Redeem(t.Context(), code); err == nil {
					won.Add(1)
				} else if err != p2p.ErrNoCode {
					t.Error(err)
				}
			})
		}
	}
	racing.Wait()
	if won.Load() != 1 {
		t.Errorf("%d hosts redeemed one code", won.Load())
	}
}

// wrong is how many wrong codes from an address count.
func (l *limits) wrong(from netip.Addr) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.places[from.String()]; t != nil {
		return t.wrong
	}
	return 0
}

func infoOf(t testing.TB, g *Gateway) peer.AddrInfo {
	t.Helper()
	at, err := peer.AddrInfoFromString(g.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	return *at
}

func TestApart(t *testing.T) {
	for size, least := range map[int]int{2: 2, 3: 2, 4: 3, 5: 3, 7: 4} {
		o := &others{size: size, heard: make(map[string]member)}
		for n := 1; n <= size; n++ {
			if o.apart() != (n < least) {
				t.Errorf("%d of %d are apart: %v", n, size, o.apart())
			}
			o.hear(hello{Gateway: fmt.Sprint(n)})
		}
		o.hear(hello{Gateway: "new"})
		if len(o.heard) != size-1 || o.heard["new"].at.IsZero() {
			t.Errorf("of %d gateways %d others are known, of which one has taken another's place", size, len(o.heard))
		}
	}
}

// A gateway that does not know the secret is none of the cluster. The log says what helps, and it does. Of two gateways neither has codes
// without the other.
func TestOtherSecret(t *testing.T) {
	t.Parallel()
	options := clustered(t, 2)
	shareSecret(t, options[1].Data, "b2")
	var log lockedBuffer
	options[0].Log = slog.New(slog.NewTextHandler(&log, nil))
	a, b := start(t, options[0]), start(t, options[1])
	eventually(t, "it is warned of, with the remedy", func() bool {
		return strings.Contains(log.String(), "copy the file") && strings.Contains(log.String(), secretFile(options[0].Data))
	})
	if a.state.server.NumRoutes() != 0 || a.others.there() != 0 || b.others.there() != 0 {
		t.Errorf("they are together: %d routes", a.state.server.NumRoutes())
	}
	for _, secret := range []string{"a1", "b2"} {
		if strings.Contains(log.String(), strings.Repeat(secret, 4)) {
			t.Error("the log tells the secret")
		}
	}

	b.Close()
	shareSecret(t, options[1].Data, "a1")
	b = start(t, options[1])
	together(t, 2, a, b)
	if of, err := b.codes.Redeem(t.Context(), issue(t, a.codes, "ada")); of != "ada" || err != nil {
		t.Errorf("together: %q, %v", of, err)
	}
	b.Close()
	eventually(t, "the other is missed", a.others.apart)
	if _, _, err := a.codes.Issue(t.Context(), "ada"); err != p2p.ErrApart {
		t.Errorf("a code of one alone: %v", err)
	}
}

func TestSecretFile(t *testing.T) {
	data := t.TempDir()
	made, first, err := loadSecret(data)
	if err != nil || !first || len(made) != secretBytes {
		t.Fatal(first, err)
	}
	if again, first, err := loadSecret(data); err != nil || first || !bytes.Equal(again, made) {
		t.Error("the secret is not kept", first, err)
	}
	for remedy, spoil := range map[string]func() error{
		"chmod 600": func() error { return os.Chmod(secretFile(data), 0o644) },
		"copy the file from another gateway": func() error {
			return errors.Join(os.Remove(secretFile(data)), os.WriteFile(secretFile(data), []byte("secret"), 0o600))
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, _, err := loadSecret(data); err == nil || !strings.Contains(err.Error(), remedy) {
			t.Errorf("%v does not say %q", err, remedy)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
