package resume

import "sync"

// blockSize is what one block holds. In front of its bytes there is room for the frames that go before them, so that a
// block's bytes leave in one write without being copied again.
const (
	blockSize = 64_000
	roomSize  = 64
)

type block [roomSize + blockSize]byte

var blocks = sync.Pool{New: func() any { return new(block) }}

// queue holds bytes in their order. It has no blocks while it is empty.
type queue struct {
	blocks []*block
	first  int    // where its bytes begin in blocks[0]
	size   int    // how many there are
	lent   *block // somebody uses it without the lock: it does not go back to the pool
}

// add appends a copy of b.
func (q *queue) add(b []byte) {
	for len(b) > 0 {
		n := copy(q.free(), b)
		q.size += n
		b = b[n:]
	}
}

// free is where the next bytes go; it is never empty.
func (q *queue) free() []byte {
	at := q.first + q.size
	if at == len(q.blocks)*blockSize {
		q.blocks = append(q.blocks, blocks.Get().(*block))
	}
	return q.blocks[at/blockSize][roomSize+at%blockSize:]
}

// from is the bytes from the nth on, as far as their block goes, and the place in front of them where that is free.
func (q *queue) from(n int) (room *block, b []byte) {
	at := q.first + n
	most := min(blockSize-at%blockSize, q.size-n)
	bl := q.blocks[at/blockSize]
	if at%blockSize == 0 {
		room = bl
	}
	return room, bl[roomSize+at%blockSize:][:most]
}

// take moves bytes to p.
func (q *queue) take(p []byte) (n int) {
	for n < len(p) && q.size > 0 {
		_, b := q.from(0)
		moved := copy(p[n:], b)
		q.drop(moved)
		n += moved
	}
	return n
}

// drop forgets the first n bytes.
func (q *queue) drop(n int) {
	q.first += n
	q.size -= n
	for q.first >= blockSize {
		q.recycle(q.blocks[0])
		q.blocks[0] = nil
		q.blocks = q.blocks[1:]
		q.first -= blockSize
	}
	if q.size == 0 && q.lent == nil {
		q.clear()
	}
}

// clear forgets everything.
func (q *queue) clear() {
	for _, b := range q.blocks {
		q.recycle(b)
	}
	q.blocks, q.first, q.size = nil, 0, 0
}

func (q *queue) recycle(b *block) {
	if b != q.lent {
		blocks.Put(b)
	}
}

// lend marks the block that holds position n until give.
func (q *queue) lend(n int) { q.lent = q.blocks[(q.first+n)/blockSize] }

func (q *queue) give() {
	q.lent = nil
	if q.size == 0 {
		q.clear()
	}
}
