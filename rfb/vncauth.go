package rfb

import (
	"crypto/des"
	"crypto/rand"
	"crypto/subtle"
	"math/bits"
)

// maxPassword is how much of a password VncAuth looks at: the length of a DES key.
const maxPassword = 8

type challenge [16]byte

func newChallenge() (c challenge) {
	rand.Read(c[:]) // never fails
	return c
}

// answer encrypts the challenge with the password (RFC 6143 §7.2.2). The first VNC numbered the bits of
// a DES key from the other end, and so has everyone since.
func (c challenge) answer(password string) (a [16]byte) {
	var key [maxPassword]byte
	copy(key[:], password)
	for i, b := range key {
		key[i] = bits.Reverse8(b)
	}
	block, err := des.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a key of another length
	}
	block.Encrypt(a[:8], c[:8])
	block.Encrypt(a[8:], c[8:])
	return a
}

// answeredBy tells whether a is the answer of someone who knows the password.
func (c challenge) answeredBy(a [16]byte, password string) bool {
	want := c.answer(password)
	return subtle.ConstantTimeCompare(a[:], want[:]) == 1
}
