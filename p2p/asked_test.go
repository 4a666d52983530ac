package p2p

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
	"sixgate/p2p/resume"
	"sixgate/session"
)

// strange is a connection to a host of the test's: each stream is handed to it.
type strange struct {
	streams chan net.Conn
	closed  chan struct{}
}

func (s *strange) Relayed() bool { return true }
func (s *strange) close()        {}

func (s *strange) open(context.Context, bool) (resume.Stream, error) {
	near, far := net.Pipe()
	select {
	case s.streams <- far:
		return pipe{near, &cable{}}, nil
	case <-s.closed:
		return nil, errNoCable
	}
}

// withStrangeHost makes the bridge's end of a call whose user has consented, with a host of the test's.
func withStrangeHost(t *testing.T) (*Call, *strange) {
	host := &strange{make(chan net.Conn, 1), make(chan struct{})}
	n := new(lan)
	c := testCall(false, n)
	c.best = func() carrier { return host }
	c.allowed = session.View
	near, far := net.Pipe()
	c.begin(pipe{near, &cable{}}, host)
	var running sync.WaitGroup
	running.Go(c.run)
	go io.Copy(io.Discard, far)
	t.Cleanup(func() {
		close(host.closed)
		far.Close()
		c.End(session.BySupporter)
		close(c.closing)
		running.Wait()
	})
	return c, host
}

// hearFrames reads a stream's question and, behind it, n bytes of the channel, before it answers anything.
func hearFrames(t *testing.T, s net.Conn, n int) (said *message.Attach, got string) {
	t.Helper()
	said = new(message.Attach)
	if err := message.Read(s, said); err != nil {
		t.Fatal(err)
	}
	for len(got) < n {
		var head [4]byte
		if _, err := io.ReadFull(s, head[:]); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, int(head[1])<<16|int(head[2])<<8|int(head[3]))
		if _, err := io.ReadFull(s, body); err != nil {
			t.Fatal(err)
		}
		if head[0] == 1 { // data
			got += string(body)
		}
	}
	return said, got
}

// openEarly opens a channel, and writes at once.
func openEarly(t *testing.T, c *Call) <-chan net.Conn {
	opened := make(chan net.Conn, 1)
	go func() {
		ch, err := c.Open(t.Context(), RFB)
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(ch, "early")
		opened <- ch
	}()
	return opened
}

// firstBytes are some bytes of a channel as they travel, from its beginning on.
func firstBytes(s string) []byte {
	return append([]byte{8, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, byte(len(s))}, s...)
}

// What is written to a new channel leaves with the question. A host that answers anything but what is expected, cut at every byte or
// with any byte another, breaks no more than that stream: nothing of it is read, and on the next all comes once, from the beginning.
func TestNewChannelDoesNotWait(t *testing.T) {
	synctest.Test(t, newChannels)
}

func newChannels(t *testing.T) {
	c, host := withStrangeHost(t)
	answer := func(said *message.Attach, a *message.Attached) []byte {
		a.Proof = c.attachedProof(said, a)
		var b bytes.Buffer
		message.Write(&b, a)
		return b.Bytes()
	}
	good := len(answer(new(message.Attach), &message.Attached{Allowed: true}))
	bad := map[string]func(said *message.Attach) []byte{
		"bytes that were never sent": func(said *message.Attach) []byte {
			return answer(said, &message.Attached{Allowed: true, Got: 1})
		},
		"another channel's proof": func(said *message.Attach) []byte {
			other := proto.CloneOf(said)
			other.Channel++
			return answer(other, &message.Attached{Allowed: true})
		},
		"no proof": func(*message.Attach) []byte { return []byte{0, 0, 0, 2, 8, 1} },
	}
	for i := range good {
		bad["changed"+string(rune(i))] = func(said *message.Attach) []byte {
			b := answer(said, &message.Attached{Allowed: true})
			b[i] ^= 1
			return b
		}
		bad["cut"+string(rune(i))] = func(said *message.Attach) []byte {
			return answer(said, &message.Attached{Allowed: true})[:i]
		}
	}
	for name, says := range bad {
		opened := openEarly(t, c)
		s := <-host.streams
		said, got := hearFrames(t, s, 5)
		ch := <-opened
		if got != "early" {
			t.Errorf("%s: with the question come %q", name, got)
		}
		go func() {
			s.Write(slices.Concat(says(said), firstBytes("evil")))
			s.Close()
		}()
		again := <-host.streams
		var then message.Attach
		if err := message.Read(again, &then); err != nil || then.Attempt <= said.Attempt || then.Got != 0 {
			t.Errorf("%s: then comes %v, %v", name, &then, err)
		}
		go again.Write(slices.Concat(answer(&then, &message.Attached{Allowed: true}), firstBytes("fine")))
		if b := make([]byte, 4); must(io.ReadFull(ch, b)) != 4 || string(b) != "fine" {
			t.Errorf("%s: the channel carries %q", name, b)
		}
		go io.Copy(io.Discard, again)
		ch.(*channel).Reset(unwanted)
	}

	opened := openEarly(t, c)
	s := <-host.streams
	said, _ := hearFrames(t, s, 5)
	ch := <-opened
	go s.Write(answer(said, new(message.Attached)))
	if _, err := ch.Read(make([]byte, 1)); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a refused channel reads %v", err)
	}
}

// However often the keeper has had to look, a new channel is opened at once.
func TestNewChannelIsNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, _ := ends(t)
		for range 10 {
			bridge.poke()
			time.Sleep(time.Second)
		}
		began := time.Now()
		screen(t, host, bridge)
		if took := time.Since(began); took > 0 {
			t.Errorf("after %v", took)
		}
	})
}
