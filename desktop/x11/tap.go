//go:build linux

package x11

import (
	"bufio"
	"io"
	"net"
	"sync"

	"github.com/jezek/xgb/xproto"
)

// tap lies between xgb and the socket of the connection that injects input, and tells what others put in from what we do. It
// notes the number of each injecting request, and takes out the events of XI2 (The X Input Extension, version 2.2), which tell
// of all input before anybody else has it, and which xgb cannot read.
//
// What is injected is processed within its request: the event of it is the first to carry the request's number. Whatever
// comes besides was done by somebody else. The device would not tell them apart: all programs inject through the same one.
type tap struct {
	net.Conn
	in    *bufio.Reader
	local func(rawEvent) // what others did; it is called by xgb's reader and must not wait

	// Of xgb's reader alone:
	greeted bool
	head    [32]byte
	pending []byte // of head, not yet read
	rest    int64  // bytes that follow it

	// Of xgb's writer alone:
	greeting bool
	requests uint16

	mu     sync.Mutex
	opcode struct{ xtest, xinput byte } // 0: not in use
	sent   fakes
}

func newTap(conn net.Conn, local func(rawEvent)) *tap {
	return &tap{Conn: conn, in: bufio.NewReader(conn), local: local}
}

// heed has the tap look at what goes over it from now on.
func (t *tap) heed(xtest, xinput byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opcode.xtest, t.opcode.xinput = xtest, xinput
}

const xtestFakeInput = 2

// Write takes one request, as xgb calls it; the first one asks to be let in, and has no number.
func (t *tap) Write(b []byte) (int, error) {
	if !t.greeting {
		t.greeting = true
		return t.Conn.Write(b)
	}
	t.requests++
	t.mu.Lock()
	if b[0] == t.opcode.xtest && b[1] == xtestFakeInput && t.opcode.xinput != 0 {
		t.sent.add(fake{t.requests, b[4], b[5]}) // before the server has it
	}
	t.mu.Unlock()
	return t.Conn.Write(b)
}

// Read gives xgb all but the events of XI2.
func (t *tap) Read(b []byte) (n int, err error) {
	for len(t.pending) == 0 && t.rest == 0 {
		if err := t.next(); err != nil {
			return 0, err
		}
	}
	if len(t.pending) > 0 {
		n = copy(b, t.pending)
		t.pending = t.pending[n:]
		return n, nil
	}
	n, err = t.in.Read(b[:min(int64(len(b)), t.rest)])
	t.rest -= int64(n)
	return n, err
}

const genericEvent = 35 // as long as it says, as a reply

// next reads the beginning of a message.
func (t *tap) next() error {
	if !t.greeted {
		t.greeted, t.pending = true, t.head[:8]
		_, err := io.ReadFull(t.in, t.pending)
		t.rest = 4 * int64(le.Uint16(t.pending[6:]))
		return err
	}
	if _, err := io.ReadFull(t.in, t.head[:]); err != nil {
		return err
	}
	const reply = 1
	switch t.head[0] {
	case reply:
		t.rest = 4 * int64(le.Uint32(t.head[4:]))
		t.done(le.Uint16(t.head[2:]))
	case genericEvent:
		t.raw(t.head[:])
		_, err := io.CopyN(io.Discard, t.in, 4*int64(le.Uint32(t.head[4:])))
		return err
	}
	t.pending = t.head[:]
	return nil
}

// done notes that the server has come to a request.
func (t *tap) done(request uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent.forget(request)
}

// rawEvent is a press, a release or a move of one device. Kinds are the core protocol's; touches, which it lacks, are moves.
type rawEvent struct {
	rawInput
	time uint32 // the server's, in milliseconds
}

type rawInput struct {
	kind   byte
	device uint16
	detail uint32 // a keycode, a button
}

// rawKinds are those of XI2's raw events.
var rawKinds = map[uint16]byte{
	13: xproto.KeyPress, 14: xproto.KeyRelease, 15: xproto.ButtonPress, 16: xproto.ButtonRelease, 17: xproto.MotionNotify,
	22: xproto.MotionNotify, 23: xproto.MotionNotify, 24: xproto.MotionNotify,
}

// raw passes an event of XI2 on if it is not of ours. Each comes twice: from the device, and from the one that combines all.
func (t *tap) raw(b []byte) {
	kind := rawKinds[le.Uint16(b[8:])]
	e := rawEvent{rawInput{kind, le.Uint16(b[10:]), le.Uint32(b[16:])}, le.Uint32(b[12:])}
	source := le.Uint16(b[20:])
	t.mu.Lock()
	ours := b[1] != t.opcode.xinput || kind == 0 || source != e.device
	if !ours {
		ours = t.sent.take(le.Uint16(b[2:]), e.rawInput)
	}
	t.mu.Unlock()
	if !ours {
		t.local(e)
	}
}

// fake is one injected event that the server has not told of yet, with the number of its request.
type fake struct {
	request      uint16
	kind, detail byte
}

// fakes are in the order of their requests. There are never more under way than the injector's breath, and a few of the server's
// that told of nothing: a modifier that is pressed twice.
type fakes struct {
	ring        [4 * breath]fake
	first, next uint
}

func (f *fakes) add(sent fake) {
	if f.next-f.first == uint(len(f.ring)) {
		f.first++
	}
	f.ring[f.next%uint(len(f.ring))] = sent
	f.next++
}

func (f *fakes) oldest() fake { return f.ring[f.first%uint(len(f.ring))] }

// forget drops those up to a request, which the server is through with.
func (f *fakes) forget(request uint16) {
	for f.first < f.next && int16(f.oldest().request-request) <= 0 {
		f.first++
	}
}

// take tells whether an event is that of the request whose number it carries, for which there is one only.
func (f *fakes) take(request uint16, e rawInput) bool {
	f.forget(request - 1)
	if f.first == f.next {
		return false
	}
	o := f.oldest()
	ours := o.request == request && o.kind == e.kind && (uint32(o.detail) == e.detail || e.kind == xproto.MotionNotify)
	if ours {
		f.first++
	}
	return ours
}
