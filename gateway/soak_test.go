package gateway

import (
	"crypto/sha256"
	"flag"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
	"sixgate/session"
)

var soakFor = flag.Duration("soak", time.Minute, "how long connections are cut")

// passage is what one end of a channel wrote, or the other read.
type passage struct {
	bytes int
	hash  [sha256.Size]byte
	err   error
}

// send writes pieces of a size until a time, one every so often, and closes.
func send(to io.WriteCloser, size int, every time.Duration, until time.Time) <-chan passage {
	sent := make(chan passage, 1)
	go func() {
		var p passage
		all, source, piece := sha256.New(), rand.NewChaCha8([32]byte{byte(size)}), make([]byte, size)
		for p.err == nil && time.Now().Before(until) {
			source.Read(piece)
			all.Write(piece)
			_, p.err = to.Write(piece)
			p.bytes += size
			time.Sleep(every)
		}
		to.Close()
		all.Sum(p.hash[:0])
		sent <- p
	}()
	return sent
}

// receive reads until the end.
func receive(from io.Reader) <-chan passage {
	got := make(chan passage, 1)
	go func() {
		all := sha256.New()
		n, err := io.Copy(all, from)
		p := passage{bytes: int(n), err: err}
		all.Sum(p.hash[:0])
		got <- p
	}()
	return got
}

// TestSoak has a film on the channel of the screen, 20 MB a second on a tunnel, and somebody who types on a third, while the
// connections of host and bridge are cut in turn. Both ends' hashes are the same, and every letter comes back, in its order.
func TestSoak(t *testing.T) {
	t.Parallel()
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	host, bridge := call(t, dialHost(t, g.Addresses()...), b)
	consent(t, host, bridge)
	typed, typing := screen(t, host, bridge)
	shown, seen := screen(t, host, bridge)
	if err := host.Tell(p2p.Notice{State: session.Relayed, Permissions: session.View | session.Tunnel}); err != nil {
		t.Fatal(err)
	}
	<-bridge.Notices()
	at, from := open(t, p2p.Tunnel, host, bridge)
	who := onlyHost(t, g)
	ends := []peer.ID{who}
	for _, p := range g.node.Network().Peers() {
		if p != who {
			ends = append(ends, p)
		}
	}

	const cutEvery = 5 * time.Second
	over := time.Now().Add(*soakFor)
	const picture, pictures = 60_000, 25 // bytes, a second
	film, filmed := send(shown, picture, time.Second/pictures, over), receive(seen)
	sent, got := send(at, 100_000, 5*time.Millisecond, over), receive(from)
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
	f, s := <-film, <-sent
	if r := <-filmed; r != f || r.err != nil {
		t.Errorf("%d bytes of film are sent (%v), %d arrive (%v), or others", f.bytes, f.err, r.bytes, r.err)
	}
	if r := <-got; r != s || r.err != nil {
		t.Errorf("%d bytes are sent (%v), %d arrive (%v), or others", s.bytes, s.err, r.bytes, r.err)
	}
	if host.Err() != nil || bridge.Err() != nil {
		t.Errorf("ended: %v and %v", host.Err(), bridge.Err())
	}
	t.Logf("%d MB, %d pictures and %d letters in %v with %d cuts; the slowest letter took %v", s.bytes>>20, f.bytes/picture, letters, *soakFor, cuts, slowest)
	host.End(session.ByUser)
}
