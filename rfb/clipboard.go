package rfb

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"io"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// MaxClipboard is how long a text may be, in UTF-8, in the extended clipboard: both ends refuse longer ones.
const MaxClipboard = 1 << 20

// On the wire each line feed may be two bytes, what is compressed may have grown a little, and the flags come first.
const (
	maxClipboardText = 2*MaxClipboard + 1
	maxClipboardWire = maxClipboardText + maxClipboardText/1000 + 1024
)

// ClipboardFlags say what a message of the extended clipboard is, or can be, about.
type ClipboardFlags uint32

// The flags of the extended clipboard (rfbproto). Of the formats, text is the only one for us.
const (
	ClipboardText    ClipboardFlags = 1 << 0  // UTF-8, lines end in CR LF, NUL at its end
	ClipboardCaps    ClipboardFlags = 1 << 24 // what the sender can, and a size4 for each format
	ClipboardRequest ClipboardFlags = 1 << 25 // the sender wants these formats
	ClipboardPeek    ClipboardFlags = 1 << 26 // the sender wants to know the formats
	ClipboardNotify  ClipboardFlags = 1 << 27 // the sender has these formats
	ClipboardProvide ClipboardFlags = 1 << 28 // here they are: for each, in zlib, a size4 and the data

	clipboardFormats = 1<<16 - 1
	clipboardActions = ClipboardRequest | ClipboardPeek | ClipboardNotify | ClipboardProvide
)

// unknownCaps is what rfbproto lets the other end assume of those that never send their capabilities.
var unknownCaps = Clipboard{Flags: ClipboardCaps | ClipboardText | ClipboardRequest | ClipboardNotify | ClipboardProvide, MaxText: 20 << 20}

// Clipboard is a message of the extended clipboard: cut text of a negative length, for those who advertised it. Both
// ends send it, in a ClientCutText or a ServerCutText.
type Clipboard struct {
	Flags   ClipboardFlags
	MaxText uint32 // with ClipboardCaps: bytes of text that are welcome without a request
	Text    string // with ClipboardProvide and ClipboardText: lines end in LF
}

func (m Clipboard) Append(b []byte) []byte {
	return m.append(append(b, msgClientCutText, 0, 0, 0))
}

// AppendServerClipboard adds m as the server sends it.
func AppendServerClipboard(b []byte, m Clipboard) []byte {
	return m.append(append(b, msgServerCutText, 0, 0, 0))
}

func (m Clipboard) append(b []byte) []byte {
	at := len(b)
	b = be.AppendUint32(append(b, 0, 0, 0, 0), uint32(m.Flags))
	switch {
	case m.Flags&ClipboardCaps != 0:
		for f := range bits.Len32(uint32(m.Flags & clipboardFormats)) {
			if format := ClipboardFlags(1) << f; format == ClipboardText {
				b = be.AppendUint32(b, m.MaxText)
			} else if m.Flags&format != 0 {
				b = be.AppendUint32(b, 0)
			}
		}
	case m.Flags&ClipboardProvide != 0 && m.Flags&ClipboardText != 0:
		b = appendClipboardText(b, m.Text)
	}
	be.PutUint32(b[at:], uint32(-(len(b) - at - 4)))
	return b
}

// appendClipboardText adds a zlib stream of the size and the text, cut off at MaxClipboard.
func appendClipboardText(b []byte, text string) []byte {
	text = strings.ToValidUTF8(text[:min(len(text), MaxClipboard)], "")
	text, _, _ = strings.Cut(text, "\x00") // ends it for whoever reads it
	wire := be.AppendUint32(nil, 0)
	for line := range strings.Lines(text) {
		if body, whole := strings.CutSuffix(line, "\n"); whole {
			line = strings.TrimRight(body, "\r") + "\r\n"
		}
		wire = append(wire, line...)
	}
	wire = append(wire, 0)
	be.PutUint32(wire, uint32(len(wire)-4))
	out := bytes.NewBuffer(b)
	z := zlib.NewWriter(out)
	z.Write(wire) // into memory
	z.Close()
	return out.Bytes()
}

// readClipboard reads a message of n bytes, whose length has been read; ok is false when it says nothing that we can use.
func readClipboard(br *bufio.Reader, n int64) (m Clipboard, ok bool, err error) {
	if n < 4 || n > maxClipboardWire {
		return m, false, skip(br, n)
	}
	b, err := take(br, 4)
	if err != nil {
		return m, false, err
	}
	m.Flags = ClipboardFlags(be.Uint32(b))
	rest := &io.LimitedReader{R: br, N: n - 4}
	switch {
	case m.Flags&ClipboardCaps != 0:
		ok, err = m.readCaps(br, rest)
	case m.Flags&clipboardActions == ClipboardProvide:
		if ok = m.Flags&ClipboardText != 0; ok {
			m.Text, ok = readClipboardText(rest)
		}
		m.Flags &= ClipboardProvide | ClipboardText
	default: // one action, and which formats it is about
		ok = bits.OnesCount32(uint32(m.Flags&clipboardActions)) == 1
		m.Flags &= clipboardActions | ClipboardText
	}
	if err != nil {
		return m, false, err
	}
	return m, ok, skip(br, rest.N)
}

// readCaps reads the size of text; it is the first of them, for text is the first format.
func (m *Clipboard) readCaps(br *bufio.Reader, rest *io.LimitedReader) (ok bool, err error) {
	m.Flags &= ClipboardCaps | clipboardActions | ClipboardText
	if m.Flags&ClipboardText == 0 {
		return true, nil
	}
	if rest.N < 4 {
		return false, nil
	}
	b, err := take(br, 4)
	if err != nil {
		return false, err
	}
	rest.N -= 4
	m.MaxText = be.Uint32(b)
	return true, nil
}

// readClipboardText unpacks what a provide holds. Nobody ends the zlib stream, so it is read for as long as the text is.
func readClipboardText(r io.Reader) (text string, ok bool) {
	z, err := zlib.NewReader(r)
	if err != nil {
		return "", false
	}
	var size [4]byte
	if _, err := io.ReadFull(z, size[:]); err != nil {
		return "", false
	}
	n := be.Uint32(size[:])
	if n > maxClipboardText {
		return "", false
	}
	var b bytes.Buffer // grows with what is there, not with what is announced
	if copied, _ := io.CopyN(&b, z, int64(n)); copied != int64(n) {
		return "", false
	}
	before, _, _ := bytes.Cut(b.Bytes(), []byte{0})
	wire := lineFeeds(before)
	if !utf8.Valid(wire) {
		wire = bytes.ToValidUTF8(wire, []byte("\ufffd"))
	}
	return string(wire), len(wire) <= MaxClipboard
}

// ClipboardPeer is what one end knows of the other end's extended clipboard, and decides what it is sent. The zero
// value is a peer that has not been heard of: rfbproto says what can be assumed of it.
type ClipboardPeer struct{ caps Clipboard }

// Caps is what we can, the first message to a peer.
func (*ClipboardPeer) Caps() Clipboard {
	return Clipboard{Flags: ClipboardCaps | ClipboardText | clipboardActions, MaxText: MaxClipboard}
}

// Heard takes over what the peer says that it can.
func (p *ClipboardPeer) Heard(caps Clipboard) { p.caps = caps }

func (p *ClipboardPeer) can() Clipboard {
	if p.caps.Flags == 0 {
		return unknownCaps
	}
	return p.caps
}

// Offer is the message that tells the peer of a new text: the text itself where it is welcome, or else that there is
// one. ok is false when the peer understands neither.
func (p *ClipboardPeer) Offer(text string) (m Clipboard, ok bool) {
	can := p.can()
	size := len(text) + strings.Count(text, "\n") + 1
	switch {
	case can.Flags&ClipboardText == 0:
	case text != "" && can.Flags&ClipboardProvide != 0 && uint64(size) <= uint64(can.MaxText):
		return Clipboard{Flags: ClipboardProvide | ClipboardText, Text: text}, true
	case can.Flags&ClipboardNotify != 0:
		return p.Notice(text), true
	}
	return Clipboard{}, false
}

// Notice says whether there is a text.
func (*ClipboardPeer) Notice(text string) Clipboard {
	m := Clipboard{Flags: ClipboardNotify}
	if text != "" {
		m.Flags |= ClipboardText
	}
	return m
}

// Answer is what m, from the peer, wants to hear, with text as ours; ok is false when that is nothing.
func (p *ClipboardPeer) Answer(m Clipboard, text string) (answer Clipboard, ok bool) {
	isText := m.Flags&ClipboardText != 0
	switch m.Flags & clipboardActions {
	case ClipboardPeek:
		return p.Notice(text), p.can().Flags&ClipboardNotify != 0
	case ClipboardNotify:
		return Clipboard{Flags: ClipboardRequest | ClipboardText}, isText && p.can().Flags&ClipboardRequest != 0
	case ClipboardRequest:
		return Clipboard{Flags: ClipboardProvide | ClipboardText, Text: text}, isText && text != ""
	}
	return Clipboard{}, false
}
