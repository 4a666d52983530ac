package resume

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// beside is an end with two streams, of which the second was attached beside the first, and what it is told by both.
func beside(t testing.TB) (c *Conn, old, far wireEnd) {
	t.Helper()
	c = New(Options{Window: 1000})
	near, old := newWire(endless, endless, true).ends()
	c.Attach(near, 0, false)
	io.ReadFull(old, make([]byte, 12))
	old.Write(slices.Concat(numbered(from, 0), frame(data, 0, 1, 2), frame(data, 3, 4)))
	for got := uint64(0); got < 5; runtime.Gosched() {
		got, _ = c.Got()
	}
	near, far = newWire(endless, endless, true).ends()
	if err := c.Attach(near, 0, true); err != nil {
		t.Fatal(err)
	}
	return c, old, far
}

// hears sees what a program reads.
func hears(t *testing.T, c *Conn, want ...byte) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Hour))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("it reads %v, and then %v", got[:n], err)
	}
}

// What comes on the new stream waits until the old one has brought everything before it, and nothing of the old one counts after.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, old, far := beside(t)
		far.Write(slices.Concat(numbered(from, 7), frame(data, 7, 8), numbered(ping, 9)))
		synctest.Wait()
		hears(t, c, 0, 1, 2, 3, 4)
		time.Sleep(turnFor - 1)
		if c.in.size > 0 || len(far.ways[far.out].bytes) == 0 {
			t.Errorf("%d bytes came before their turn", c.in.size)
		}
		old.Write(frame(data, 5, 6))
		synctest.Wait()
		hears(t, c, 5, 6, 7, 8)
		if _, err := old.Write(frame(data, 9)); err == nil {
			t.Error("the old stream is still there")
		}
		synctest.Wait()
		if got, err := io.ReadAll(old); err != nil || len(got) > 0 {
			t.Errorf("on the old stream it says %v, %v", got, err)
		}
		if c.old != nil || c.running != 2 {
			t.Errorf("%d goroutines run", c.running)
		}
		time.Sleep(turnFor)
		if !c.Attached() {
			t.Error("it has given up what was over")
		}
		c.Fail(net.ErrClosed)
		c.Wait()
	})
}

// A new stream whose turn does not come is given up, with the old one, and both ends tell each other anew: at once when the old
// one breaks, and after turnFor when it only does not bring what it should.
func TestTurnThatDoesNotCome(t *testing.T) {
	for name, tt := range map[string]struct {
		old  func(old wireEnd)
		lost time.Duration
	}{
		"silent": {func(wireEnd) {}, turnFor},
		"broken": {func(old wireEnd) { old.Reset() }, 0},
		"closed": {func(old wireEnd) { old.Close() }, 0},
		"slow": {func(old wireEnd) {
			for range 2 {
				time.Sleep(turnFor * 2 / 5)
				old.Write(frame(data, 9))
			}
		}, turnFor},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lost := make(chan struct{}, 10)
				c, old, far := beside(t)
				c.Changed = func() { lost <- struct{}{} }
				far.Write(slices.Concat(numbered(from, 10), frame(data, 10)))
				began := time.Now()
				go tt.old(old)
				<-lost
				c.Wait()
				synctest.Wait()
				if c.Attached() || time.Since(began) != tt.lost {
					t.Errorf("attached: %v, after %v", c.Attached(), time.Since(began))
				}
				for _, s := range []wireEnd{old, far} {
					if !s.cut && !s.ways[0].over {
						t.Error("a stream is left open")
					}
				}
				near, far := newWire(endless, endless, true).ends()
				at, _ := c.Got()
				c.Attach(near, 0, false)
				go far.Write(append(numbered(from, at), frame(data, 10)...))
				all := make([]byte, at+1)
				if io.ReadFull(c, all); all[at] != 10 {
					t.Errorf("it reads %v", all)
				}
				c.Fail(net.ErrClosed)
				c.Wait()
			})
		})
	}
}

// An end that begins where it was told, because its old stream broke, says again what the other's has brought meanwhile. That is
// left out, in the middle of a frame and at the end too.
func TestSaidAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, old, far := beside(t)
		synctest.Wait()
		old.Write(frame(data, 5, 6, 7)[:headSize+1]) // and no more for now
		synctest.Wait()
		hears(t, c, 0, 1, 2, 3, 4)
		far.Write(slices.Concat(numbered(from, 3), frame(data, 3)))
		synctest.Wait()
		if !old.cut {
			t.Error("the old stream may go on in the middle of its frame")
		}
		if said := far.ways[0].bytes; !bytes.Equal(said, numbered(from, 0)) {
			t.Errorf("it acknowledges what has not been said: %v", said)
		}
		far.Write(frame(data, 4, 5))
		synctest.Wait()
		if said := far.ways[0].bytes; len(said) < 24 || said[12] != byte(ack) {
			t.Errorf("it does not acknowledge what it has: %v", said)
		}
		far.Write(slices.Concat(frame(data, 6, 7, 8), frame(end)))
		hears(t, c, 5, 6, 7, 8)
		synctest.Wait()
		near, far := newWire(endless, endless, true).ends()
		c.Attach(near, 0, true)
		far.Write(slices.Concat(numbered(from, 8), frame(data, 8), frame(end)))
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("it reads %v, %v", rest, err)
		}
		far.Write(frame(end))
		synctest.Wait()
		if _, err := c.Write([]byte{1}); err == nil {
			t.Error("there are two ends")
		}
		c.Wait()
	})
}

// What was written and has not left goes on the new stream when what is leaving on the old one has left. What comes on the new one
// is heard meanwhile, and on the old one nothing is any more.
func TestLastFrameOfTheOld(t *testing.T) {
	for _, late := range [][]byte{frame(stop), frame(data, 9)} {
		synctest.Test(t, func(t *testing.T) { lastFrameOfTheOld(t, late) })
	}
}

func lastFrameOfTheOld(t *testing.T, late []byte) {
	c := New(Options{})
	near, old := net.Pipe() // takes nothing before it is read
	c.Attach(pipe{near}, 0, false)
	c.Write(pattern(10, 1))
	old.Write(numbered(from, 0))
	synctest.Wait()
	c.Write(pattern(20, 2))
	other, far := newWire(endless, endless, true).ends()
	c.Attach(other, 0, true)
	far.Write(append(numbered(from, 0), frame(data, 1, 2)...))
	hears(t, c, 1, 2)
	go old.Write(late)
	synctest.Wait()
	if c.deaf || c.got != 2 || c.old == nil || len(far.ways[0].bytes) > 0 {
		t.Errorf("deaf %v, %d came; it says %v before the old stream is done", c.deaf, c.got, far.ways[0].bytes)
	}
	whole := slices.Concat(numbered(from, 0), frame(data, pattern(10, 1)...))
	if got, err := io.ReadAll(old); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("the old stream brings %v, and then %v", got, err)
	}
	synctest.Wait()
	if said := slices.Concat(numbered(from, 10), numbered(ack, 2), frame(data, pattern(20, 2)...)); !bytes.Equal(far.ways[0].bytes, said) {
		t.Errorf("the new stream brings %v", far.ways[0].bytes)
	}
	c.Fail(net.ErrClosed)
	c.Wait()
}

// Where the old stream takes nothing any more it is broken after turnFor, also when the channel is reset meanwhile: the other end
// hears of that, and nothing runs then.
func TestOldThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		near, _ := net.Pipe()
		c.Attach(pipe{near}, 0, false)
		synctest.Wait()
		other, far := newWire(endless, endless, true).ends()
		c.Attach(other, 0, true)
		far.Write(numbered(from, 0))
		synctest.Wait()
		began := time.Now()
		c.Reset(7)
		c.Wait()
		if took := time.Since(began); took != turnFor || !bytes.HasSuffix(far.ways[0].bytes, frame(reset, 7)) {
			t.Errorf("after %v it has said %v", took, far.ways[0].bytes)
		}
	})
}

// One that is to move while it moves leaves both streams, and goes on where the other end got to.
func TestMoveDuringMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, old, far := beside(t)
		far.Write(numbered(from, 9)) // of which the old one brings 5
		synctest.Wait()
		near, third := newWire(endless, endless, true).ends()
		began := time.Now()
		c.Attach(near, 0, true)
		third.Write(append(numbered(from, 5), frame(data, 5)...))
		hears(t, c, 0, 1, 2, 3, 4, 5)
		synctest.Wait()
		if took := time.Since(began); !old.cut || !far.cut || c.running != 2 || took > 0 {
			t.Errorf("the streams before are left open, or used: %d goroutines, after %v", c.running, took)
		}
		c.Fail(net.ErrClosed)
		c.Wait()
	})
}

// FuzzTurns says anything on two streams at once, which then break.
func FuzzTurns(f *testing.F) {
	f.Add(frame(data, 5, 6), slices.Concat(numbered(from, 7), frame(data, 7)))
	f.Add(frame(data, 5, 6), slices.Concat(numbered(from, 3), frame(data, 3, 4, 5), frame(end)))
	f.Add([]byte{byte(data), 0, 0, 9, 1}, append(numbered(from, 5), numbered(ack, 1)...))
	f.Add(numbered(from, 0), frame(end))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c, old, far := beside(t)
		go io.Copy(io.Discard, old)
		go io.Copy(io.Discard, far)
		old.Write(first)
		far.Write(second)
		old.Close()
		far.Close()
		c.Wait()
		if c.got > 1006 || c.in.size > 1000 || c.acked > 0 || c.old != nil {
			t.Errorf("%d came, %d wait, %d acked", c.got, c.in.size, c.acked)
		}
		c.Fail(net.ErrClosed)
	})
}
