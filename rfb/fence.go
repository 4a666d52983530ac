package rfb

import (
	"bufio"
	"image"
)

// Messages of the Fence and ContinuousUpdates extensions (rfbproto). Client and server use the same numbers.
const (
	msgContinuousUpdates byte = 150 // of the client: on1, x2, y2, w2, h2; of the server: nothing more
	msgFence             byte = 248 // padding3, flags4, length1, payload
)

// maxFence is how long a fence's payload may be. A longer one is read, forgotten and not answered.
const maxFence = 64

// FenceFlags say how a fence keeps the messages around it in order.
type FenceFlags uint32

// The flags of a fence. Others are not passed back.
const (
	FenceBlockBefore FenceFlags = 1 << 0  // what came before it is done before it is answered
	FenceBlockAfter  FenceFlags = 1 << 1  // what comes after it is begun after it is answered
	FenceSyncNext    FenceFlags = 1 << 2  // the answer stands where the next message took effect
	FenceRequest     FenceFlags = 1 << 31 // it wants an answer: the same without this flag
)

const fenceFlags = FenceBlockBefore | FenceBlockAfter | FenceSyncNext | FenceRequest

// Fence is sent by both ends: a question, or the answer to one with the payload that it had. Payloads are no longer
// than 64 bytes. As an Event of a Client it is the answer to the Client's own question.
type Fence struct {
	Flags   FenceFlags
	Payload string
}

// EnableContinuousUpdates asks for updates of Rect without further requests, or for no more of them.
type EnableContinuousUpdates struct {
	On   bool
	Rect image.Rectangle
}

// EndOfContinuousUpdates says that updates are sent on request only, from here on. The first one says that the server
// can do otherwise.
type EndOfContinuousUpdates struct{}

func (Fence) event()                  {}
func (EndOfContinuousUpdates) event() {}

func (m Fence) Append(b []byte) []byte { return AppendFence(b, m.Flags, m.Payload) }

// AppendFence adds a fence.
func AppendFence[T string | []byte](b []byte, flags FenceFlags, payload T) []byte {
	b = be.AppendUint32(append(b, msgFence, 0, 0, 0), uint32(flags))
	return append(append(b, byte(len(payload))), payload...)
}

// Answer is what a fence that is a request wants to hear.
func (m Fence) Answer() Fence { return Fence{m.Flags &^ FenceRequest, m.Payload} }

// readFence reads a fence; ok is false when its payload was too long.
func readFence(br *bufio.Reader) (m Fence, ok bool, err error) {
	b, err := take(br, 8)
	if err != nil {
		return m, false, err
	}
	flags, n := FenceFlags(be.Uint32(b[3:]))&fenceFlags, int(b[7])
	if n > maxFence {
		return m, false, skip(br, int64(n))
	}
	if b, err = take(br, n); err != nil {
		return m, false, err
	}
	return Fence{flags, string(b)}, true, nil
}

func (m EnableContinuousUpdates) Append(b []byte) []byte {
	return appendRectangle(append(b, msgContinuousUpdates, flag(m.On)), m.Rect)
}

// AppendEndOfContinuousUpdates adds an EndOfContinuousUpdates.
func AppendEndOfContinuousUpdates(b []byte) []byte { return append(b, msgContinuousUpdates) }
