package p2p

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes notes what is written, write by write.
type writes struct {
	net.Conn
	mu  sync.Mutex
	all []string
	err error
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	w.all = append(w.all, string(b))
	return len(b), nil
}

func (w *writes) Read(b []byte) (int, error) { return len(b), nil }
func (w *writes) Close() error               { return nil }

// What is written in a moment leaves together and in order, and all of it, however the connection goes on.
func TestBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(writes)
		c := &bursts{Conn: w}
		write := func(s string) {
			if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
				t.Error(n, err)
			}
		}
		left := func(when string, want ...string) {
			t.Helper()
			synctest.Wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			if !slices.Equal(w.all, want) {
				t.Errorf("%s: %q, want %q", when, w.all, want)
			}
			w.all = nil
		}
		large := strings.Repeat("x", burstSize)
		write("open")
		write("use")
		left("at once")
		time.Sleep(burstFor)
		left("after a moment", "openuse")
		time.Sleep(time.Second)
		left("later")
		write("again")
		time.Sleep(burstFor)
		left("after another moment", "again")
		write("small")
		write(large)
		left("much, at once", "small", large)
		write("last")
		c.Close()
		left("at the end", "last")

		c = &bursts{Conn: w}
		write("held")
		c.Read(make([]byte, burstsUpTo))
		write("and")
		write("then")
		left("when much was read", "held", "and", "then")
		time.Sleep(time.Second)
		left("later")

		w.mu.Lock()
		w.err = net.ErrClosed
		w.mu.Unlock()
		c = &bursts{Conn: w}
		write("lost")
		time.Sleep(burstFor)
		synctest.Wait()
		if _, err := c.Write(bytes.Repeat([]byte("x"), burstSize)); err != net.ErrClosed {
			t.Errorf("on a connection that is broken: %v", err)
		}
	})
}
