package rfb

import (
	"fmt"
	"math/bits"
	"sync"
)

// huffman decodes one code by tables: the first 1<<root entries by the next bits, longer codes by a second
// step. An entry holds in bits 0..7 how many bits it takes, in 8..11 how many extra bits follow (or index the
// second table), in 12..15 what it is, and from 16 on the literal, the base, or where the second table begins.
type huffman struct {
	table [maxTable]uint32
}

const (
	isLiteral = 1 << 12
	isLink    = 1 << 13
	isStop    = 1 << 14 // end of block, or no code at all
	isBad     = 1 << 15
)

// build makes the tables for code lengths and what each symbol means. A code must be complete,
// but may be one single symbol (RFC 1951 §3.2.7), or none when nothing uses it.
func (h *huffman) build(lengths []uint8, meaning []uint32, root uint) error {
	var count [maxCodeLength + 1]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	var next [maxCodeLength + 1]uint32
	room, code, longest := 1, uint32(0), uint(0)
	for n := 1; n <= maxCodeLength; n++ {
		if room = room<<1 - count[n]; room < 0 {
			return fmt.Errorf("%w: over-full code", errDeflate)
		}
		next[n] = code
		code = (code + uint32(count[n])) << 1
		if count[n] > 0 {
			longest = uint(n)
		}
	}
	if room > 0 && used > 1 {
		return fmt.Errorf("%w: incomplete code", errDeflate)
	}
	first := h.table[:1<<root]
	for i := range first {
		first[i] = isStop | isBad
	}
	second := uint32(1) << root // where the next second table goes
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		n := uint(length)
		c := bits.Reverse32(next[n]) >> (32 - n)
		next[n]++
		if n <= root {
			for i := c; i < 1<<root; i += 1 << n {
				first[i] = meaning[symbol] | uint32(n)
			}
			continue
		}
		link := &first[c&(1<<root-1)]
		if *link&isLink == 0 {
			*link = second<<16 | isLink | uint32(longest-root)<<8 | uint32(root)
			for i := range uint32(1) << (longest - root) {
				h.table[second+i] = isStop | isBad
			}
			second += 1 << (longest - root)
		}
		for i := c >> root; i < 1<<(longest-root); i += 1 << (n - root) {
			h.table[*link>>16+i] = meaning[symbol] | uint32(n-root)
		}
	}
	return nil
}

// What the symbols of the two alphabets mean (RFC 1951 §3.2.5), as entries of a table without their length.
var litMeaning, distMeaning = meanings()

const (
	litSymbols  = 288
	distSymbols = 32
	endOfBlock  = 256
)

func meanings() (lit [litSymbols]uint32, dist [distSymbols]uint32) {
	for i := range lit {
		switch {
		case i < endOfBlock:
			lit[i] = uint32(i)<<16 | isLiteral
		case i == endOfBlock:
			lit[i] = isStop
		default:
			lit[i] = isStop | isBad
		}
	}
	base := uint32(3)
	for i := range uint32(28) {
		extra := uint32(0)
		if i >= 8 {
			extra = i/4 - 1
		}
		lit[endOfBlock+1+i] = base<<16 | extra<<8
		base += 1 << extra
	}
	lit[endOfBlock+29] = maxMatch << 16
	base = 1
	for i := range uint32(distSymbols) {
		if i >= 30 {
			dist[i] = isStop | isBad
			continue
		}
		extra := uint32(0)
		if i >= 4 {
			extra = i/2 - 1
		}
		dist[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	return lit, dist
}

// fixedCodes are those of RFC 1951 §3.2.6.
var fixedCodes = sync.OnceValue(func() *[2]huffman {
	var lengths [litSymbols]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	codes := new([2]huffman)
	if err := codes[0].build(lengths[:], litMeaning[:], litRoot); err != nil {
		panic(err) // the code is complete
	}
	for i := range distSymbols {
		lengths[i] = 5
	}
	if err := codes[1].build(lengths[:distSymbols], distMeaning[:], distRoot); err != nil {
		panic(err)
	}
	return codes
})

// codeOrder is that of the lengths of the code for code lengths (RFC 1951 §3.2.7).
var codeOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamicHeader reads the codes of a block (RFC 1951 §3.2.7).
func (z *inflater) dynamicHeader() error {
	counts, err := z.bitsOf(14)
	if err != nil {
		return err
	}
	lits, dists, codes := int(counts&31)+257, int(counts>>5&31)+1, int(counts>>10)+4
	if lits > 286 || dists > 30 {
		return fmt.Errorf("%w: %d and %d symbols", errDeflate, lits, dists)
	}
	var lengths [litSymbols + distSymbols]uint8
	for _, i := range codeOrder[:codes] {
		v, err := z.bitsOf(3)
		if err != nil {
			return err
		}
		lengths[i] = uint8(v)
	}
	if z.dynamic == nil {
		z.dynamic = new([2]huffman)
	}
	h := &z.dynamic[0]
	var plain [19]uint32
	for i := range plain {
		plain[i] = uint32(i) << 16
	}
	if err := h.build(lengths[:19], plain[:], litRoot); err != nil {
		return err
	}
	clear(lengths[:19])
	for i := 0; i < lits+dists; {
		z.fill()
		e := h.table[z.acc&(1<<litRoot-1)]
		if z.n < uint(e&0xff) {
			return errNeedInput
		}
		if e&isBad != 0 {
			return errDeflate
		}
		z.acc >>= e & 0xff
		z.n -= uint(e & 0xff)
		symbol := uint8(e >> 16)
		if symbol < 16 {
			lengths[i] = symbol
			i++
			continue
		}
		repeated, shortest, extra := uint8(0), uint(3), uint(3)
		switch symbol {
		case 16:
			if i == 0 {
				return errDeflate
			}
			repeated, extra = lengths[i-1], 2
		case 18:
			shortest, extra = 11, 7
		}
		more, err := z.bitsOf(extra)
		if err != nil {
			return err
		}
		end := i + int(shortest+more)
		if end > lits+dists {
			return errDeflate
		}
		for ; i < end; i++ {
			lengths[i] = repeated
		}
	}
	if lengths[endOfBlock] == 0 {
		return fmt.Errorf("%w: block without an end", errDeflate)
	}
	z.lit, z.dist = &z.dynamic[0], &z.dynamic[1]
	if err := z.lit.build(lengths[:lits], litMeaning[:], litRoot); err != nil {
		return err
	}
	z.state = inHuffman
	return z.dist.build(lengths[lits:lits+dists], distMeaning[:], distRoot)
}
