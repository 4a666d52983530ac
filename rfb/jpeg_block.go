package rfb

import (
	"encoding/binary"
	"math/bits"
)

// block is 8x8 values of a component, row by row.
type block [64]float32

// transform replaces values by coefficients: the cosine transform of Arai, Agui and Nakajima, which leaves each
// multiplied by its row's and its column's cosineScale and by 8.
func (b *block) transform() {
	for y := 0; y < 64; y += 8 {
		r := (*[8]float32)(b[y:])
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = cosines(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
	}
	for x := range 8 {
		c := (*[57]float32)(b[x:])
		c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = cosines(c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56])
	}
}

// cosineScale is by what cosines multiplies.
var cosineScale = [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

func cosines(a, b, c, d, e, f, g, h float32) (_, _, _, _, _, _, _, _ float32) {
	ah, bg, cf, de := a+h, b+g, c+f, d+e
	ha, gb, fc, ed := a-h, b-g, c-f, d-e

	outer, inner := ah+de, bg+cf
	turned := (bg - cf + ah - de) * 0.707106781
	two, six := ah-de+turned, ah-de-turned

	p, q, s := ed+fc, fc+gb, gb+ha
	q *= 0.707106781
	both := (p - s) * 0.382683433
	p, s = p*0.541196100+both, s*1.306562965+both
	plus, minus := ha+q, ha-q
	return outer + inner, plus + s, two, minus - p, outer - inner, minus + p, six, plus - s
}

// quantised returns what is coded of the coefficients, in zigzag order, and a bit for each that is not zero.
func (b *block) quantised(factors *[64]float32) (values [64]int32, present uint64) {
	for i, at := range zigzag {
		const above = 1 << 15 // conversion cuts towards zero
		v := int32(b[at&63]*factors[i]+(above+0.5)) - above
		values[i] = v
		present |= uint64(uint32(-v|v)>>31) << i
	}
	return values, present
}

// bitWriter appends codes, the first in the highest bits, and a zero after each byte of ones.
type bitWriter struct {
	out []byte
	acc uint64 // the lowest n bits are to be written
	n   uint
}

// block adds the values of a block as differences and runs of zeros (T.81 §F.1.2).
func (w *bitWriter) block(values *[64]int32, present uint64, last int32, c *codes) {
	diff := values[0] - last
	size := uint(bits.Len32(uint32(max(diff, -diff))))
	w.add(c.first[size], diff, size)
	before := 0
	for present &^= 1; present != 0; present &= present - 1 {
		i := bits.TrailingZeros64(present)
		zeros := i - before - 1
		for ; zeros > 15; zeros -= 16 {
			w.add(c.rest[0xf0], 0, 0)
		}
		v := values[i&63]
		size := uint(bits.Len32(uint32(max(v, -v))))
		w.add(c.rest[uint(zeros)<<4&0xf0|size&15], v, size)
		before = i
	}
	if before < 63 {
		w.add(c.rest[0], 0, 0)
	}
}

// add appends a code and then size bits of v, of which one less when it is negative.
func (w *bitWriter) add(c code, v int32, size uint) {
	v += v >> 31
	w.acc = w.acc<<(c.length+size) | uint64(c.bits)<<size | uint64(uint32(v)&(1<<size-1))
	if w.n += c.length + size; w.n < 32 {
		return
	}
	w.n -= 32
	four := uint32(w.acc >> w.n)
	if (^four-0x01010101)&four&0x80808080 == 0 {
		w.out = binary.BigEndian.AppendUint32(w.out, four)
		return
	}
	for shift := 24; shift >= 0; shift -= 8 {
		w.byte(byte(four >> shift))
	}
}

func (w *bitWriter) byte(b byte) {
	if w.out = append(w.out, b); b == 0xff {
		w.out = append(w.out, 0)
	}
}

// end fills the last byte with ones.
func (w *bitWriter) end() []byte {
	w.acc, w.n = w.acc<<7|0x7f, w.n+7
	for ; w.n >= 8; w.n -= 8 {
		w.byte(byte(w.acc >> (w.n - 8)))
	}
	return w.out
}
