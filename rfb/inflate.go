package rfb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// inflater reads one zlib stream (RFC 1950, 1951) that comes in pieces, one a rectangle, flushed but never ended.
//
// compress/flate reads ahead until it has a window full and cannot go on after the end of a piece; this one
// gives exactly the bytes a rectangle needs, can tell that a piece holds more or less, and keeps to one buffer.
type inflater struct {
	src  *bufio.Reader
	left int    // bytes of the piece still to be read from src
	in   []byte // read and not yet decoded: in[pos:]
	pos  int
	acc  uint64 // bits taken out of in, lowest first; above count they are zero or those that follow
	n    uint   // how many of them count

	state   inflateState
	last    bool // the block is the stream's last
	stored  int  // bytes left of a stored block
	lit     *huffman
	dist    *huffman
	dynamic *[2]huffman // of the block, when it brings its own codes

	win []byte // win[:r] is history, win[r:w] decoded and not yet taken
	r   int
	w   int
}

type inflateState uint8

const (
	atStreamHeader inflateState = iota
	atBlockHeader
	inStored
	inHuffman
	atEnd
)

const (
	maxDistance   = 32 << 10 // of a match, RFC 1951 §2
	maxMatch      = 258
	inflateInput  = 16 << 10     // read at a time
	inflateOutput = 64 << 10     // decoded at a time, where a rectangle's row is not longer
	inflateSlack  = maxMatch + 8 // a match is decoded whole, and copied by eights
	litRoot       = 10
	distRoot      = 8
	maxTable      = 8192 // entries: the first table, and 32 (128) for each two of 286 (30) symbols with longer codes
	maxCodeLength = 15
)

var (
	errNeedInput = errors.New("piece of a zlib stream is used up")
	errDeflate   = errors.New("zlib stream is damaged")
	errTooShort  = errors.New("zlib data ends before the rectangle does")
	errTooLong   = errors.New("zlib data goes on after the rectangle")
)

// begin starts the next piece, size bytes of src.
func (z *inflater) begin(src *bufio.Reader, size int) {
	z.src, z.left = src, size
}

// reset forgets the stream: the next piece begins another.
func (z *inflater) reset() {
	z.in, z.pos, z.acc, z.n = z.in[:0], 0, 0, 0
	z.state, z.last = atStreamHeader, false
	z.r, z.w = 0, 0
}

// take returns the next n bytes. They are good until the next call.
func (z *inflater) take(n int) ([]byte, error) {
	got, err := z.peek(n)
	if err != nil {
		return nil, err
	}
	if len(got) < n {
		return nil, errTooShort
	}
	z.r += n
	return got[:n], nil
}

// peek returns what comes next, n bytes or more unless the piece holds fewer, and leaves it there for take.
func (z *inflater) peek(n int) ([]byte, error) {
	if z.w-z.r < n {
		z.makeRoom(n)
		if err := z.decode(z.r + n); err != nil && err != errNeedInput {
			return nil, err
		}
	}
	return z.win[z.r:z.w], nil
}

// end checks that the piece holds nothing more. What remains of it, a flush marker at most, is read.
func (z *inflater) end() error {
	if z.w > z.r {
		return errTooLong
	}
	z.makeRoom(1)
	switch err := z.decode(z.w + 1); {
	case err == nil:
		return errTooLong
	case err != errNeedInput:
		return err
	}
	z.src = nil
	return nil
}

// makeRoom makes win long enough for n bytes from r on and for a match that goes beyond them.
func (z *inflater) makeRoom(n int) {
	need := n + inflateSlack
	if z.r+need <= len(z.win) {
		return
	}
	keep := max(min(z.r, z.w-maxDistance), 0) // what matches may still reach, or has not been taken
	if size := z.r - keep + need; size > len(z.win) {
		win := make([]byte, max(size, maxDistance+need, maxDistance+inflateOutput+inflateSlack))
		copy(win, z.win[keep:z.w])
		z.win = win
	} else {
		copy(z.win, z.win[keep:z.w])
	}
	z.r, z.w = z.r-keep, z.w-keep
}

// decode goes on until win[:limit] is filled, perhaps a match further, or the piece is used up: errNeedInput.
func (z *inflater) decode(limit int) error {
	for {
		err := z.decodeBuffered(limit)
		if err != errNeedInput {
			return err
		}
		if err := z.refill(); err != nil {
			return err
		}
	}
}

// refill reads more of the piece into in.
func (z *inflater) refill() error {
	z.unread()
	if z.left == 0 {
		return errNeedInput
	}
	z.in = z.in[:copy(z.in, z.in[z.pos:])]
	z.pos = 0
	if cap(z.in) < inflateInput {
		z.in = append(make([]byte, 0, inflateInput), z.in...)
	}
	have := len(z.in)
	n := min(z.left, cap(z.in)-have)
	if n == 0 {
		return errDeflate // a header longer than the buffer: there is none
	}
	z.in = z.in[:have+n]
	if _, err := io.ReadFull(z.src, z.in[have:]); err != nil {
		return err
	}
	z.left -= n
	return nil
}

// unread puts whole bytes back from acc to in.
func (z *inflater) unread() {
	z.pos -= int(z.n / 8)
	z.n %= 8
	z.acc &= 1<<z.n - 1
}

func (z *inflater) decodeBuffered(limit int) error {
	for z.w < limit {
		var err error
		switch z.state {
		case atStreamHeader:
			err = z.streamHeader()
		case atBlockHeader:
			err = z.blockHeader()
		case inStored:
			err = z.copyStored(limit)
		case inHuffman:
			err = z.symbols(limit)
		case atEnd:
			z.pos, z.acc, z.n = len(z.in), 0, 0 // the checksum, which is not looked at
			err = errNeedInput
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill takes into acc what it can hold and in has.
func (z *inflater) fill() {
	for z.n <= 56 && z.pos < len(z.in) {
		z.acc |= uint64(z.in[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
}

// bitsOf takes the next n bits, at most 16.
func (z *inflater) bitsOf(n uint) (uint, error) {
	if z.n < n {
		if z.fill(); z.n < n {
			return 0, errNeedInput
		}
	}
	v := uint(z.acc & (1<<n - 1))
	z.acc >>= n
	z.n -= n
	return v, nil
}

// streamHeader reads the two bytes of RFC 1950.
func (z *inflater) streamHeader() error {
	z.fill()
	if z.n < 16 {
		return errNeedInput
	}
	h := bits.ReverseBytes16(uint16(z.acc))
	if h>>8&15 != 8 || h>>12 > 7 || h%31 != 0 || h&0x20 != 0 {
		return fmt.Errorf("%w: its header is %04x", errDeflate, h)
	}
	z.acc >>= 16
	z.n -= 16
	z.state = atBlockHeader
	return nil
}

// blockHeader reads all that comes before the data of a block, or nothing when it is not all there yet.
func (z *inflater) blockHeader() error {
	if z.last {
		z.state = atEnd
		return nil
	}
	z.unread()
	pos, acc, n := z.pos, z.acc, z.n
	err := z.tryBlockHeader()
	if err == errNeedInput {
		z.pos, z.acc, z.n = pos, acc, n
		z.last = false
	}
	return err
}

func (z *inflater) tryBlockHeader() error {
	head, err := z.bitsOf(3)
	if err != nil {
		return err
	}
	z.last = head&1 != 0
	switch head >> 1 {
	case 0:
		return z.storedHeader()
	case 1:
		fixed := fixedCodes()
		z.lit, z.dist = &fixed[0], &fixed[1]
		z.state = inHuffman
		return nil
	case 2:
		return z.dynamicHeader()
	}
	return fmt.Errorf("%w: block of type 3", errDeflate)
}

func (z *inflater) storedHeader() error {
	if _, err := z.bitsOf(z.n % 8); err != nil {
		return err
	}
	size, err := z.bitsOf(16)
	if err != nil {
		return err
	}
	check, err := z.bitsOf(16)
	if err != nil {
		return err
	}
	if size != check^0xffff {
		return fmt.Errorf("%w: stored block of %d, not of %d", errDeflate, size, check)
	}
	z.unread()
	z.stored = int(size)
	z.state = inStored
	return nil
}

func (z *inflater) copyStored(limit int) error {
	if z.stored == 0 {
		z.state = atBlockHeader
		return nil
	}
	if z.pos == len(z.in) {
		return errNeedInput
	}
	n := copy(z.win[z.w:limit], z.in[z.pos:min(len(z.in), z.pos+z.stored)])
	z.w += n
	z.pos += n
	z.stored -= n
	return nil
}

// symbols decodes a block's data. The first loop is for speed: it has input and room to spare for a whole
// symbol, so it checks once a round, and keeps in locals what the other loop, which checks every step, has in z.
func (z *inflater) symbols(limit int) error {
	lit, dist := &z.lit.table, &z.dist.table
	in, pos, acc, n := z.in, z.pos, z.acc, z.n
	win, w := z.win, z.w
	err := error(nil)
fast:
	for w < limit && len(in)-pos >= 16 {
		acc |= binary.LittleEndian.Uint64(in[pos:]) << n
		pos += int((63 - n) >> 3)
		n |= 56
		e := lit[acc&(1<<litRoot-1)]
		if e&isLiteral != 0 {
			win[w] = byte(e >> 16)
			w++
			acc >>= e & 0xff
			n -= uint(e & 0xff)
			e = lit[acc&(1<<litRoot-1)]
			if e&isLiteral != 0 { // limit has slack for these
				win[w] = byte(e >> 16)
				w++
				acc >>= e & 0xff
				n -= uint(e & 0xff)
				e = lit[acc&(1<<litRoot-1)]
				if e&isLiteral != 0 {
					win[w] = byte(e >> 16)
					w++
					acc >>= e & 0xff
					n -= uint(e & 0xff)
					continue
				}
			}
			acc |= binary.LittleEndian.Uint64(in[pos:]) << n
			pos += int((63 - n) >> 3)
			n |= 56
		}
		if e&isLink != 0 {
			acc >>= litRoot
			n -= litRoot
			e = lit[(uint(e>>16)+uint(acc)&(1<<(e>>8&15)-1))&(maxTable-1)]
		}
		acc >>= e & 0xff
		n -= uint(e & 0xff)
		switch {
		case e&isLiteral != 0:
			win[w] = byte(e >> 16)
			w++
			continue
		case e&isStop != 0:
			if e&isBad != 0 {
				err = errDeflate
			}
			z.state = atBlockHeader
			break fast
		}
		extra := uint(e >> 8 & 15)
		length := int(e>>16) + int(acc&(1<<extra-1))
		acc >>= extra
		n -= extra
		e = dist[acc&(1<<distRoot-1)]
		if e&isLink != 0 {
			acc >>= distRoot
			n -= distRoot
			e = dist[(uint(e>>16)+uint(acc)&(1<<(e>>8&15)-1))&(maxTable-1)]
		}
		acc >>= e & 0xff
		n -= uint(e & 0xff)
		extra = uint(e >> 8 & 15)
		back := int(e>>16) + int(acc&(1<<extra-1))
		acc >>= extra
		n -= extra
		if e&isStop != 0 || back > w {
			err = errDeflate
			break
		}
		w = copyMatch(win, w, back, length)
	}
	z.pos, z.acc, z.n, z.w = pos, acc, n, w
	for err == nil && z.state == inHuffman && z.w < limit {
		if len(z.in)-z.pos >= 16 {
			return nil // there is enough again for the first loop
		}
		err = z.symbol()
	}
	return err
}

// symbol decodes one literal, match or end of block, or nothing when not all of it is there yet.
func (z *inflater) symbol() error {
	z.fill()
	acc, n := z.acc, z.n
	e := z.lit.table[acc&(1<<litRoot-1)]
	if e&isLink != 0 {
		if n < litRoot {
			return errNeedInput
		}
		acc >>= litRoot
		n -= litRoot
		e = z.lit.table[(uint(e>>16)+uint(acc)&(1<<(e>>8&15)-1))&(maxTable-1)]
	}
	size, extra := uint(e&0xff), uint(e>>8&15)
	if e&(isLiteral|isStop) != 0 {
		extra = 0
	}
	if n < size+extra {
		return errNeedInput
	}
	acc >>= size
	n -= size
	switch {
	case e&isBad != 0:
		return errDeflate
	case e&isStop != 0:
		z.state = atBlockHeader
	case e&isLiteral != 0:
		z.win[z.w] = byte(e >> 16)
		z.w++
	default:
		length := int(e>>16) + int(acc&(1<<extra-1))
		acc >>= extra
		n -= extra
		e = z.dist.table[acc&(1<<distRoot-1)]
		if e&isLink != 0 {
			if n < distRoot {
				return errNeedInput
			}
			acc >>= distRoot
			n -= distRoot
			e = z.dist.table[(uint(e>>16)+uint(acc)&(1<<(e>>8&15)-1))&(maxTable-1)]
		}
		size, extra = uint(e&0xff), uint(e>>8&15)
		if n < size+extra {
			return errNeedInput
		}
		acc >>= size
		back := int(e>>16) + int(acc&(1<<extra-1))
		acc >>= extra
		n -= size + extra
		if e&isStop != 0 || back > z.w {
			return errDeflate
		}
		z.w = copyMatch(z.win, z.w, back, length)
	}
	z.acc, z.n = acc, n
	return nil
}

// copyMatch repeats length bytes from back bytes before w and returns the new w. win has inflateSlack to spare.
func copyMatch(win []byte, w, back, length int) int {
	end := w + length
	if back >= 8 {
		for from := w - back; w < end; from, w = from+8, w+8 {
			binary.LittleEndian.PutUint64(win[w:], binary.LittleEndian.Uint64(win[from:]))
		}
		return end
	}
	from := w - back
	for w < end { // each round doubles what repeats
		w += copy(win[w:end], win[from:w])
	}
	return end
}
