package rfbserver

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// RandomPassword makes a password for one session: eight characters, since VncAuth drops the rest (RFC 6143 §7.2.2), of
// 32 that nobody mixes up, which is 40 bits.
func RandomPassword() string {
	const alphabet = "abcdefghijkmnpqrstuvwxyz23456789" // without l and 1, o and 0
	var b [5]byte
	rand.Read(b[:])
	return strings.TrimRight(base32.NewEncoding(alphabet).EncodeToString(b[:]), "=")
}
