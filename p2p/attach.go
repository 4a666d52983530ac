package p2p

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"sixgate/p2p/message"
	"sixgate/p2p/resume"
)

// A channel that is new, or whose stream has broken, or for which there is a better connection, comes to stand on a new stream:
// the bridge opens one and says which channel it is for and how much of it has arrived, the host answers in kind, and both go on.
// Where the old stream still carries they say that too, and what is under way on it arrives there (resume.Conn.Attach).
//
// The connection is end to end and its peer ids are Noise's, so nobody else opens or reads such a stream, and the gateway cannot
// join in. But a peer id is a key in a file: the proofs, made with a key from this session's handshake, keep out who has a copy
// of the bridge's profile, a second program that uses it, and streams of another session of the same two. Attempts only grow, so
// a stream that comes late or twice does not take a channel back from the one that came after.

// attachFor is how long the other end may take to answer, on a connection that carries.
const attachFor = 5 * time.Second

// mostChannels is how many channels a call has at a time: each may make the other end hold a window's bytes.
const mostChannels = 32

var errAttach = errors.New("the stream is not this session's, or comes too late")

// proof is what only the two ends of the session can say of a stream's beginning.
func (m met) proof(label string, channel uint32, attempt, got uint64, rest string) []byte {
	b := append([]byte("sixgate channel 1 "), label...)
	b = binary.BigEndian.AppendUint32(append(b, 0), channel)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, attempt), got)
	h := hmac.New(sha256.New, m.key[:])
	h.Write(append(b, rest...))
	return h.Sum(nil)
}

func (m met) attachProof(a *message.Attach) []byte {
	return m.proof("bridge", a.Channel, a.Attempt, a.Got, fmt.Sprint(a.Beside, a.Kind))
}

func (m met) attachedProof(a *message.Attach, b *message.Attached) []byte {
	return m.proof("host", a.Channel, a.Attempt, b.Got, fmt.Sprint(b.Allowed, b.Beside))
}

// attach brings ch to a new stream of on, from the bridge's side.
func (c *Call) attach(ctx context.Context, ch *channel, on carrier) error {
	ctx, cancel := context.WithTimeout(ctx, attachFor)
	defer cancel()
	s, err := on.open(ctx, ch.Attached())
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.Reset() })
	c.mu.Lock()
	ch.attempt++
	say := &message.Attach{Channel: ch.number, Attempt: ch.attempt, Kind: ch.kind}
	c.mu.Unlock()
	say.Got, say.Beside = ch.Got()
	say.Proof = c.attachProof(say)
	isNew := ch.isNew()
	var heard message.Attached
	if err = message.Write(s, say); err == nil && !isNew {
		err = c.hearAttached(s, say, &heard)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.Reset()
		return err
	}
	if isNew {
		return c.attachNew(ch, s, on, say)
	}
	if !heard.Allowed {
		s.Reset()
		ch.Fail(ErrNotAllowed)
		return nil
	}
	if err := ch.Attach(c.counted(ch, s, on), heard.Got, heard.Beside); err != nil {
		return err
	}
	c.settled(ch, on)
	return nil
}

// hearAttached reads the host's answer.
func (c *Call) hearAttached(s resume.Stream, said *message.Attach, heard *message.Attached) error {
	err := message.Read(s, heard)
	if err == nil && !hmac.Equal(heard.Proof, c.attachedProof(said, heard)) {
		err = errAttach
	}
	return err
}

// join takes a stream that the bridge opened to its channel, from the host's side.
func (c *Call) join(ctx context.Context, s resume.Stream, on carrier) error {
	ctx, cancel := context.WithTimeout(ctx, stepFor)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.Reset() })
	defer stop()
	var said message.Attach
	err := message.Read(s, &said)
	if err == nil && !hmac.Equal(said.Proof, c.attachProof(&said)) {
		err = errAttach
	}
	if err != nil {
		s.Reset()
		return err
	}
	ch, isNew, err := c.called(&said, s)
	if err != nil {
		c.answer(s, &said, &message.Attached{})
		s.Close()
		return err
	}
	if err = c.change(ch, s, on, &said); isNew {
		stop()
		err = c.hand(ch)
	}
	return err
}

// change takes a channel to the stream that the bridge opened for it, unless there is a later one.
func (c *Call) change(ch *channel, s resume.Stream, on carrier, said *message.Attach) error {
	ch.joining.Lock()
	defer ch.joining.Unlock()
	c.mu.Lock()
	late := ch.attempt != said.Attempt
	c.mu.Unlock()
	if late {
		s.Reset()
		return errAttach
	}
	got, attached := ch.Got()
	beside := said.Beside && attached
	if err := c.answer(s, said, &message.Attached{Allowed: true, Got: got, Beside: beside}); err != nil {
		s.Reset()
		return err
	}
	c.mu.Lock()
	if ch.latest == s {
		ch.latest = nil // it does not hold joining any more, and goes on beside the next
	}
	c.mu.Unlock()
	if err := ch.Attach(c.counted(ch, s, on), said.Got, beside); err != nil {
		return err
	}
	c.settled(ch, on)
	return nil
}

func (c *Call) answer(s resume.Stream, said *message.Attach, m *message.Attached) error {
	m.Proof = c.attachedProof(said, m)
	return message.Write(s, m)
}

// called finds the channel that a stream is for, or makes it where the user has consented. s is the latest for it from now on.
func (c *Call) called(said *message.Attach, s resume.Stream) (ch *channel, isNew bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch = c.channels[said.Channel]; ch == nil {
		if c.ending || c.incoming[said.Kind] == nil || c.allowed&kinds[said.Kind] == 0 || len(c.channels) > mostChannels {
			return nil, false, fmt.Errorf("channel %.20q: %w", said.Kind, ErrNotAllowed)
		}
		if !c.numbers.take(said.Channel) {
			return nil, false, errAttach
		}
		ch, isNew = c.newChannel(said.Channel, said.Kind), true
	}
	if said.Attempt <= ch.attempt {
		return nil, false, errAttach
	}
	ch.attempt = said.Attempt
	if ch.latest != nil {
		ch.latest.Reset() // it holds joining
	}
	ch.latest = s
	return ch, isNew, nil
}

// hand gives a new channel to who waits for its kind.
func (c *Call) hand(ch *channel) error {
	late := time.NewTimer(stepFor)
	defer late.Stop()
	select {
	case c.incoming[ch.kind] <- ch:
		return nil
	case <-c.stop:
		return ErrClosed
	case <-late.C:
		ch.Reset(unwanted)
		return fmt.Errorf("nobody took the %s channel in %v", ch.kind, stepFor)
	}
}

// unwanted is why a host resets a channel.
const unwanted = 1

// numbers are those of a call's channels that there were: each is one channel's, for ever.
type numbers struct {
	highest uint32
	recent  map[uint32]bool // those of the last keptNumbers
}

const keptNumbers = 1024

// take reports whether n is new, and notes it. What is far behind the highest counts as used.
func (s *numbers) take(n uint32) bool {
	if n == 0 || s.highest >= keptNumbers && n <= s.highest-keptNumbers || s.recent[n] {
		return false
	}
	if s.recent == nil {
		s.recent = make(map[uint32]bool)
	}
	s.recent[n] = true
	if s.highest = max(s.highest, n); len(s.recent) > 2*keptNumbers {
		for old := range s.recent {
			if old+keptNumbers <= s.highest {
				delete(s.recent, old)
			}
		}
	}
	return true
}
