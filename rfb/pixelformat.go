package rfb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// PixelFormat says how one pixel lies on the wire (RFC 6143 §7.4). The zero PixelFormat stands for Native
// wherever a format is asked for.
type PixelFormat struct {
	BitsPerPixel, Depth             uint8
	BigEndian, TrueColour           bool
	RedMax, GreenMax, BlueMax       uint16
	RedShift, GreenShift, BlueShift uint8
}

// Native is the format of an Image on a little-endian machine: 32 bits, 0x00RRGGBB, lowest byte first.
var Native = PixelFormat{
	BitsPerPixel: 32, Depth: 24, TrueColour: true,
	RedMax: 255, GreenMax: 255, BlueMax: 255,
	RedShift: 16, GreenShift: 8,
}

// ParsePixelFormat reads the 16 bytes of PIXEL_FORMAT and refuses what cannot be converted to.
func ParsePixelFormat(b *[16]byte) (PixelFormat, error) {
	f := PixelFormat{
		BitsPerPixel: b[0], Depth: b[1], BigEndian: b[2] != 0, TrueColour: b[3] != 0,
		RedMax: binary.BigEndian.Uint16(b[4:]), GreenMax: binary.BigEndian.Uint16(b[6:]), BlueMax: binary.BigEndian.Uint16(b[8:]),
		RedShift: b[10], GreenShift: b[11], BlueShift: b[12],
	}
	return f, f.check()
}

// Append adds the 16 bytes of PIXEL_FORMAT to b.
func (f PixelFormat) Append(b []byte) []byte {
	f = f.orNative()
	b = append(b, f.BitsPerPixel, f.Depth, flag(f.BigEndian), flag(f.TrueColour))
	b = binary.BigEndian.AppendUint16(b, f.RedMax)
	b = binary.BigEndian.AppendUint16(b, f.GreenMax)
	b = binary.BigEndian.AppendUint16(b, f.BlueMax)
	return append(b, f.RedShift, f.GreenShift, f.BlueShift, 0, 0, 0)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func (f PixelFormat) orNative() PixelFormat {
	if f == (PixelFormat{}) {
		return Native
	}
	return f
}

// check says why f cannot be used. Of a colour map only the size counts: its maxima and shifts mean nothing.
func (f PixelFormat) check() error {
	switch f.BitsPerPixel {
	case 8, 16, 32:
	default:
		return fmt.Errorf("pixel format of %d bits per pixel: ask for 8, 16 or 32", f.BitsPerPixel)
	}
	if f.Depth == 0 || f.Depth > f.BitsPerPixel {
		return fmt.Errorf("pixel format of depth %d in %d bits per pixel", f.Depth, f.BitsPerPixel)
	}
	if !f.TrueColour {
		if f.BitsPerPixel != 8 || f.Depth != 8 {
			return fmt.Errorf("colour map of depth %d in %d bits per pixel: ask for depth 8 in 8, or for true colour", f.Depth, f.BitsPerPixel)
		}
		return nil
	}
	var taken uint64
	for _, c := range []struct {
		max   uint16
		shift uint8
	}{{f.RedMax, f.RedShift}, {f.GreenMax, f.GreenShift}, {f.BlueMax, f.BlueShift}} {
		if c.max == 0 || c.max&(c.max+1) != 0 {
			return fmt.Errorf("pixel format with a colour maximum of %d: it must be one less than a power of two", c.max)
		}
		if int(c.shift)+bits.Len16(c.max) > int(f.BitsPerPixel) {
			return fmt.Errorf("pixel format with a colour of maximum %d at bit %d of %d", c.max, c.shift, f.BitsPerPixel)
		}
		mask := uint64(c.max) << c.shift
		if taken&mask != 0 {
			return errors.New("pixel format whose colours overlap")
		}
		taken |= mask
	}
	return nil
}

// bytes returns the size of a pixel on the wire: 1, 2 or 4.
func (f PixelFormat) bytes() int { return int(f.BitsPerPixel) / 8 }

// is888 tells whether the format holds 8 bits of each colour, so that nothing of an Image is lost.
func (f PixelFormat) is888() bool {
	return f.TrueColour && f.BitsPerPixel == 32 && f.RedMax == 255 && f.GreenMax == 255 && f.BlueMax == 255
}

// tpixel tells whether Tight sends pixels as three bytes red, green, blue (rfbproto, Tight encoding).
func (f PixelFormat) tpixel() bool { return f.is888() && f.Depth == 24 }

// cpixel returns how many bytes ZRLE sends of a pixel and how many low wire bytes come before them (RFC 6143 §7.7.5):
// three when the colours fit into the upper or the lower three, else all.
func (f PixelFormat) cpixel() (size, skip int) {
	if !f.TrueColour || f.BitsPerPixel != 32 || f.Depth > 24 {
		return f.bytes(), 0
	}
	mask := uint32(f.RedMax)<<f.RedShift | uint32(f.GreenMax)<<f.GreenShift | uint32(f.BlueMax)<<f.BlueShift
	switch {
	case mask>>24 == 0: // least significant three bytes; big-endian sends the empty one first
		return 3, int(flag(f.BigEndian))
	case mask&0xff == 0: // most significant three
		return 3, int(flag(!f.BigEndian))
	}
	return 4, 0
}

// The server's colour map: a 6x6x6 cube, red slowest, then greys between the cube's.
const (
	cubeSide  = 6
	cubeGreys = 256 - cubeSide*cubeSide*cubeSide
)

// ColourMap returns the 256 colours, as 0x00RRGGBB, that a pixel means to a viewer without true colour.
// The server sends it as SetColourMapEntries and never changes it.
func ColourMap() [256]uint32 {
	var m [256]uint32
	const step = 255 / (cubeSide - 1)
	for i := range uint32(256 - cubeGreys) {
		m[i] = i/36*step<<16 | i/6%6*step<<8 | i%6*step
	}
	for i := range uint32(cubeGreys) {
		m[256-cubeGreys+i] = (2*i + 1) * 255 / (2 * cubeGreys) * 0x010101
	}
	return m
}
