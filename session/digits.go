package session

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// The check digits close the man in the middle by commit-then-reveal. The bridge first sends a commitment to its nonce,
// then the host its own nonce, then the bridge reveals. Whoever sits between must fix the nonces he uses towards each end
// before he sees the other end's, so he has one try in ten thousand, and a failed one is seen by two people. Without the
// commitment he could draw nonces until both ends show the same digits.

// CheckDigits is how many digits the supporter reads out.
const CheckDigits = 4

const (
	commitLabel = "sixgate check digits 1: commitment"
	digitsLabel = "sixgate check digits 1: digits"
	keyLabel    = "sixgate session key 1"
)

// Nonce is one end's contribution to the check digits.
type Nonce [32]byte

// NewNonce draws a nonce.
func NewNonce() (n Nonce) {
	rand.Read(n[:])
	return n
}

// Commitment binds the bridge to its nonce, and to the transcript, before it has seen the host's nonce.
type Commitment [sha256.Size]byte

// Commit makes the commitment to nonce after transcript, what both ends have said until then.
func Commit(nonce Nonce, transcript []byte) Commitment {
	return sha256.Sum256(fields(commitLabel, nonce[:], transcript))
}

// Opens reports whether c was made from nonce and transcript.
func (c Commitment) Opens(nonce Nonce, transcript []byte) bool {
	want := Commit(nonce, transcript)
	return subtle.ConstantTimeCompare(c[:], want[:]) == 1
}

// Binding is everything that the check digits depend on. The peer ids are the two ends' as their end-to-end encrypted
// connection authenticated them: where somebody sits in between, the two ends have different ones.
type Binding struct {
	Host, Bridge           string // peer ids
	HostNonce, BridgeNonce Nonce
	Transcript             []byte
	Code                   string
}

// Digits derives the check digits: each of the ten thousand is equally likely.
func (b Binding) Digits() string {
	secret := b.secret(digitsLabel)
	const values = 10_000
	const fair = 1 << 32 / values * values // draws from here on would favour low digits
	for try := 0; ; try++ {
		key, err := hkdf.Key(sha256.New, secret, nil, fmt.Sprintf("%s %d", digitsLabel, try), 4)
		if err != nil {
			panic(err) // only for keys of more than 8160 bytes
		}
		if drawn := uint64(binary.BigEndian.Uint32(key)); drawn < fair {
			return fmt.Sprintf("%0*d", CheckDigits, drawn%values)
		}
	}
}

// Key is what only the two ends of one session know: nobody else has seen both nonces. It proves that a stream is this session's.
type Key [32]byte

// Key derives it.
func (b Binding) Key() Key {
	key, err := hkdf.Key(sha256.New, b.secret(keyLabel), nil, keyLabel, len(Key{}))
	if err != nil {
		panic(err) // only for keys of more than 8160 bytes
	}
	return Key(key)
}

func (b Binding) secret(label string) []byte {
	return fields(label, []byte(b.Host), []byte(b.Bridge), b.HostNonce[:], b.BridgeNonce[:], b.Transcript, []byte(b.Code))
}

// fields joins a label and byte strings so that no two lists give the same bytes.
func fields(label string, fields ...[]byte) []byte {
	b := append([]byte(label), 0)
	for _, f := range fields {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	return b
}
