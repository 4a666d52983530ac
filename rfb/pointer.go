package rfb

import (
	"bufio"
	"image"
)

const msgPointerEvent byte = 5 // buttons1, x2, y2; with ExtendedMouseButtons and bit 7: buttons 8 and up 1

// extendedButtons is the bit of buttons1 that says that another byte of them follows.
const extendedButtons = 0x80

// PointerEvent is where the pointer is and which buttons are held (RFC 6143 §7.5.5): bit 0 is button 1.
type PointerEvent struct {
	Buttons uint8
	Pos     image.Point
}

// ExtendedPointerEvent is the same with more than seven buttons (rfbproto, Extended Mouse Buttons): bits 7 and 8 are
// back and forward. It is for servers that said with a rectangle of EncodingExtendedMouseButtons that they know it.
type ExtendedPointerEvent struct {
	Buttons uint16
	Pos     image.Point
}

func (m PointerEvent) Append(b []byte) []byte {
	return appendPoint(append(b, msgPointerEvent, m.Buttons), m.Pos)
}

func (m ExtendedPointerEvent) Append(b []byte) []byte {
	b = appendPoint(append(b, msgPointerEvent, byte(m.Buttons)|extendedButtons), m.Pos)
	return append(b, byte(m.Buttons>>7))
}

func readPointerEvent(br *bufio.Reader, extended bool) (ClientMessage, error) {
	b, err := take(br, 5)
	if err != nil {
		return nil, err
	}
	m := PointerEvent{Buttons: b[0], Pos: point(b[1:])}
	if !extended || m.Buttons&extendedButtons == 0 {
		return m, nil
	}
	if b, err = take(br, 1); err != nil {
		return nil, err
	}
	return ExtendedPointerEvent{uint16(m.Buttons&^extendedButtons) | uint16(b[0])<<7, m.Pos}, nil
}

// stillAt is the place of a PointerEvent that does not move a relative pointer (rfbproto, QEMU Pointer Motion Change).
const stillAt = 0x7fff

// Moved is the place in a PointerEvent that moves a relative pointer by d.
func Moved(d image.Point) image.Point {
	return image.Pt(min(max(d.X, -stillAt), stillAt)+stillAt, min(max(d.Y, -stillAt), stillAt)+stillAt)
}

// Motion is by how much a PointerEvent at p moves a relative pointer.
func Motion(p image.Point) image.Point { return p.Sub(image.Pt(stillAt, stillAt)) }

// AppendPointerMotion adds a rectangle that says whether PointerEvents are about places, or about movements.
func AppendPointerMotion(b []byte, relative bool) []byte {
	at := image.Pt(1, 0)
	if relative {
		at = image.Point{}
	}
	return appendHeader(b, image.Rectangle{Min: at, Max: at}, EncodingQEMUPointerMotion)
}

// AppendPointerPos adds a rectangle that says where the pointer is. enc is EncodingPointerPos or
// EncodingVMwareCursorPos.
func AppendPointerPos(b []byte, enc Encoding, at image.Point) []byte {
	return appendHeader(b, image.Rectangle{Min: at, Max: at}, enc)
}
