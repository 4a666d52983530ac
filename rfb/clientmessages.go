package rfb

import (
	"bufio"
	"fmt"
	"image"
	"io"
	"slices"
)

// Messages of the client (RFC 6143 §7.5; SetDesktopSize: rfbproto).
const (
	msgSetPixelFormat           byte = 0   // padding3, format16
	msgSetEncodings             byte = 2   // padding1, count2, encodings of 4
	msgFramebufferUpdateRequest byte = 3   // incremental1, x2, y2, w2, h2
	msgClientCutText            byte = 6   // padding3, length4, Latin-1; below 0: -length4, flags4, data
	msgSetDesktopSize           byte = 251 // padding1, w2, h2, count1, padding1, screens of 16
)

// What the other end may ask us to keep. Longer cut text and further encodings are read and forgotten.
const (
	maxCutText   = 256 << 10
	maxEncodings = 1024
)

// ClientMessage is one message of a client.
type ClientMessage interface {
	Append(b []byte) []byte // adds the message as it goes over the wire
}

// SetPixelFormat asks for pixels in another format from now on.
type SetPixelFormat struct{ Format PixelFormat }

// SetEncodings lists what the client can decode, the best first, and its pseudo-encodings.
type SetEncodings []Encoding

// FramebufferUpdateRequest asks for what changed in Rect or, when not incremental, for all of Rect.
type FramebufferUpdateRequest struct {
	Incremental bool
	Rect        image.Rectangle
}

// ClientCutText is what was copied on the client's side, in UTF-8. On the wire it is Latin-1.
type ClientCutText string

// SetDesktopSize asks for another size of the framebuffer and another layout of its screens.
type SetDesktopSize struct {
	Size    image.Point
	Screens []Screen
}

// Screen is a monitor's place in the framebuffer (rfbproto, ExtendedDesktopSize).
type Screen struct {
	ID    uint32
	Rect  image.Rectangle
	Flags uint32
}

const screenLen = 16

func (m SetPixelFormat) Append(b []byte) []byte {
	return m.Format.Append(append(b, msgSetPixelFormat, 0, 0, 0))
}

func (m SetEncodings) Append(b []byte) []byte {
	b = be.AppendUint16(append(b, msgSetEncodings, 0), uint16(len(m)))
	for _, e := range m {
		b = be.AppendUint32(b, uint32(e))
	}
	return b
}

func (m FramebufferUpdateRequest) Append(b []byte) []byte {
	return appendRectangle(append(b, msgFramebufferUpdateRequest, flag(m.Incremental)), m.Rect)
}

func (m ClientCutText) Append(b []byte) []byte {
	return appendCutText(append(b, msgClientCutText, 0, 0, 0), string(m))
}

func (m SetDesktopSize) Append(b []byte) []byte {
	b = appendPoint(append(b, msgSetDesktopSize, 0), m.Size)
	return appendScreens(b, m.Screens, 1)
}

// ClientReader reads what a client says.
type ClientReader struct {
	br      *bufio.Reader
	buttons bool // the client knows ExtendedMouseButtons
}

// NewClientReader reads from r, with a buffer of its own.
func NewClientReader(r io.Reader) *ClientReader { return &ClientReader{br: bufio.NewReader(r)} }

// Next reads the client's next message. What is too long to be kept, or of no use to any server, is skipped: cut text,
// fences, scaling. The error is io.EOF when the client left between two messages.
func (r *ClientReader) Next() (ClientMessage, error) {
	for {
		kind, err := r.br.ReadByte()
		if err != nil {
			return nil, err
		}
		m, err := r.read(kind)
		if err != nil {
			return nil, fmt.Errorf("client message %d: %w", kind, err)
		}
		if list, ok := m.(SetEncodings); ok {
			r.buttons = slices.Contains(list, EncodingExtendedMouseButtons)
		}
		if m != nil {
			return m, nil
		}
	}
}

// read returns nil for a message that was skipped.
func (r *ClientReader) read(kind byte) (ClientMessage, error) {
	br := r.br
	switch kind {
	case msgSetPixelFormat:
		b, err := take(br, 19)
		if err != nil {
			return nil, err
		}
		f, err := ParsePixelFormat((*[16]byte)(b[3:]))
		return SetPixelFormat{f}, err
	case msgSetEncodings:
		return readSetEncodings(br)
	case msgFramebufferUpdateRequest:
		b, err := take(br, 9)
		if err != nil {
			return nil, err
		}
		return FramebufferUpdateRequest{Incremental: b[0] != 0, Rect: rectangle(b[1:])}, nil
	case msgKeyEvent:
		b, err := take(br, 7)
		if err != nil {
			return nil, err
		}
		return KeyEvent{Down: b[0] != 0, Keysym: be.Uint32(b[3:])}, nil
	case msgQEMU:
		return readKeyCodeEvent(br)
	case msgPointerEvent:
		return readPointerEvent(br, r.buttons)
	case msgClientCutText:
		switch text, clipboard, err := readCutText(br); {
		case text != nil:
			return ClientCutText(*text), err
		case clipboard != nil:
			return *clipboard, err
		default:
			return nil, err
		}
	case msgSetDesktopSize:
		return readSetDesktopSize(br)
	case msgFence:
		m, ok, err := readFence(br)
		if err != nil || !ok {
			return nil, err
		}
		return m, nil
	case msgContinuousUpdates:
		b, err := take(br, 9)
		if err != nil {
			return nil, err
		}
		return EnableContinuousUpdates{On: b[0] != 0, Rect: rectangle(b[1:])}, nil
	case msgXVP:
		return readPower(br)
	case msgTextChat:
		return readTextChat(br)
	case msgSetScale, msgPalmSetScale, msgSetServerInput:
		return nil, skip(br, 3)
	case msgSetSW:
		return nil, skip(br, 5)
	case msgFileTransfer:
		return nil, errFileTransfer
	}
	return nil, fmt.Errorf("it is not in RFC 6143 and was not offered: the viewer has lost its place or speaks another protocol")
}

func readSetEncodings(br *bufio.Reader) (ClientMessage, error) {
	b, err := take(br, 3)
	if err != nil {
		return nil, err
	}
	count := int(be.Uint16(b[1:]))
	kept := min(count, maxEncodings)
	m := make(SetEncodings, kept)
	for i := range m {
		b, err := take(br, 4)
		if err != nil {
			return nil, err
		}
		m[i] = Encoding(be.Uint32(b))
	}
	return m, skip(br, 4*int64(count-kept))
}

func readSetDesktopSize(br *bufio.Reader) (ClientMessage, error) {
	b, err := take(br, 5)
	if err != nil {
		return nil, err
	}
	m := SetDesktopSize{Size: point(b[1:])}
	m.Screens, err = readScreens(br, 1)
	return m, err
}

// readCutText reads a cut text after its kind: plain text, a message of the extended clipboard, or neither when it is
// of no use.
func readCutText(br *bufio.Reader) (text *string, clipboard *Clipboard, err error) {
	b, err := take(br, 7)
	if err != nil {
		return nil, nil, err
	}
	n := int64(int32(be.Uint32(b[3:])))
	if n < 0 {
		m, ok, err := readClipboard(br, -n)
		if err != nil || !ok {
			return nil, nil, err
		}
		return nil, &m, nil
	}
	if n > maxCutText {
		return nil, nil, skip(br, n)
	}
	b = make([]byte, n)
	if err := readFull(br, b); err != nil {
		return nil, nil, err
	}
	return new(fromLatin1(b)), nil, nil
}

// appendCutText adds the length and the text of a cut text, cut off at what the other end will keep.
func appendCutText(b []byte, text string) []byte {
	at := len(b)
	b = appendLatin1(append(b, 0, 0, 0, 0), text)
	b = b[:min(len(b), at+4+maxCutText)]
	be.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// readScreens reads a count, padding and that many screens.
func readScreens(br *bufio.Reader, padding int) ([]Screen, error) {
	b, err := take(br, 1+padding)
	if err != nil {
		return nil, err
	}
	screens := make([]Screen, b[0])
	for i := range screens {
		b, err := take(br, screenLen)
		if err != nil {
			return nil, err
		}
		screens[i] = Screen{ID: be.Uint32(b), Rect: rectangle(b[4:]), Flags: be.Uint32(b[12:])}
	}
	return screens, nil
}

func appendScreens(b []byte, screens []Screen, padding int) []byte {
	screens = screens[:min(len(screens), 255)]
	b = append(b, byte(len(screens)))
	b = append(b, make([]byte, padding)...)
	for _, s := range screens {
		b = be.AppendUint32(b, s.ID)
		b = appendRectangle(b, s.Rect)
		b = be.AppendUint32(b, s.Flags)
	}
	return b
}

func appendPoint(b []byte, p image.Point) []byte {
	return be.AppendUint16(be.AppendUint16(b, uint16(p.X)), uint16(p.Y))
}

func point(b []byte) image.Point {
	return image.Pt(int(be.Uint16(b)), int(be.Uint16(b[2:])))
}

func appendRectangle(b []byte, r image.Rectangle) []byte {
	return appendPoint(appendPoint(b, r.Min), r.Size())
}

func rectangle(b []byte) image.Rectangle {
	p := point(b)
	return image.Rectangle{Min: p, Max: p.Add(point(b[4:]))}
}

// take reads n bytes, which are valid until br is used again.
func take(br *bufio.Reader, n int) ([]byte, error) {
	b, err := br.Peek(n)
	br.Discard(len(b))
	return b, cutShort(err)
}

func readFull(br *bufio.Reader, b []byte) error {
	_, err := io.ReadFull(br, b)
	return cutShort(err)
}

func skip(br *bufio.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, br, n)
	return cutShort(err)
}

// cutShort turns the end of the connection into an error: it came in the middle of something.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
