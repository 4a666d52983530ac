package rfb

import (
	"bufio"
	"errors"
	"fmt"
)

// Messages of UltraVNC's viewer, which it sends to servers that never said that they know them. Those to scale the
// screen (8, and PalmVNC's 15), to block the server's input (9) and to show a single window (10) are read and forgotten.
const (
	msgFileTransfer   byte = 7  // kind1, parameter2, size4, length4, data
	msgSetScale       byte = 8  // factor1, padding2
	msgSetServerInput byte = 9  // blocked1, padding2
	msgSetSW          byte = 10 // status1, x2, y2
	msgTextChat       byte = 11 // padding3, length4, text; of both ends
	msgPalmSetScale   byte = 15 // factor1, padding2
)

// maxChat is the longest text of a chat, as UltraVNC sends it.
const maxChat = 4096

// ChatState is what a TextChat says besides text. The numbers are lengths that no text has.
type ChatState int32

// The states of a chat.
const (
	ChatText     ChatState = 0
	ChatOpen     ChatState = -1
	ChatClose    ChatState = -2
	ChatFinished ChatState = -3
)

// TextChat is a message of UltraVNC's chat: a text, in UTF-8 here and in Latin-1 on the wire, or the chat's state.
type TextChat struct {
	State ChatState
	Text  string // with ChatText
}

// Append adds the message as both ends send it. A text is cut off at 4096 characters.
func (m TextChat) Append(b []byte) []byte {
	b = append(b, msgTextChat, 0, 0, 0)
	at := len(b)
	b = be.AppendUint32(b, uint32(m.State))
	if m.State != ChatText {
		return b
	}
	b = appendLatin1(b, m.Text)
	b = b[:min(len(b), at+4+maxChat)]
	be.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

func readTextChat(br *bufio.Reader) (ClientMessage, error) {
	b, err := take(br, 7)
	if err != nil {
		return nil, err
	}
	n := int32(be.Uint32(b[3:]))
	switch state := ChatState(n); {
	case state == ChatOpen, state == ChatClose, state == ChatFinished:
		return TextChat{State: state}, nil
	case n < 0 || n > maxChat:
		return nil, fmt.Errorf("a chat's text of %d bytes: %d are the limit", uint32(n), maxChat)
	}
	text := make([]byte, n)
	if err := readFull(br, text); err != nil {
		return nil, err
	}
	return TextChat{Text: fromLatin1(text)}, nil
}

var errFileTransfer = errors.New("UltraVNC's file transfer was not offered: files go another way")
