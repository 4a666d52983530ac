package resume

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pair is both ends, and who brings them together again whenever the wire between them has broken, or somebody asks for another.
type pair struct {
	a, b  *Conn
	wires func(n int) *wire // the nth
	delay func()
	heed  func() // between what an end tells of itself and its Attach
	dealt int    // how many wires there were
	moved int    // how many of them beside the one before
	poke  chan struct{}
	move  chan struct{}
	stop  chan struct{}
	over  sync.WaitGroup
}

func newPair(t testing.TB, window int, delay, heed func(), wires func(n int) *wire) *pair {
	p := &pair{wires: wires, delay: delay, heed: heed, poke: make(chan struct{}, 1), move: make(chan struct{}, 1), stop: make(chan struct{})}
	o := Options{Window: window, Changed: func() { wake(p.poke) }}
	p.a, p.b = New(o), New(o)
	p.over.Go(func() { p.keep(t) })
	o.Changed()
	return p
}

func wake(who chan struct{}) {
	select {
	case who <- struct{}{}:
	default:
	}
}

func (p *pair) keep(t testing.TB) {
	for {
		select {
		case <-p.poke:
			if p.a.Attached() && p.b.Attached() {
				continue
			}
		case <-p.move:
		case <-p.stop:
			return
		}
		if p.a.Over() || p.b.Over() {
			continue
		}
		atB, onB := p.b.Got()
		p.heed()
		atA, onA := p.a.Got()
		beside := onA && onB
		w := p.wires(p.dealt)
		w.move = p.move
		p.dealt++
		if beside {
			p.moved++
		}
		sa, sb := w.ends()
		sa.delay, sb.delay = p.delay, p.delay
		if err := p.a.Attach(sa, atB, beside); err != nil {
			t.Error(err)
		}
		p.heed()
		if err := p.b.Attach(sb, atA, beside); err != nil {
			t.Error(err)
		}
	}
}

// close ends both for good.
func (p *pair) close() {
	close(p.stop)
	p.over.Wait()
	p.a.Fail(net.ErrClosed)
	p.b.Fail(net.ErrClosed)
	p.a.Wait()
	p.b.Wait()
}

// pattern is n bytes of which every stretch is where it is.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	state := uint32(seed) + 1
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = byte(state >> 24)
	}
	return b
}

// converse sends each end's bytes to the other, in pieces, and says how the ends got them.
func converse(t testing.TB, p *pair, fromA, fromB []byte, piece func() int) {
	t.Helper()
	var running sync.WaitGroup
	for _, way := range []struct {
		from, to *Conn
		bytes    []byte
	}{{p.a, p.b, fromA}, {p.b, p.a, fromB}} {
		running.Go(func() {
			for rest := way.bytes; len(rest) > 0; {
				n := min(piece(), len(rest))
				if wrote, err := way.from.Write(rest[:n]); wrote != n || err != nil {
					t.Errorf("wrote %d of %d: %v", wrote, n, err)
					return
				}
				rest = rest[n:]
			}
			way.from.CloseWrite()
		})
		running.Go(func() {
			var got bytes.Buffer
			for buf := make([]byte, 1<<16); ; {
				n, err := way.to.Read(buf[:min(piece(), len(buf))])
				got.Write(buf[:n])
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Errorf("after %d of %d bytes: %v", got.Len(), len(way.bytes), err)
					return
				}
			}
			if !bytes.Equal(got.Bytes(), way.bytes) {
				t.Errorf("%d bytes arrive of %d, or others", got.Len(), len(way.bytes))
			}
		})
	}
	running.Wait()
}

// A conversation whose first and second wire break after each number of bytes there is, one way or the other.
func TestCutAtEveryByte(t *testing.T) {
	fromA, fromB := pattern(150, 1), pattern(90, 2)
	for _, loses := range []bool{true, false} {
		for at := 1; at < 400; at++ {
			for way := range 2 {
				synctest.Test(t, func(t *testing.T) {
					p := newPair(t, 64, nil, func() {}, func(n int) *wire {
						left := [2]int{endless, endless}
						if n < 2 {
							left[(way+n)%2] = at
						}
						return newWire(left[0], left[1], loses)
					})
					converse(t, p, fromA, fromB, func() int { return 13 })
					p.close()
				})
				if t.Failed() {
					t.Fatalf("cut after %d bytes of way %d, loses %v", at, way, loses)
				}
			}
		}
	}
}

// A conversation moves to another wire after each number of bytes there is, and one of the two breaks after some more, one way or
// the other.
func TestMoveAtEveryByte(t *testing.T) {
	fromA, fromB := pattern(150, 1), pattern(90, 2)
	for moveAt := 1; moveAt < 300; moveAt++ {
		for cuts := range 8 {
			old, way, loses := cuts&1, cuts>>1&1, cuts&4 != 0
			left := [2][2]int{{endless, endless}, {endless, endless}} // of both wires, both ways
			left[old][way] = 1 + rand.N(100)
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, 64, nil, func() {}, func(n int) *wire {
					if n > 1 {
						return newWire(endless, endless, loses)
					}
					w := newWire(left[n][0], left[n][1], loses)
					if n == 0 {
						w.ways[way].left += moveAt
						w.moveAt = moveAt
					}
					return w
				})
				converse(t, p, fromA, fromB, func() int { return 13 })
				p.close()
			})
			if t.Failed() {
				t.Fatalf("moved after %d bytes, cut at %v, loses %v", moveAt, left, loses)
			}
		}
	}
}

// A byte is never longer on its way than the longer of two wires is, while they take turns; and none goes twice.
func TestMoveDoesNotWait(t *testing.T) {
	const lag, every, moves = 50 * time.Millisecond, 5 * time.Millisecond, 20
	synctest.Test(t, func(t *testing.T) {
		var laid []*wire
		p := newPair(t, 0, nil, func() { time.Sleep(30 * time.Millisecond) }, func(n int) *wire {
			w := newWire(endless, endless, true)
			w.lag = lag / time.Duration(1+n%2)
			laid = append(laid, w)
			return w
		})
		began := time.Now()
		said := pattern(1000, 1)
		const pieces = moves * 20
		var both sync.WaitGroup
		for _, way := range [][2]*Conn{{p.a, p.b}, {p.b, p.a}} {
			both.Go(func() {
				for range pieces {
					time.Sleep(every)
					way[0].Write(said)
				}
			})
			both.Go(func() {
				for n := range pieces {
					got := make([]byte, len(said))
					io.ReadFull(way[1], got)
					if late := time.Since(began) - time.Duration(n+1)*every; late > lag && n*int(every) > int(2*lag) {
						t.Errorf("piece %d was under way for %v", n, late)
					}
					if !bytes.Equal(got, said) {
						t.Errorf("piece %d is another", n)
					}
				}
			})
		}
		for range moves {
			time.Sleep(pieces / moves * every)
			wake(p.move)
		}
		both.Wait()
		p.close()
		synctest.Wait()
		carried := 0
		for _, w := range laid {
			carried += w.ways[0].carried
		}
		if sent := pieces * len(said); carried > sent*11/10 || p.moved < moves-1 || p.dealt != p.moved+1 {
			t.Errorf("%d bytes went for %d, over %d wires, of which %d broke", carried, sent, p.dealt, p.dealt-1-p.moved)
		}
	})
}

// Sizes, windows, cuts, moves, delays and half-closes as they come, against the model: what was written arrives.
func TestModel(t *testing.T) {
	const cases = 150
	var cuts, moves atomic.Int64
	seeds := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for range cases {
		seed := seeds.Uint64()
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			r := rand.New(rand.NewPCG(seed, 2))
			below := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return 1 + int(float64(n)*r.Float64()*r.Float64()*r.Float64())
			}
			window, pieces, lives := below(200_000), below(200_000), below(500_000)
			p := newPair(t, window, func() {
				if below(10) > 3 {
					time.Sleep(time.Duration(below(1000)) * time.Millisecond)
				}
			}, func() { time.Sleep(time.Duration(below(100)) * time.Millisecond) }, func(n int) *wire {
				if n > 100 { // that will do
					return newWire(endless, endless, true)
				}
				return newWire(below(lives)+100, below(lives)+100, below(1000) > 125) // which is half of them
			})
			stop := make(chan struct{})
			go func() {
				for most := time.Duration(below(100_000)) * time.Millisecond; ; {
					select {
					case <-time.After(most * time.Duration(below(1000)) / 1000):
						wake(p.move)
					case <-stop:
						return
					}
				}
			}()
			most := min(1_500_000, 100*window, 100*pieces, 5*lives)
			converse(t, p, pattern(below(most), 1), pattern(below(most), 2), func() int { return below(pieces) })
			close(stop)
			p.close()
			cuts.Add(int64(p.dealt - 1 - p.moved))
			moves.Add(int64(p.moved))
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d conversations went on after %d cuts and %d moves", cases, cuts.Load(), moves.Load())
}

// uncut is both ends on one wire that holds.
func uncut(t testing.TB, delay func()) *pair {
	return newPair(t, 0, delay, func() {}, func(n int) *wire {
		if n > 0 {
			t.Error("the wire broke")
		}
		return newWire(endless, endless, true)
	})
}

// A program that closes does not lose what it wrote, and one that writes to it hears of it.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := uncut(t, nil)
		said := pattern(300_000, 1)
		p.a.Write(said)
		p.a.Close()
		if _, err := p.a.Write(said); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writes after its Close: %v", err)
		}
		if _, err := p.a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("reads after its Close: %v", err)
		}
		if got, err := io.ReadAll(p.b); err != nil || !bytes.Equal(got, said) {
			t.Errorf("%d bytes arrive: %v", len(got), err)
		}
		if _, err := p.b.Write(said); err != ErrDeaf {
			t.Errorf("writes to a closed end: %v", err)
		}
		p.b.Close()
		synctest.Wait()
		if !p.a.Over() || !p.b.Over() || p.a.Attached() || p.b.Attached() {
			t.Error("closed by both, and not over")
		}
		p.close()
	})
}

// Close while nothing carries: the rest arrives when something does.
func TestCloseBetweenStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := New(Options{}), New(Options{})
		a.Write([]byte("last words"))
		a.Close()
		time.Sleep(PatienceFor - time.Second)
		sa, sb := newWire(endless, endless, true).ends()
		a.Attach(sa, 0, false)
		b.Attach(sb, 0, false)
		if got, err := io.ReadAll(b); string(got) != "last words" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		b.Close()
		a.Wait()
		b.Wait()
		if !a.Over() || !b.Over() {
			t.Error("not over")
		}
	})
}

// The ack of the end is lost with its stream, and said again on the next: else the first end would wait for it for ever.
func TestLastAckIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := New(Options{}), New(Options{})
		sa, sb := newWire(endless, 12+6, true).ends() // half of the ack, after where it begins
		a.Attach(sa, 0, false)
		b.Attach(sb, 0, false)
		a.Write([]byte{1})
		a.CloseWrite()
		synctest.Wait()
		if a.Attached() || a.acked != 0 {
			t.Errorf("acknowledged up to %d on a wire that is cut", a.acked)
		}
		sa, sb = newWire(endless, endless, true).ends()
		a.Attach(sa, b.got, false)
		b.Attach(sb, a.got, false)
		synctest.Wait()
		if a.acked != 2 {
			t.Errorf("acknowledged up to %d", a.acked)
		}
		a.Fail(net.ErrClosed)
		b.Fail(net.ErrClosed)
	})
}

// After PatienceFor without a stream the Conn is dead, not before; whoever waits is told.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := New(Options{Window: 10}), New(Options{})
		for range 3 {
			sa, sb := newWire(endless, endless, true).ends()
			a.Attach(sa, b.got, false)
			b.Attach(sb, a.got, false)
			time.Sleep(PatienceFor * 2)
			sa.Reset()
			time.Sleep(PatienceFor - time.Second)
		}
		if a.Over() {
			t.Error("dead before its time")
		}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := a.Read(make([]byte, 1)); err != ErrLost {
				t.Errorf("reads: %v", err)
			}
		})
		waiting.Go(func() {
			if n, err := a.Write(make([]byte, 20)); n != 10 || err != ErrLost {
				t.Errorf("writes %d: %v", n, err)
			}
		})
		began := time.Now()
		waiting.Wait()
		if time.Since(began) != time.Second {
			t.Errorf("dead %v late", time.Since(began)-time.Second)
		}
		sa, _ := newWire(endless, endless, true).ends()
		if a.Attach(sa, 0, false) == nil {
			t.Error("it comes back from the dead")
		}
		b.Wait()
		b.Fail(net.ErrClosed)
	})
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := uncut(t, nil)
		p.a.Write(pattern(100, 1))
		synctest.Wait()
		p.a.Reset(77)
		synctest.Wait()
		for _, c := range []*Conn{p.a, p.b} {
			if _, err := c.Read(make([]byte, 1)); err != (ResetError{77}) {
				t.Errorf("reads: %v", err)
			}
			if _, err := c.Write(make([]byte, 1)); err != (ResetError{77}) {
				t.Errorf("writes: %v", err)
			}
		}
		p.close()
	})
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Options{Window: 10})
		defer a.Fail(net.ErrClosed)
		began := time.Now()
		a.SetReadDeadline(began.Add(time.Second))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("read until %v: %v", time.Since(began), err)
		}
		a.SetWriteDeadline(began.Add(3 * time.Second))
		if n, err := a.Write(make([]byte, 11)); n != 10 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("wrote %d until %v: %v", n, time.Since(began), err)
		}
		go func() {
			time.Sleep(time.Second)
			a.SetDeadline(time.Unix(1, 0)) // wakes who waits
		}()
		a.SetDeadline(time.Time{})
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 4*time.Second {
			t.Errorf("read until %v: %v", time.Since(began), err)
		}
	})
}

// A round trip is measured on each stream anew, and silence is seen.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := uncut(t, func() { time.Sleep(25 * time.Millisecond) })
		synctest.Wait()
		if _, rtt := p.a.Heard(); rtt != 0 {
			t.Errorf("measured before it was: %v", rtt)
		}
		for range 3 {
			p.a.Ping()
			time.Sleep(time.Second)
		}
		heard, rtt := p.a.Heard()
		if rtt < 50*time.Millisecond || rtt > 200*time.Millisecond {
			t.Errorf("a round trip of %v", rtt)
		}
		time.Sleep(time.Minute)
		if again, _ := p.a.Heard(); again != heard {
			t.Error("it heard something")
		}
		p.close()
	})
}
