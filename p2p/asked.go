package p2p

import (
	"time"

	"sixgate/p2p/message"
	"sixgate/p2p/resume"
)

// attachNew has a new channel stand on its stream before the host has answered: neither end has got anything of it, so what is written
// can leave with the question, and a round trip earlier. The host hears the question first, as for any channel.
func (c *Call) attachNew(ch *channel, s resume.Stream, on carrier, said *message.Attach) error {
	late := time.AfterFunc(attachFor, func() { s.Reset() })
	a := &asked{Stream: c.counted(ch, s, on), answer: func() error {
		var heard message.Attached
		err := c.hearAttached(s, said, &heard)
		late.Stop()
		switch {
		case err != nil:
			return err
		case !heard.Allowed:
			ch.Fail(ErrNotAllowed)
			return ErrNotAllowed
		case heard.Got != 0:
			return errAttach
		}
		return nil
	}}
	if err := ch.Attach(a, 0, false); err != nil {
		return err
	}
	c.settled(ch, on)
	return nil
}

// asked is a stream whose first words are an answer.
type asked struct {
	resume.Stream
	answer func() error // nil: it was heard
}

func (a *asked) Read(b []byte) (int, error) {
	if a.answer != nil {
		if err := a.answer(); err != nil {
			return 0, err
		}
		a.answer = nil
	}
	return a.Stream.Read(b)
}
