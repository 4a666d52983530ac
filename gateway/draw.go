package gateway

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"

	"sixgate/session"
)

// draw draws a code: each of the million is equally likely.
func draw() string {
	const values = 1_000_000
	const fair = 1 << 32 / values * values // draws from here on would favour low codes
	for {
		var b [4]byte
		rand.Read(b[:])
		if drawn := uint64(binary.BigEndian.Uint32(b[:])); drawn < fair {
			return fmt.Sprintf("%0*d", session.CodeDigits, drawn%values)
		}
	}
}

// trivial reports whether a code is one that people would guess first: a group of one, two or three digits repeated
// (000000, 121212, 123123), pairs or halves of one digit (112233, 111222), a sequence with one step (123456, 654321,
// 024680), and a mirrored half of such (123321).
func trivial(code string) bool {
	for group := 1; group <= len(code)/2; group++ {
		if len(code)%group == 0 && strings.Repeat(code[:group], len(code)/group) == code {
			return true
		}
	}
	even := true
	for i := 1; i < len(code); i++ {
		even = even && step(code, i) == step(code, 1)
	}
	half := len(code) / 2
	mirrored := true
	for i := range half {
		mirrored = mirrored && code[i] == code[len(code)-1-i]
	}
	pairs := code[0] == code[1] && code[2] == code[3] && code[4] == code[5]
	halves := strings.Count(code[:half], code[:1]) == half && strings.Count(code[half:], code[half:half+1]) == half
	return even || pairs || halves || mirrored && step(code, 1) == step(code, 2)
}

// step is how far digit i is from the one before, modulo 10: 890123 counts up.
func step(code string, i int) byte { return (code[i] - code[i-1] + 10) % 10 }

// neighbours calls each for every code that one typing error makes of code: another digit in one place, or two
// neighbouring digits swapped. It stops when each returns false.
func neighbours(code string) func(each func(string) bool) {
	return func(each func(string) bool) {
		b := []byte(code)
		for i, was := range b {
			for d := byte('0'); d <= '9'; d++ {
				if b[i] = d; d != was && !each(string(b)) {
					return
				}
			}
			b[i] = was
		}
		for i := 1; i < len(b); i++ {
			b[i-1], b[i] = b[i], b[i-1]
			if string(b) != code && !each(string(b)) {
				return
			}
			b[i-1], b[i] = b[i], b[i-1]
		}
	}
}
