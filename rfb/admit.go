package rfb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var be = binary.BigEndian

// Security types (RFC 6143 §7.2).
const (
	securityInvalid byte = 0 // a reason follows
	securityNone    byte = 1
	securityVncAuth byte = 2 // challenge16, response16
)

// SecurityResult (RFC 6143 §7.1.3).
const (
	resultOK     uint32 = 0
	resultFailed uint32 = 1 // from 3.8 on a reason follows
)

// Admission is how a server admits clients.
type Admission struct {
	// Password is what clients must know, by VncAuth, which looks at its first 8 bytes. "": security None.
	Password string

	// Answered is called when a client has answered the challenge, before it learns the outcome:
	// the place to slow guessers down.
	Answered func(right bool)
}

// Admit leads the conversation with a client from the versions to ClientInit (RFC 6143 §7.1 to §7.3.1);
// ServerInit is the next thing to send. A client that is refused has been told why when Admit returns.
func (a Admission) Admit(rw io.ReadWriter) (Version, error) {
	if _, err := rw.Write(Version38.Append(nil)); err != nil {
		return 0, err
	}
	v, err := readVersion(rw)
	if err != nil {
		if _, ok := errors.AsType[otherMajor](err); ok {
			rw.Write(appendString([]byte{securityInvalid}, err.Error()))
		}
		return 0, err
	}
	if v == Version33 {
		err = a.secure33(rw)
	} else {
		err = a.secure(rw, v)
	}
	if err != nil {
		return 0, err
	}
	var shared [1]byte // treated as set: most viewers that clear it do so by habit
	if _, err := io.ReadFull(rw, shared[:]); err != nil {
		return 0, fmt.Errorf("reading ClientInit: %w", err)
	}
	return v, nil
}

func (a Admission) securityType() byte {
	if a.Password == "" {
		return securityNone
	}
	return securityVncAuth
}

// secure33 is security as in RFB 3.3: the server decides, and None has no result.
func (a Admission) secure33(rw io.ReadWriter) error {
	if _, err := rw.Write(be.AppendUint32(nil, uint32(a.securityType()))); err != nil {
		return err
	}
	if a.securityType() == securityNone {
		return nil
	}
	return a.vncAuth(rw, Version33)
}

// secure offers one security type and accepts no other.
func (a Admission) secure(rw io.ReadWriter, v Version) error {
	if _, err := rw.Write([]byte{1, a.securityType()}); err != nil {
		return err
	}
	var chosen [1]byte
	if _, err := io.ReadFull(rw, chosen[:]); err != nil {
		return fmt.Errorf("reading the security type: %w", err)
	}
	switch {
	case chosen[0] != a.securityType():
		err := fmt.Errorf("security type %d was not offered: choose %d", chosen[0], a.securityType())
		return refuse(rw, v, err)
	case chosen[0] == securityVncAuth:
		return a.vncAuth(rw, v)
	case v == Version37: // None has no result before 3.8
		return nil
	}
	_, err := rw.Write(be.AppendUint32(nil, resultOK))
	return err
}

// ErrPassword is what a client is told that does not know the password.
var ErrPassword = errors.New("authentication failed: the password is wrong, ask for the right one and try again")

func (a Admission) vncAuth(rw io.ReadWriter, v Version) error {
	c := newChallenge()
	if _, err := rw.Write(c[:]); err != nil {
		return err
	}
	var answer [16]byte
	if _, err := io.ReadFull(rw, answer[:]); err != nil {
		return fmt.Errorf("reading the answer to the challenge: %w", err)
	}
	right := c.answeredBy(answer, a.Password)
	if a.Answered != nil {
		a.Answered(right)
	}
	if !right {
		return refuse(rw, v, ErrPassword)
	}
	_, err := rw.Write(be.AppendUint32(nil, resultOK))
	return err
}

// refuse tells the client that and, from 3.8 on, why it may not come in. It returns why.
func refuse(w io.Writer, v Version, why error) error {
	b := be.AppendUint32(nil, resultFailed)
	if v >= Version38 {
		b = appendString(b, why.Error())
	}
	w.Write(b)
	return why
}

// appendString adds a length of 4 bytes and s.
func appendString(b []byte, s string) []byte {
	return append(be.AppendUint32(b, uint32(len(s))), s...)
}
