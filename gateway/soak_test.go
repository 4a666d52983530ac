package gateway

import (
	"crypto/sha256"
	"flag"
	"hash"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/session"
)

var soakFor = flag.Duration("soak", 5*time.Second, "how long connections are cut")

// TestSoak transfers as much as goes on one channel and types on another, while the connections of host and bridge are cut in turn.
// Both ends' hashes of the transfer are the same, and every letter comes back, in its order.
func TestSoak(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	host, bridge := call(t, dialHost(t, g.Addresses()...), b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)
	typed, typing := screen(t, host, bridge)
	who := onlyHost(t, g)
	ends := []peer.ID{who}
	for _, p := range g.node.Network().Peers() {
		if p != who {
			ends = append(ends, p)
		}
	}

	over, cutEvery := time.Now().Add(*soakFor), min(5*time.Second, *soakFor/5)
	type transfer struct {
		hash.Hash
		bytes int64
		err   error
	}
	sent, got := make(chan transfer, 1), make(chan transfer, 1)
	go func() {
		s := transfer{Hash: sha256.New()}
		source := rand.NewChaCha8([32]byte{1})
		for chunk := make([]byte, 100_000); s.err == nil && time.Now().Before(over); s.bytes += int64(len(chunk)) {
			source.Read(chunk)
			s.Write(chunk)
			_, s.err = at.Write(chunk)
		}
		at.Close()
		sent <- s
	}()
	go func() {
		s := transfer{Hash: sha256.New()}
		s.bytes, s.err = io.Copy(s, from)
		got <- s
	}()
	go io.Copy(typed, struct{ io.Reader }{typed})

	cuts, letters := 0, 0
	var slowest time.Duration
	for cut := time.Now(); time.Now().Before(over); letters++ {
		if time.Since(cut) > cutEvery {
			cut = time.Now()
			g.node.Network().ClosePeer(ends[cuts%2])
			cuts++
		}
		pressed := time.Now()
		letter := []byte{byte(letters)}
		if _, err := typing.Write(letter); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(typing, letter); err != nil || letter[0] != byte(letters) {
			t.Fatalf("letter %d comes back as %v: %v", letters, letter, err)
		}
		slowest = max(slowest, time.Since(pressed))
		time.Sleep(time.Millisecond)
	}
	s, r := <-sent, <-got
	if s.err != nil || r.err != nil || s.bytes != r.bytes || string(s.Sum(nil)) != string(r.Sum(nil)) {
		t.Errorf("%d bytes are sent (%v), %d arrive (%v)", s.bytes, s.err, r.bytes, r.err)
	}
	if host.Err() != nil || bridge.Err() != nil {
		t.Errorf("ended: %v and %v", host.Err(), bridge.Err())
	}
	t.Logf("%d MB and %d letters in %v with %d cuts; the slowest letter took %v", s.bytes>>20, letters, *soakFor, cuts, slowest)
	host.End(session.ByUser)
}
