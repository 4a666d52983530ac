package rfb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"slices"
	"strings"
)

// What a server may make a client keep.
const (
	maxName   = 4 << 10
	maxReason = 4 << 10
	maxSide   = 16384    // of a framebuffer, in pixels
	maxPixels = 64 << 20 // in a framebuffer
)

// joinServer leads the conversation with a server up to and with ServerInit, as a client that shares the desktop.
func joinServer(br *bufio.Reader, w io.Writer, password string) (ServerInit, error) {
	v, err := readVersion(br)
	if err != nil {
		return ServerInit{}, err
	}
	if _, err := w.Write(v.Append(nil)); err != nil {
		return ServerInit{}, err
	}
	security, err := chooseSecurity(br, w, v, password)
	if err != nil {
		return ServerInit{}, err
	}
	if security == securityVncAuth {
		if err := answerChallenge(br, w, password); err != nil {
			return ServerInit{}, err
		}
	}
	if security == securityVncAuth || v >= Version38 {
		if err := readResult(br, v); err != nil {
			return ServerInit{}, err
		}
	}
	if _, err := w.Write([]byte{1}); err != nil { // shared
		return ServerInit{}, err
	}
	return readServerInit(br)
}

// ahead is what a client has said before the server's turn. What it would say now must be the next of that.
type ahead []byte

// speakAhead says all that joinServer will, the client's wishes, and a Request of everything.
func speakAhead(conn io.Writer, wishes []byte) (*ahead, error) {
	said := slices.Concat(Version38.Append(nil), []byte{securityNone, 1}, wishes)
	all := FramebufferUpdateRequest{false, image.Rect(0, 0, math.MaxUint16, math.MaxUint16)}.Append(said)
	_, err := conn.Write(all)
	return (*ahead)(&said), err
}

func (a *ahead) Write(b []byte) (int, error) {
	rest, as := bytes.CutPrefix(*a, b)
	if !as {
		return 0, errors.New("the server wants another conversation than the one that the client has begun")
	}
	*a = rest
	return len(b), nil
}

// chooseSecurity finds a security type both ends have and, where the choice is the client's, tells the server.
func chooseSecurity(br *bufio.Reader, w io.Writer, v Version, password string) (byte, error) {
	if v == Version33 {
		b, err := take(br, 4)
		if err != nil {
			return 0, err
		}
		switch n := be.Uint32(b); {
		case n == uint32(securityInvalid):
			return 0, readReason(br)
		case n > 0xff:
			return 0, fmt.Errorf("the server asks for security type %d, which is unknown", n)
		default:
			return pick([]byte{byte(n)}, password)
		}
	}
	n, err := br.ReadByte()
	if err != nil {
		return 0, cutShort(err)
	}
	if n == 0 {
		return 0, readReason(br)
	}
	offered := make([]byte, n)
	if err := readFull(br, offered); err != nil {
		return 0, err
	}
	chosen, err := pick(offered, password)
	if err == nil {
		_, err = w.Write([]byte{chosen})
	}
	return chosen, err
}

// pick prefers the security type that uses the password.
func pick(offered []byte, password string) (byte, error) {
	vncAuth := bytes.IndexByte(offered, securityVncAuth) >= 0
	switch {
	case vncAuth && password != "":
		return securityVncAuth, nil
	case bytes.IndexByte(offered, securityNone) >= 0:
		return securityNone, nil
	case vncAuth:
		return 0, errors.New("the server asks for a password: give it one")
	}
	return 0, fmt.Errorf("the server asks for security types %d: only None (1) and VncAuth (2) are spoken here", offered)
}

func answerChallenge(br *bufio.Reader, w io.Writer, password string) error {
	var c challenge
	if err := readFull(br, c[:]); err != nil {
		return err
	}
	a := c.answer(password)
	_, err := w.Write(a[:])
	return err
}

func readResult(br *bufio.Reader, v Version) error {
	b, err := take(br, 4)
	if err != nil {
		return err
	}
	switch {
	case be.Uint32(b) == resultOK:
		return nil
	case v < Version38:
		return ErrPassword // there is no other reason that 3.3 and 3.7 have here
	}
	return readReason(br)
}

// readReason reads why the server refuses, and returns it as an error.
func readReason(br *bufio.Reader) error {
	why, err := readString(br, maxReason)
	if err != nil {
		return fmt.Errorf("the server refuses, and its reason cannot be read: %w", err)
	}
	if why == ErrPassword.Error() {
		return ErrPassword
	}
	return fmt.Errorf("the server refuses: %q", why)
}

func readServerInit(br *bufio.Reader) (ServerInit, error) {
	b, err := take(br, 20)
	if err != nil {
		return ServerInit{}, err
	}
	init := ServerInit{Size: point(b)} // its format is of no interest: the client sets another
	if err := checkSize(init.Size); err != nil {
		return ServerInit{}, err
	}
	init.Name, err = readString(br, maxName)
	return init, err
}

// checkSize says why there is no room for a framebuffer of that size.
func checkSize(size image.Point) error {
	if size.X > maxSide || size.Y > maxSide || size.X*size.Y > maxPixels {
		return fmt.Errorf("the server's screen of %dx%d pixels is too large: %d a side and %d Mpixel are the limits", size.X, size.Y, maxSide, maxPixels>>20)
	}
	return nil
}

// readString reads a length of 4 bytes and as many bytes of UTF-8.
func readString(br *bufio.Reader, limit uint32) (string, error) {
	b, err := take(br, 4)
	if err != nil {
		return "", err
	}
	n := be.Uint32(b)
	if n > limit {
		return "", fmt.Errorf("a text of %d bytes where %d is the limit", n, limit)
	}
	b = make([]byte, n)
	if err := readFull(br, b); err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), nil
}
