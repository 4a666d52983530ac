package resume

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is its kind (1 byte), the length of its body (3 bytes) and the body. Positions count the bytes of one direction
// from the channel's beginning; they are not in the data's frames: a stream carries them from the position on that its first
// frame, each way, says.
type kind byte

const (
	data  kind = iota + 1 // bytes
	ack                   // position (8 bytes): everything before it has been read
	end                   // no bytes follow. It takes up one position, so that it is acknowledged like a byte
	stop                  // who sends it reads no more
	reset                 // reason (1 byte): the channel is over, both ways
	ping                  // number (8 bytes)
	pong                  // the number of a ping
	from                  // position (8 bytes) of the first byte on this stream
)

// lengths are the bodies' lengths; data have their own.
var lengths = [...]int{ack: 8, end: 0, stop: 0, reset: 1, ping: 8, pong: 8, from: 8}

const headSize = 4

// maxData is the longest body. With what yamux, Noise and a relay put around it, twice, a frame is still one message of each.
const maxData = blockSize

var errFrame = errors.New("the other end does not keep to the protocol of channels")

type head struct {
	kind kind
	size int
}

func (h head) append(b []byte) []byte {
	return append(b, byte(h.kind), byte(h.size>>16), byte(h.size>>8), byte(h.size))
}

func parseHead(b *[headSize]byte) (head, error) {
	h := head{kind(b[0]), int(b[1])<<16 | int(b[2])<<8 | int(b[3])}
	switch {
	case h.kind == data && h.size > 0 && h.size <= maxData:
		return h, nil
	case h.kind > data && int(h.kind) < len(lengths) && h.size == lengths[h.kind]:
		return h, nil
	}
	return head{}, fmt.Errorf("%w: kind %d, %d bytes", errFrame, h.kind, h.size)
}

// appendNumber appends a frame with a position or a number.
func appendNumber(b []byte, k kind, n uint64) []byte {
	return binary.BigEndian.AppendUint64(head{k, 8}.append(b), n)
}

// readHead reads a frame up to its body, or its end where that is not data.
func readHead(r io.Reader) (h head, value uint64, err error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:headSize]); err != nil {
		return head{}, 0, err
	}
	if h, err = parseHead((*[headSize]byte)(b[:])); err != nil || h.kind == data || h.size == 0 {
		return h, 0, err
	}
	b = [8]byte{}
	if _, err := io.ReadFull(r, b[8-h.size:]); err != nil {
		return head{}, 0, err
	}
	return h, binary.BigEndian.Uint64(b[:]), nil
}
