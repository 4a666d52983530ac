package p2p

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
	"sixgate/p2p/resume"
	"sixgate/session"
)

// screen opens a channel between both ends of a call whose user has consented.
func screen(t testing.TB, host, bridge *Call) (at, from net.Conn) {
	t.Helper()
	if err := host.Tell(consent); err != nil {
		t.Fatal(err)
	}
	for !bridge.consented(RFB) {
		<-bridge.Notices()
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		ch, err := host.Accept(t.Context(), RFB)
		if err != nil {
			t.Error(err)
		}
		accepted <- ch
	}()
	from, err := bridge.Open(t.Context(), RFB)
	if err != nil {
		t.Fatal(err)
	}
	return <-accepted, from
}

// exchange has both ends of a channel send each other n bytes, in pieces, and close.
func exchange(t testing.TB, a, b net.Conn, n int, pause func()) {
	var all sync.WaitGroup
	for i, way := range [][2]net.Conn{{a, b}, {b, a}} {
		said := make([]byte, n)
		rand.NewChaCha8([32]byte{byte(i)}).Read(said)
		all.Go(func() {
			for rest := said; len(rest) > 0; {
				piece := min(len(rest), 1+rand.N(100_000))
				if _, err := way[0].Write(rest[:piece]); err != nil {
					t.Errorf("writes: %v", err)
					return
				}
				rest = rest[piece:]
				pause()
			}
			way[0].(*channel).CloseWrite()
		})
		all.Go(func() {
			if got, err := io.ReadAll(way[1]); err != nil || !bytes.Equal(got, said) {
				t.Errorf("%d of %d bytes arrive, or others: %v", len(got), n, err)
			}
		})
	}
	all.Wait()
}

// Cables are cut at any time, and go silent; channels and notices go on, byte for byte.
func TestCallSurvivesCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, n := ends(t)
		at, from := screen(t, host, bridge)
		var cutting sync.WaitGroup
		stop := make(chan struct{})
		cuts := 0
		cutting.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rand.N(4000)) * time.Millisecond):
				}
				on, _ := n.best().(*cable)
				if on == nil {
					continue
				}
				cuts++
				if rand.N(3) == 0 {
					on.mu.Lock()
					on.mute = true // until somebody notices
					on.mu.Unlock()
				} else {
					on.close()
				}
			}
		})
		exchange(t, at, from, 10_000_000, func() { time.Sleep(time.Second) })
		close(stop)
		cutting.Wait()
		awaitBroken(t, false, host, bridge)
		last := Notice{State: session.Paused}
		host.Tell(last)
		for n := range bridge.Notices() {
			if n == last {
				break
			}
		}
		if host.Err() != nil || bridge.Err() != nil || cuts < 10 {
			t.Errorf("after %d cuts: %v and %v", cuts, host.Err(), bridge.Err())
		}
		t.Logf("%d cuts", cuts)
	})
}

// Two minutes without a network are a pause; six are the end, for the network's reason.
func TestOutage(t *testing.T) {
	for _, tt := range []struct {
		lasts time.Duration
		want  error
	}{{2 * time.Minute, nil}, {6 * time.Minute, session.ByNetwork}} {
		synctest.Test(t, func(t *testing.T) {
			host, bridge, n := ends(t)
			at, from := screen(t, host, bridge)
			n.mu.Lock()
			n.down = true
			n.mu.Unlock()
			n.cables[0].close()
			awaitBroken(t, true, host, bridge)
			go at.Write([]byte("meanwhile"))
			time.Sleep(tt.lasts)
			n.mu.Lock()
			n.down = false
			n.mu.Unlock()
			back := time.Now()
			if tt.want == nil {
				if b := make([]byte, 9); must(io.ReadFull(from, b)) != 9 || string(b) != "meanwhile" || time.Since(back) > 2*paceMost {
					t.Errorf("%q arrives after %v", b, time.Since(back))
				}
			} else {
				<-host.Done()
				<-bridge.Done()
			}
			if host.Err() != tt.want || bridge.Err() != tt.want {
				t.Errorf("after %v: %v and %v", tt.lasts, host.Err(), bridge.Err())
			}
		})
	}
}

// What the computers sleep through counts, though no timer ran meanwhile: a nap is a pause, what is longer than an outage may be is
// the end.
func TestSleep(t *testing.T) {
	for nap, want := range map[time.Duration]error{resume.PatienceFor - 2*beatEvery: nil, resume.PatienceFor + 2*beatEvery: session.ByNetwork} {
		synctest.Test(t, func(t *testing.T) {
			host, bridge, n := ends(t)
			at, from := screen(t, host, bridge)
			time.Sleep(time.Minute)
			n.slept.Store(int64(nap))
			time.Sleep(2*beatEvery + endFor)
			if want == nil {
				go at.Write([]byte("awake"))
				if b := make([]byte, 5); must(io.ReadFull(from, b)) != 5 || string(b) != "awake" {
					t.Errorf("after %v of sleep the channel carries %q", nap, b)
				}
			}
			if host.Err() != want || bridge.Err() != want {
				t.Errorf("after %v of sleep: %v and %v", nap, host.Err(), bridge.Err())
			}
		})
	}
}

// A better connection is used as soon as it is there, and the old one again when it dies. Nothing waits for a time-out.
func TestMoveToABetterConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, n := ends(t)
		at, from := screen(t, host, bridge)
		began := time.Now()
		on := func(relay bool) {
			t.Helper()
			for _, c := range []*Call{host, bridge} {
				for {
					if now, rtt := c.Path(); now == relay && rtt > 0 {
						break
					}
					<-c.Changes()
				}
			}
		}
		var moving sync.WaitGroup
		moving.Go(func() {
			for range 5 {
				on(true)
				direct := n.add(false)
				on(false)
				direct.close()
			}
			on(true)
		})
		exchange(t, at, from, 5_000_000, func() {})
		moving.Wait()
		if waited := time.Since(began); waited > 10*beatEvery+5*time.Second {
			t.Errorf("it took %v of waiting", waited)
		}
		if host.Broken() || bridge.Broken() {
			t.Error("broken")
		}
	})
}

// While a call moves to a better connection no byte is longer on its way than on the one before, on any channel, either way.
func TestMoveDoesNotWait(t *testing.T) {
	const lag, every, pieces = 100 * time.Millisecond, 7 * time.Millisecond, 200
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(lag) }) // what is under way then
		n := &lan{lag: lag}
		host, bridge := endsOn(t, n)
		at, from := screen(t, host, bridge)
		time.Sleep(time.Second)
		began := time.Now()
		var all sync.WaitGroup
		for _, way := range [][2]net.Conn{{at, from}, {from, at}} {
			all.Go(func() {
				for n := range pieces {
					time.Sleep(every)
					way[0].Write([]byte{byte(n)})
				}
			})
			all.Go(func() {
				for n := range pieces {
					said := make([]byte, 1)
					must(io.ReadFull(way[1], said))
					late := time.Since(began) - time.Duration(n+1)*every
					if said[0] != byte(n) || late > lag || n > pieces/2 && late > lag/2 {
						t.Errorf("piece %d is %d, and was under way for %v", n, said, late)
					}
				}
			})
		}
		time.Sleep(20 * every)
		n.add(false)
		all.Wait()
		for _, c := range []*Call{host, bridge} {
			if relay, rtt := c.Path(); relay || rtt != lag {
				t.Errorf("by relay: %v, a round trip of %v", relay, rtt)
			}
		}
	})
}

// A direct connection that opens and carries nothing does not keep the call from the relay.
func TestBetterConnectionThatIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, n := ends(t)
		at, from := screen(t, host, bridge)
		n.mu.Lock()
		dead := &cable{net: n, mute: true}
		n.cables = append(n.cables, dead)
		n.mu.Unlock()
		bridge.poke()
		time.Sleep(time.Minute)
		go at.Write([]byte("alive"))
		if b := make([]byte, 5); must(io.ReadFull(from, b)) != 5 || string(b) != "alive" {
			t.Errorf("the channel carries %q", b)
		}
		if relay, _ := bridge.Path(); !relay || bridge.Broken() || !dead.cut {
			t.Errorf("by relay %v, broken %v", relay, bridge.Broken())
		}
	})
}

// asking is a stream on which somebody says m to a host, and what the host answers.
func asking(t testing.TB, host *Call, n *lan, says ...proto.Message) (*message.Attached, error) {
	t.Helper()
	near, far, _ := n.cables[0].pipe()
	go host.join(context.Background(), far, n.cables[0])
	a := new(message.Attached)
	if err := message.Write(near, says...); err != nil {
		return a, err
	}
	defer near.Close()
	return a, message.Read(near, a)
}

// What a bridge of another session, an old stream, and one that makes things up get: nothing, and the channel goes on where it is.
func TestHostileAttach(t *testing.T) {
	host, bridge, n := ends(t)
	at, from := screen(t, host, bridge)
	sign := func(a *message.Attach, by met) *message.Attach {
		a.Proof = by.attachProof(a)
		return a
	}
	ours := bridge.met
	other := met{key: session.Key{2}}
	last := from.(*channel).attempt
	for name, says := range map[string]*message.Attach{
		"another session's key":     sign(&message.Attach{Channel: 1, Attempt: 10, Kind: RFB}, other),
		"no proof":                  {Channel: 1, Attempt: 10, Kind: RFB},
		"a host's proof":            {Channel: 1, Attempt: 10, Kind: RFB, Proof: ours.attachedProof(&message.Attach{Channel: 1, Attempt: 10}, &message.Attached{})},
		"a proof of something else": {Channel: 1, Attempt: 11, Kind: RFB, Proof: sign(&message.Attach{Channel: 1, Attempt: 10, Kind: RFB}, ours).Proof},
		"control, of another":       sign(&message.Attach{Channel: 0, Attempt: 10}, other),
		"the same again":            sign(&message.Attach{Channel: 1, Attempt: last, Kind: RFB}, ours),
		"an old one":                sign(&message.Attach{Channel: 1, Attempt: 0, Kind: RFB}, ours),
		"an unknown kind":           sign(&message.Attach{Channel: 2, Attempt: 1, Kind: "telnet"}, ours),
		"no kind":                   sign(&message.Attach{Channel: 3, Attempt: 1}, ours),
	} {
		a, err := asking(t, host, n, says)
		if a.Allowed {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	go at.Write([]byte("alive"))
	if b := make([]byte, 5); must(io.ReadFull(from, b)) != 5 || string(b) != "alive" {
		t.Errorf("the channel carries %q", b)
	}
	from.Close()
	at.Close()
	for len(host.open()) > 1 || len(bridge.open()) > 1 {
		host.poke()
		bridge.poke()
		runtime.Gosched()
	}
	if a, _ := asking(t, host, n, sign(&message.Attach{Channel: 1, Attempt: 99, Kind: RFB}, ours)); a.Allowed {
		t.Error("a channel that is over begins again")
	}

	// Positions that cannot be break nothing but the stream.
	at, from = screen(t, host, bridge)
	for i, got := range []uint64{1, 1 << 40, 1<<64 - 1} {
		number := from.(*channel).number
		asking(t, host, n, sign(&message.Attach{Channel: number, Attempt: 1000 + uint64(i), Got: got, Kind: RFB}, ours))
	}
	bridge.mu.Lock()
	from.(*channel).attempt = 2000 // it would take as many to get there
	bridge.mu.Unlock()
	bridge.poke()
	go at.Write([]byte("alive"))
	if b := make([]byte, 5); must(io.ReadFull(from, b)) != 5 || string(b) != "alive" {
		t.Errorf("after wrong positions the channel carries %q", b)
	}
	if host.Err() != nil || bridge.Err() != nil {
		t.Errorf("ended: %v, %v", host.Err(), bridge.Err())
	}
}

// Of two streams for a channel the later attempt has it, in whatever order they come, and however the first one stalls.
func TestReorderedAttach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, n := ends(t)
		screen(t, host, bridge)
		sign := func(attempt uint64) *message.Attach {
			a := &message.Attach{Channel: 1, Attempt: attempt, Kind: RFB}
			a.Proof = bridge.attachProof(a)
			return a
		}
		stalled, far, _ := n.cables[0].pipe()
		done := make(chan error, 1)
		go func() { done <- host.join(context.Background(), far, n.cables[0]) }()
		message.Write(stalled, sign(50)) // and does not read
		synctest.Wait()
		began := time.Now()
		if a, err := asking(t, host, n, sign(51)); err != nil || !a.Allowed || time.Since(began) >= stepFor {
			t.Errorf("the later one after %v: %v, %v", time.Since(began), a.Allowed, err)
		}
		if err := <-done; err == nil {
			t.Error("the stalled one has the channel")
		}
		if a, _ := asking(t, host, n, sign(50)); a.Allowed {
			t.Error("the earlier one takes the channel back")
		}
	})
}

func TestCutAttach(t *testing.T) {
	host, bridge, n := ends(t)
	at, from := screen(t, host, bridge)
	says := &message.Attach{Channel: 1, Attempt: 1 << 40, Got: 0, Kind: RFB}
	says.Proof = bridge.attachProof(says)
	var whole bytes.Buffer
	message.Write(&whole, says)
	for cut := range whole.Len() {
		near, far, _ := n.cables[0].pipe()
		done := make(chan error, 1)
		go func() { done <- host.join(context.Background(), far, n.cables[0]) }()
		near.Write(whole.Bytes()[:cut])
		near.Close()
		if err := <-done; err == nil {
			t.Errorf("cut after %d bytes, it is taken", cut)
		}
	}
	go at.Write([]byte("alive"))
	if b := make([]byte, 5); must(io.ReadFull(from, b)) != 5 || string(b) != "alive" {
		t.Errorf("the channel carries %q", b)
	}
}

// Numbers of channels are used once.
func TestNumbers(t *testing.T) {
	var s numbers
	for _, n := range []uint32{3, 1, 2, 5000, 4999, 4001} {
		if !s.take(n) {
			t.Errorf("%d is not new", n)
		}
	}
	for _, n := range []uint32{0, 1, 2, 3, 4, 5000, 4999, 3976} {
		if s.take(n) {
			t.Errorf("%d is new", n)
		}
	}
	for n := range uint32(100_000) {
		s.take(10_000 + n)
	}
	if len(s.recent) > 2*keptNumbers+1 {
		t.Errorf("%d numbers are kept", len(s.recent))
	}
}

// A bridge that opens as many channels as it can gets mostChannels; the memory they cost is bounded, and the call goes on.
func TestManyChannels(t *testing.T) {
	host, bridge, n := ends(t)
	at, from := screen(t, host, bridge)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	allowed := 0
	var open []resume.Stream
	for i := range uint32(10_000) {
		near, far, _ := n.cables[0].pipe()
		go host.join(context.Background(), far, n.cables[0])
		says := &message.Attach{Channel: 2 + i, Attempt: 1, Kind: RFB}
		says.Proof = bridge.attachProof(says)
		message.Write(near, says)
		var a message.Attached
		if err := message.Read(near, &a); err != nil {
			t.Fatal(err)
		}
		if a.Allowed {
			allowed++
			open = append(open, near)
		} else {
			near.Close()
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d channels of 10000, %d kB of heap", allowed, int64(after.HeapAlloc-before.HeapAlloc)>>10)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); allowed > mostChannels || held > 16<<20 {
		t.Errorf("%d channels are allowed, %d bytes held", allowed, held)
	}
	go at.Write([]byte("alive"))
	if b := make([]byte, 5); must(io.ReadFull(from, b)) != 5 || string(b) != "alive" {
		t.Errorf("the channel carries %q", b)
	}
	for _, s := range open {
		s.Close()
	}
}

// FuzzAttach says anything as the beginning of a channel's stream.
func FuzzAttach(f *testing.F) {
	host := testCall(true, new(lan))
	signed := &message.Attach{Channel: 1, Attempt: 1, Kind: RFB}
	signed.Proof = host.attachProof(signed)
	for _, m := range []*message.Attach{{Channel: 1, Attempt: 1, Kind: RFB}, signed, {}} {
		var b bytes.Buffer
		message.Write(&b, m)
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		on := &cable{net: new(lan)}
		near, far, _ := on.pipe()
		go io.Copy(io.Discard, near)
		go func() {
			near.Write(b)
			near.Close()
		}()
		if err := host.join(context.Background(), far, on); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a channel without consent: %v", err)
		}
	})
}
