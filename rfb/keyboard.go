package rfb

import (
	"bufio"
	"errors"
	"image"
)

// Messages of the keyboard.
const (
	msgKeyEvent byte = 4   // down1, padding2, keysym4
	msgQEMU     byte = 255 // kind1; of the extended key event: down2, keysym4, keycode4
)

const qemuKey byte = 0 // the kind of message 255 that is an extended key event

// KeyEvent is a key of an X11 keysym going down or up (RFC 6143 §7.5.4).
type KeyEvent struct {
	Down   bool
	Keysym uint32
}

// KeyCodeEvent is QEMU's extended key event (rfbproto): Code is the key's XT scancode, with bit 7 for the prefix 0xe0,
// and 0 when it is not known; Keysym is what it means on the client's keyboard, 0 when that is not known. A server that
// understands it says so with a rectangle of EncodingQEMUKey.
type KeyCodeEvent struct {
	Down         bool
	Keysym, Code uint32
}

func (m KeyEvent) Append(b []byte) []byte {
	return be.AppendUint32(append(b, msgKeyEvent, flag(m.Down), 0, 0), m.Keysym)
}

func (m KeyCodeEvent) Append(b []byte) []byte {
	b = append(b, msgQEMU, qemuKey, 0, flag(m.Down))
	return be.AppendUint32(be.AppendUint32(b, m.Keysym), m.Code)
}

var errQEMU = errors.New("QEMU's audio, or something newer, was not offered")

func readKeyCodeEvent(br *bufio.Reader) (ClientMessage, error) {
	b, err := take(br, 11)
	if err != nil {
		return nil, err
	}
	if b[0] != qemuKey {
		return nil, errQEMU
	}
	return KeyCodeEvent{Down: b[1]|b[2] != 0, Keysym: be.Uint32(b[3:]), Code: be.Uint32(b[7:])}, nil
}

// AppendNotice adds an empty rectangle of enc: EncodingQEMUKey and EncodingExtendedMouseButtons tell a client with it
// that it may use the messages of that extension.
func AppendNotice(b []byte, enc Encoding) []byte { return appendHeader(b, image.Rectangle{}, enc) }

// AppendLEDs adds a rectangle with the keyboard's lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. enc is
// EncodingQEMULED or EncodingVMwareLED.
func AppendLEDs(b []byte, enc Encoding, leds int) []byte {
	b = appendHeader(b, image.Rectangle{}, enc)
	if enc == EncodingVMwareLED {
		return be.AppendUint32(b, uint32(leds))
	}
	return append(b, byte(leds))
}

// lights are the bits of LEDs that mean something.
const lights = 7

// readLEDs reads the data of such a rectangle.
func readLEDs(br *bufio.Reader, enc Encoding) (int, error) {
	if enc == EncodingVMwareLED {
		b, err := take(br, 4)
		if err != nil {
			return 0, err
		}
		return int(be.Uint32(b) & lights), nil
	}
	b, err := take(br, 1)
	if err != nil {
		return 0, err
	}
	return int(b[0] & lights), nil
}
