//go:build linux

package conformance

import (
	"bufio"
	"bytes"
	"crypto/des"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"math/bits"
	"net"
	"slices"
	"testing"
	"time"

	"sixgate/rfb"
)

var be = binary.BigEndian

// script is a viewer that says, byte for byte, what a viewer that cannot be run here is known to say, and that understands
// no more than it asked for. Pixels are our decoder's; everything else is read here.
type script struct {
	net.Conn
	*testing.T
	br      *bufio.Reader
	read    int64 // bytes so far, of which br may still hold some
	decoder rfb.Decoder
	screen  *rfb.Image
	listed  []rfb.Encoding
	heard   []string // cut text, as the bytes that came
	said    [][]byte // other messages
	tally   map[rfb.Encoding]tally
	seen    func() error // judges the picture after each update; nil: nobody does
}

// tally counts what came in one encoding.
type tally struct{ rects, pixels, bytes int }

// Encodings and pseudo-encodings that viewers list, whether or not our server knows them.
const (
	encRRE, encCoRRE, encTRLE, encJPEG, encUltra   = rfb.Encoding(2), rfb.Encoding(4), rfb.Encoding(15), rfb.Encoding(21), rfb.Encoding(9)
	encJRLE, encRealVNC24                          = rfb.Encoding(22), rfb.Encoding(24)
	encXCursor, encPointerPos, encCursorAlpha      = rfb.Encoding(-240), rfb.Encoding(-232), rfb.Encoding(-314)
	encQEMUPointer, encQEMUKey, encQEMULED, encXVP = rfb.Encoding(-257), rfb.Encoding(-258), rfb.Encoding(-261), rfb.Encoding(-309)
	encFence, encContinuous, encMouseButtons       = rfb.Encoding(-312), rfb.Encoding(-313), rfb.Encoding(-316)
	encVMCursor, encVMLED, encVMPosition           = rfb.Encoding(0x574d5664), rfb.Encoding(0x574d5668), rfb.Encoding(0x574d5666)
	encClipboard, encTightPNG                      = rfb.Encoding(-0x3f5e1a32), rfb.Encoding(-260) // 0xc0a1e5ce
)

// bgrx is how most viewers want their pixels: 8 bits of each colour, blue first.
var bgrx = rfb.Native

// begin connects, reads the server's version and sends the viewer's.
func begin(t *testing.T, s *server, version string) *script {
	t.Helper()
	v := &script{Conn: s.dial(t), T: t, tally: map[rfb.Encoding]tally{}}
	v.br = bufio.NewReaderSize(countingReader{v.Conn, &v.read}, 64<<10)
	v.patient()
	if got := string(v.take(12)); got != "RFB 003.008\n" {
		t.Fatalf("the server speaks %q", got)
	}
	v.say([]byte(version))
	return v
}

// attach is begin and the rest of the handshake, with the password that the server has.
func attach(t *testing.T, s *server, version string, shared byte) *script {
	t.Helper()
	v := begin(t, s, version)
	var kind byte
	if version == "RFB 003.003\n" {
		kind = byte(be.Uint32(v.take(4)))
	} else {
		list := v.take(int(v.take(1)[0]))
		kind = 1
		if s.password != "" {
			kind = 2
		}
		if !slices.Contains(list, kind) {
			t.Fatalf("the server offers security types %v", list)
		}
		v.say([]byte{kind})
	}
	if kind == 2 {
		v.say(answer(t, s.password, v.take(16)))
	}
	if kind == 2 || version == "RFB 003.008\n" {
		if result := be.Uint32(v.take(4)); result != 0 {
			t.Fatalf("the server lets nobody in: %d", result)
		}
	}
	v.say([]byte{shared})
	v.serverInit()
	return v
}

// serverInit reads ServerInit.
func (v *script) serverInit() {
	v.Helper()
	head := v.take(2 + 2 + 16)
	v.screen = rfb.NewImage(image.Rect(0, 0, int(be.Uint16(head)), int(be.Uint16(head[2:]))))
	v.decoder.Format = rfb.Native
	v.take(int(be.Uint32(v.take(4))))
}

// answer is VncAuth's: the challenge under DES with the password, the bits of each byte the other way round (RFC 6143 §7.2.2).
func answer(t *testing.T, password string, challenge []byte) []byte {
	t.Helper()
	key := make([]byte, 8)
	copy(key, password)
	for i, b := range key {
		key[i] = bits.Reverse8(b)
	}
	block, err := des.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 16)
	block.Encrypt(out, challenge)
	block.Encrypt(out[8:], challenge[8:])
	return out
}

type countingReader struct {
	r io.Reader
	n *int64
}

func (c countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.n += int64(n)
	return n, err
}

// patient gives the server from now on as long as anything may take.
func (v *script) patient() { v.SetDeadline(time.Now().Add(patience)) }

func (v *script) say(messages ...[]byte) {
	v.Helper()
	if _, err := v.Write(bytes.Join(messages, nil)); err != nil {
		v.Fatal(err)
	}
}

// take reads n bytes.
func (v *script) take(n int) []byte {
	v.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(v.br, b); err != nil {
		v.Fatalf("the server stops in the middle of something, or says nothing for %v: %v", patience, err)
	}
	return b
}

// lists sends SetEncodings.
func (v *script) lists(encodings ...rfb.Encoding) {
	v.Helper()
	v.listed = encodings
	v.say(rfb.SetEncodings(encodings).Append(nil))
}

// formats sends SetPixelFormat.
func (v *script) formats(f rfb.PixelFormat) {
	v.Helper()
	v.decoder.Format = f
	v.say(rfb.SetPixelFormat{Format: f}.Append(nil))
}

// asks requests all of the screen.
func (v *script) asks(incremental bool) {
	v.Helper()
	v.say(rfb.FramebufferUpdateRequest{Incremental: incremental, Rect: v.screen.Rect}.Append(nil))
}

// shows reads updates until the picture is the screen's, and asks for the next one after each.
func (v *script) shows(d *desk, judge compare) {
	v.Helper()
	v.patient()
	v.asks(false)
	v.follows(d, judge)
}

// follows is shows for a viewer that waits for an update already.
func (v *script) follows(d *desk, judge compare) {
	v.Helper()
	v.patient()
	v.update()
	v.asks(true)
	v.settles(d, judge)
}

// settles is follows for one that may have seen the last of it.
func (v *script) settles(d *desk, judge compare) {
	v.Helper()
	for {
		err := judge(d.look(v.T), v.picture())
		if err == nil {
			return
		}
		v.patient()
		if _, e := v.br.Peek(1); e != nil {
			keep(v.T, "got", v.picture())
			keep(v.T, "want", d.look(v.T))
			v.Fatalf("after the last update: %v", err)
		}
		v.update()
		v.asks(true)
	}
}

//go:norace
func (v *script) picture() *image.RGBA { return picture(v.screen) }

// picture copies what a decoder painted.
func picture(m *rfb.Image) *image.RGBA {
	img := image.NewRGBA(m.Rect)
	for i, p := range m.Pix {
		to := img.Pix[4*i : 4*i+4]
		to[0], to[1], to[2], to[3] = byte(p>>16), byte(p>>8), byte(p), 255
	}
	return img
}

// update reads messages up to the end of a FramebufferUpdate.
func (v *script) update() {
	v.Helper()
	for v.message() != 0 {
	}
	if v.seen == nil {
		return
	}
	if err := v.seen(); err != nil {
		keep(v.T, "got", v.picture())
		v.Fatal(err)
	}
}

// message reads one message and returns its number.
func (v *script) message() byte {
	v.Helper()
	kind := v.take(1)[0]
	switch kind {
	case 0:
		v.readUpdate()
	case 1:
		head := v.take(5)
		for i := range int(be.Uint16(head[3:])) {
			c := v.take(6)
			v.decoder.Colours[int(be.Uint16(head[1:]))+i] = uint32(c[0])<<16 | uint32(c[2])<<8 | uint32(c[4])
		}
	case 2: // Bell
	case 3:
		n := int32(be.Uint32(v.take(7)[3:]))
		if n < 0 && !slices.Contains(v.listed, encClipboard) {
			v.Fatalf("cut text of length %d to a viewer that does not know what that means", n)
		}
		text := string(v.take(int(max(n, -n))))
		if n >= 0 {
			v.heard = append(v.heard, text)
		} else {
			v.said = append(v.said, append([]byte{3}, text...))
		}
	case 150: // EndOfContinuousUpdates
		v.expect(encContinuous, "EndOfContinuousUpdates")
		v.said = append(v.said, []byte{150})
	case 248:
		v.expect(encFence, "a fence")
		head := v.take(8)
		v.said = append(v.said, slices.Concat([]byte{248}, head, v.take(int(head[7]))))
	case 250:
		v.expect(encXVP, "xvp")
		v.said = append(v.said, append([]byte{250}, v.take(3)...))
	case 11:
		head := v.take(7)
		text := []byte(nil)
		if n := int32(be.Uint32(head[3:])); n > 0 {
			text = v.take(int(n))
		}
		v.said = append(v.said, slices.Concat([]byte{11}, head, text))
	default:
		v.Fatalf("server message %d", kind)
	}
	return kind
}

// expect fails when the viewer did not list what the server sends.
func (v *script) expect(e rfb.Encoding, what string) {
	v.Helper()
	if !slices.Contains(v.listed, e) {
		v.Fatalf("the server sends %s, which the viewer did not ask for", what)
	}
}

func (v *script) readUpdate() {
	v.Helper()
	n := int(be.Uint16(v.take(3)[1:]))
	if n == 0 {
		v.Fatal("an empty update: TurboVNC's viewer waits for ever after one")
	}
	for range n {
		head := v.take(12)
		at := image.Pt(int(be.Uint16(head)), int(be.Uint16(head[2:])))
		size := image.Pt(int(be.Uint16(head[4:])), int(be.Uint16(head[6:])))
		e := rfb.Encoding(be.Uint32(head[8:]))
		if e != rfb.EncodingRaw {
			v.expect(e, fmt.Sprintf("a rectangle of encoding %v", e))
		}
		before := v.read - int64(v.br.Buffered())
		if e == rfb.EncodingLastRect {
			return
		}
		v.readRect(e, image.Rectangle{Min: at, Max: at.Add(size)})
		c := v.tally[e]
		c.rects++
		c.pixels += size.X * size.Y
		c.bytes += 12 + int(v.read-int64(v.br.Buffered())-before)
		v.tally[e] = c
	}
}

func (v *script) readRect(e rfb.Encoding, r image.Rectangle) {
	v.Helper()
	w, h := r.Dx(), r.Dy()
	mask := (w + 7) / 8 * h
	switch e {
	case rfb.EncodingDesktopSize:
		v.screen = rfb.NewImage(image.Rectangle{Max: r.Size()})
	case rfb.EncodingExtendedDesktopSize:
		v.take(16 * int(v.take(4)[0]))
		if r.Size() != v.screen.Rect.Size() {
			v.screen = rfb.NewImage(image.Rectangle{Max: r.Size()})
		}
	case rfb.EncodingDesktopName:
		v.take(int(be.Uint32(v.take(4))))
	case rfb.EncodingCursor:
		v.take(w*h*int(v.decoder.Format.BitsPerPixel)/8 + mask)
	case encXCursor:
		if w*h > 0 {
			v.take(6 + 2*mask)
		}
	case encCursorAlpha:
		if inner := be.Uint32(v.take(4)); inner != 0 {
			v.Fatalf("a cursor in encoding %d; only Raw is read here", inner)
		}
		v.take(4 * w * h)
	case encVMCursor:
		if kind := v.take(2)[0]; kind == 0 {
			v.take(2 * w * h * int(v.decoder.Format.BitsPerPixel) / 8)
		} else {
			v.take(4 * w * h)
		}
	case encPointerPos, encVMPosition, encQEMUKey, encQEMUPointer, encMouseButtons: // no data
	case encQEMULED:
		v.take(1)
	case encVMLED:
		v.take(4)
	default:
		if err := v.decoder.Decode(v.br, e, r, v.screen); err != nil {
			v.Fatal(err)
		}
	}
}
