package resume

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func frame(k kind, body ...byte) []byte { return append(head{k, len(body)}.append(nil), body...) }

func numbered(k kind, n uint64) []byte { return appendNumber(nil, k, n) }

// attacked is an end that has written 100 bytes, of which the other end had read 10 when it attached again at 50, and goes on there.
func attacked(t testing.TB) (c *Conn, far wireEnd) {
	t.Helper()
	c = New(Options{Window: 1000})
	c.Write(pattern(100, 1))
	near, far := newWire(endless, endless, true).ends()
	c.Attach(near, 0, false)
	if _, err := io.ReadFull(far, make([]byte, 12+headSize+100)); err != nil {
		t.Fatal(err)
	}
	far.Write(append(numbered(from, 0), numbered(ack, 10)...))
	for acked := uint64(0); acked != 10; runtime.Gosched() {
		c.mu.Lock()
		acked = c.acked
		c.mu.Unlock()
	}
	near, far = newWire(endless, endless, true).ends()
	if err := c.Attach(near, 50, false); err != nil {
		t.Fatal(err)
	}
	if begins := make([]byte, 12); must(io.ReadFull(far, begins)) != 12 || !bytes.Equal(begins, numbered(from, 50)) {
		t.Fatalf("it begins with %v", begins)
	}
	return c, far
}

func must(n int, err error) int {
	if err != nil {
		panic(err)
	}
	return n
}

// What no honest end says breaks the channel, for both ends.
func TestHostileFrames(t *testing.T) {
	long := bytes.Repeat(frame(data, make([]byte, 100)...), 11)
	for name, says := range map[string][]byte{
		"an unknown kind":                 frame(9),
		"no kind":                         frame(0),
		"data without bytes":              frame(data),
		"data longer than a frame":        {byte(data), 0xff, 0xff, 0xff},
		"an ack without a position":       frame(ack),
		"a long ack":                      frame(ack, make([]byte, 9)...),
		"an ack of what was never sent":   numbered(ack, 101),
		"an ack of everything there is":   numbered(ack, 1<<64-1),
		"an ack that takes one back":      numbered(ack, 9),
		"more than a window":              long,
		"bytes after the end":             append(frame(end), frame(data, 1)...),
		"two ends":                        append(frame(end), frame(end)...),
		"an end with bytes":               frame(end, 1),
		"a ping without a number":         frame(ping),
		"a reset without a reason":        frame(reset),
		"an ack of the rest before it is": append(numbered(ack, 100), numbered(ack, 99)...),
	} {
		broken(t, name, append(numbered(from, 0), says...))
	}
}

// What no honest end begins a stream with breaks the channel as well.
func TestHostileBeginnings(t *testing.T) {
	for name, says := range map[string][]byte{
		"data":                          frame(data, 1),
		"an ack":                        numbered(ack, 10),
		"an end":                        frame(end),
		"a ping":                        numbered(ping, 1),
		"two positions":                 append(numbered(from, 0), numbered(from, 0)...),
		"a position later on":           slices.Concat(numbered(from, 0), frame(data, 1), numbered(from, 1)),
		"a position beyond the window":  numbered(from, 1002),
		"the last position there is":    numbered(from, 1<<64-1),
		"a position without a number":   frame(from),
		"more than a window from there": append(numbered(from, 0), bytes.Repeat(frame(data, make([]byte, 100)...), 11)...),
	} {
		broken(t, name, says)
	}
}

// What is further back than a window was read, and acknowledged.
func TestHostileRepetition(t *testing.T) {
	for at, ok := range map[uint64]bool{0: false, 998: false, 999: true, 2000: true, 3001: true, 3002: false} {
		c := New(Options{Window: 1000})
		near, far := newWire(endless, endless, true).ends()
		c.Attach(near, 0, false)
		far.Write(numbered(from, 0))
		for range 20 {
			far.Write(frame(data, make([]byte, 100)...))
			must(io.ReadFull(c, make([]byte, 100)))
		}
		near, far = newWire(endless, endless, true).ends()
		c.Attach(near, 0, false)
		far.Write(numbered(from, at))
		for begun := false; !begun && !c.Over() && c.Attached(); runtime.Gosched() {
			c.mu.Lock()
			begun = c.on != nil && c.on.begun
			c.mu.Unlock()
		}
		if c.Over() == ok {
			t.Errorf("position %d: %v", at, c.Err())
		}
		c.Fail(net.ErrClosed)
		c.Wait()
	}
}

// broken sees that an attacked end does not go on when it hears that, and tells the other.
func broken(t *testing.T, name string, says []byte) {
	t.Run(name, func(t *testing.T) {
		c, far := attacked(t)
		io.ReadFull(far, make([]byte, headSize+50))
		far.Write(says)
		<-c.Done()
		_, err := io.ReadAll(c)
		if !errors.Is(err, errFrame) {
			t.Errorf("it reads %v", err)
		}
		if _, err := c.Write([]byte{1}); !errors.Is(err, errFrame) {
			t.Errorf("it writes %v", err)
		}
		if got, err := io.ReadAll(far); err != nil || !bytes.HasSuffix(got, frame(reset, badFrames)) {
			t.Errorf("the other end hears %v, %v", got, err)
		}
		far.Close()
		c.Wait()
		if !c.Over() || c.Attached() || c.out.blocks != nil || c.in.blocks != nil {
			t.Error("it goes on, or keeps something")
		}
	})
}

// A position that cannot be is no reason to send what is not there, or is gone.
func TestHostilePositions(t *testing.T) {
	for _, at := range []uint64{0, 9} {
		c, _ := attacked(t)
		near, far := newWire(endless, endless, true).ends()
		if err := c.Attach(near, at, false); err != nil {
			t.Error(err)
		}
		if begins := make([]byte, 12); must(io.ReadFull(far, begins)) != 12 || !bytes.Equal(begins, numbered(from, 10)) {
			t.Errorf("position %d: it begins with %v", at, begins)
		}
		c.Fail(net.ErrClosed)
		c.Wait()
	}
	for _, at := range []uint64{101, 1 << 63, 1<<64 - 1} {
		c, _ := attacked(t)
		near, far := newWire(endless, endless, true).ends()
		if err := c.Attach(near, at, false); !errors.Is(err, errFrame) {
			t.Errorf("position %d: %v", at, err)
		}
		if _, err := far.Read(make([]byte, 1)); err != errCut {
			t.Errorf("position %d: the stream carries on: %v", at, err)
		}
		c.Fail(net.ErrClosed)
		c.Wait()
	}
	c, far := attacked(t)
	io.ReadFull(far, make([]byte, headSize+50))
	far.Write(append(numbered(from, 0), numbered(ack, 100)...))
	c.CloseWrite()
	io.ReadFull(far, make([]byte, headSize))
	far.Write(numbered(ack, 101)) // the end counts as one
	near, _ := newWire(endless, endless, true).ends()
	for acked := uint64(0); acked != 101; runtime.Gosched() {
		c.mu.Lock()
		acked = c.acked
		c.mu.Unlock()
	}
	if err := c.Attach(near, 101, false); err != nil {
		t.Errorf("at the end: %v", err)
	}
	c.Fail(net.ErrClosed)
	c.Wait()
}

// What is acknowledged after a reset is gone already.
func TestAckAfterReset(t *testing.T) {
	c := New(Options{})
	near, far := net.Pipe()
	c.Attach(pipe{near}, 0, false)
	c.Write(make([]byte, 3*maxData))
	io.ReadFull(far, make([]byte, len(numbered(from, 0))+1)) // the first of the bytes are on their way
	c.Reset(7)
	far.Write(append(numbered(from, 0), numbered(ack, maxData)...))
	far.Close()
	c.Wait()
	if !c.Over() || c.out.size != 0 {
		t.Errorf("%d bytes are kept", c.out.size)
	}
}

// Cut at every byte, a frame does nothing: the Conn waits for another stream.
func TestTruncatedFrames(t *testing.T) {
	for _, whole := range [][]byte{frame(data, 1, 2, 3), numbered(ack, 20), frame(end), frame(stop), frame(reset, 9), numbered(ping, 1), numbered(pong, 1), numbered(from, 0)} {
		for n := range len(whole) {
			c, far := attacked(t)
			if whole[0] != byte(from) {
				far.Write(numbered(from, 0))
			}
			far.Write(whole[:n])
			far.Close()
			c.Wait()
			if c.Over() || c.Attached() || c.got > 3 || c.ended || c.deaf || c.acked != 10 {
				t.Errorf("%v of %v was heeded", whole[:n], whole)
			}
			c.Fail(net.ErrClosed)
		}
	}
}

// One who never reads, and one who sends what nobody reads a few bytes at a time, costs no more than two windows and two blocks.
func TestMemory(t *testing.T) {
	const window = 1 << 18
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // the second empties the pool
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	c := New(Options{Window: window})
	near, far := net.Pipe() // holds nothing
	c.Attach(pipe{near}, 0, false)
	var flood []byte
	for range 1000 {
		flood = append(flood, frame(data, make([]byte, 16)...)...)
		flood = append(flood, numbered(ping, 7)...)
	}
	go func() {
		far.Write(numbered(from, 0))
		for sent := 0; sent+16_000 <= window; sent += 16_000 {
			far.Write(flood)
		}
	}()
	c.SetWriteDeadline(time.Now().Add(time.Second / 2))
	chunk := make([]byte, 1<<20)
	wrote := 0
	for {
		n, err := c.Write(chunk)
		if wrote += n; err != nil {
			break
		}
	}
	came := 0
	for ; came+16_000 <= window; runtime.Gosched() {
		c.mu.Lock()
		came = c.in.size
		c.mu.Unlock()
	}
	after := heap()
	t.Logf("%d bytes of heap for %d that were written and %d that came, neither ever read", after-before, wrote, came)
	if held := after - before; wrote != window || held > 2*window+window {
		t.Errorf("%d bytes were taken, and %d are held", wrote, held)
	}
	c.Fail(net.ErrClosed)
	c.Wait()
	if rest := int64(heap()) - int64(before); rest > window {
		t.Errorf("%d bytes are held afterwards", rest)
	}
}

// pipe is a net.Conn as a Stream.
type pipe struct{ net.Conn }

func (p pipe) Reset() error { return p.Close() }

// An idle Conn holds nothing, whatever it has carried.
func TestIdleHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := uncut(t, nil)
		said := pattern(3_000_000, 1)
		go p.a.Write(said)
		io.ReadFull(p.b, make([]byte, len(said)))
		p.b.Write([]byte("thanks")) // the last ack goes with it
		io.ReadFull(p.a, make([]byte, 6))
		p.a.Write([]byte("bye"))
		io.ReadFull(p.b, make([]byte, 3))
		synctest.Wait()
		for _, c := range []*Conn{p.a, p.b} {
			if c.in.blocks != nil || len(c.out.blocks) > 1 {
				t.Errorf("%d and %d blocks are held", len(c.in.blocks), len(c.out.blocks))
			}
		}
		p.close()
	})
}

// FuzzFrames says anything, and then breaks.
func FuzzFrames(f *testing.F) {
	for _, whole := range [][]byte{frame(data, 1, 2, 3), numbered(ack, 20), frame(end), frame(stop), frame(reset, 9), numbered(ping, 1), numbered(pong, 1),
		append(frame(stop), frame(end)...), append(numbered(ack, 20), numbered(ack, 10)...)} {
		f.Add(append(numbered(from, 0), whole...))
	}
	f.Fuzz(func(t *testing.T, says []byte) {
		c, far := attacked(t)
		go io.Copy(io.Discard, far)
		far.Write(says)
		far.Close()
		c.Wait()
		c.mu.Lock()
		if c.acked < 10 || c.acked > 101 || c.taken != 0 || c.in.size > 1000 {
			t.Errorf("acked %d, read %d, %d waiting", c.acked, c.taken, c.in.size)
		}
		c.mu.Unlock()
		c.Fail(net.ErrClosed)
	})
}
