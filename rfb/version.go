package rfb

import (
	"fmt"
	"io"
)

// Version is the minor number of a protocol version 3.n that both ends speak.
type Version int

// The versions there are (RFC 6143 §7.1.1 and appendix A).
const (
	Version33 Version = 3
	Version37 Version = 7
	Version38 Version = 8
)

const versionLen = len("RFB 003.008\n")

// Append adds the 12 bytes of ProtocolVersion to b.
func (v Version) Append(b []byte) []byte { return fmt.Appendf(b, "RFB 003.%03d\n", int(v)) }

func (v Version) String() string { return fmt.Sprintf("3.%d", int(v)) }

// readVersion reads ProtocolVersion. A minor number that was never a version means the next lower one,
// and Apple's 3.889 means 3.8; another major number is an error of type otherMajor.
func readVersion(r io.Reader) (Version, error) {
	var b [versionLen]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, fmt.Errorf("reading the protocol version: %w", err)
	}
	major, ok1 := digits(b[4:7])
	minor, ok2 := digits(b[8:11])
	if string(b[:4]) != "RFB " || b[7] != '.' || b[11] != '\n' || !ok1 || !ok2 {
		return 0, fmt.Errorf("%q is not how RFB begins: the other end is something else than VNC", b[:])
	}
	switch {
	case major != 3:
		return 0, otherMajor{major, minor}
	case minor >= 8:
		return Version38, nil
	case minor == 7:
		return Version37, nil
	}
	return Version33, nil
}

func digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// otherMajor is a version that no one here speaks.
type otherMajor struct{ major, minor int }

func (o otherMajor) Error() string {
	return fmt.Sprintf("RFB %d.%d is not spoken here: use a viewer or server of version 3.3, 3.7 or 3.8", o.major, o.minor)
}
