package rfb

import (
	"encoding/binary"
	"math/bits"
)

// A wire pixel is a number whose lowest bytes, least significant first, are the pixel's bytes on the wire.
// Encoders convert rows to wire pixels once and then need to know no more of the format than its size.

// packer converts pixels of an Image to wire pixels of one format.
type packer struct {
	format           PixelFormat
	size             int // bytes on the wire
	order            byteOrder
	red, green, blue [256]uint32 // of a colour's value: its part of the wire pixel; parts are added
	grey             [256]uint32 // without true colour: wire pixels of greys
}

// byteOrder names the ways to convert between 0x00RRGGBB and a wire pixel, by the bytes' order on the wire.
type byteOrder uint8

const (
	byTable byteOrder = iota
	orderBGRX
	orderRGBX
	orderXRGB
	orderXBGR
)

func (f PixelFormat) order() byteOrder {
	if !f.is888() || f.RedShift%8|f.GreenShift%8|f.BlueShift%8 != 0 {
		return byTable
	}
	shifts := [3]uint8{f.RedShift, f.GreenShift, f.BlueShift}
	if f.BigEndian {
		shifts = [3]uint8{24 - f.RedShift, 24 - f.GreenShift, 24 - f.BlueShift}
	}
	switch shifts {
	case [3]uint8{16, 8, 0}:
		return orderBGRX
	case [3]uint8{0, 8, 16}:
		return orderRGBX
	case [3]uint8{8, 16, 24}:
		return orderXRGB
	case [3]uint8{24, 16, 8}:
		return orderXBGR
	}
	return byTable
}

// use prepares p for f; it costs nothing when f is the format of the last call.
func (p *packer) use(f PixelFormat) {
	f = f.orNative()
	if p.format == f {
		return
	}
	p.format, p.size, p.order = f, f.bytes(), f.order()
	switch {
	case p.order != byTable:
	case !f.TrueColour:
		for v := range uint32(256) {
			level := (v*(cubeSide-1) + 127) / 255
			p.red[v], p.green[v], p.blue[v] = level*36, level*6, level
			p.grey[v] = nearestGrey(v)
		}
	default:
		for v := range uint32(256) {
			p.red[v] = f.onWire(scale(v, 255, uint32(f.RedMax)) << f.RedShift)
			p.green[v] = f.onWire(scale(v, 255, uint32(f.GreenMax)) << f.GreenShift)
			p.blue[v] = f.onWire(scale(v, 255, uint32(f.BlueMax)) << f.BlueShift)
		}
	}
}

// scale converts v out of from to the nearest out of to.
func scale(v, from, to uint32) uint32 { return (v*to + from/2) / from }

// onWire puts the bytes of a pixel value into wire order, and back.
func (f PixelFormat) onWire(v uint32) uint32 {
	if f.BigEndian {
		return bits.ReverseBytes32(v) >> (32 - f.BitsPerPixel)
	}
	return v
}

// nearestGrey returns the index of the colour map's grey nearest to v.
func nearestGrey(v uint32) uint32 {
	var best uint32
	nearest := uint32(256)
	for i, c := range ColourMap() {
		if level := c & 0xff; c == level*0x010101 {
			if d := max(level, v) - min(level, v); d < nearest {
				best, nearest = uint32(i), d
			}
		}
	}
	return best
}

// row returns src as wire pixels: src itself when nothing is to be done, else dst, which must be as long.
func (p *packer) row(dst, src []uint32) []uint32 {
	dst = dst[:len(src)]
	switch {
	case p.order == orderBGRX:
		return src
	case p.order == orderRGBX:
		for i, v := range src {
			dst[i] = bits.ReverseBytes32(v) >> 8
		}
	case p.order == orderXRGB:
		for i, v := range src {
			dst[i] = bits.ReverseBytes32(v)
		}
	case p.order == orderXBGR:
		for i, v := range src {
			dst[i] = v << 8
		}
	case p.format.TrueColour:
		for i, v := range src {
			dst[i] = p.red[v>>16&0xff] + p.green[v>>8&0xff] + p.blue[v&0xff]
		}
	default:
		for i, v := range src {
			if v == v&0xff*0x010101 {
				dst[i] = p.grey[v&0xff]
			} else {
				dst[i] = p.red[v>>16&0xff] + p.green[v>>8&0xff] + p.blue[v&0xff]
			}
		}
	}
	return dst
}

// appendPixels adds wire pixels of size bytes to dst, leaving out the skip lowest bytes of each.
func appendPixels(dst []byte, px []uint32, size, skip int) []byte {
	n := len(dst)
	dst = extend(dst, len(px)*size)
	out := dst[n:]
	switch size {
	case 1:
		for i, v := range px {
			out[i] = byte(v)
		}
	case 2:
		for i, v := range px {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(v))
		}
	case 3:
		if len(px) == 0 {
			break
		}
		shift, last := 8*skip, len(px)-1
		for _, v := range px[:last] { // each store writes one byte too many, which the next one mends
			binary.LittleEndian.PutUint32(out, v>>shift)
			out = out[3:]
		}
		v := px[last] >> shift
		out[0], out[1], out[2] = byte(v), byte(v>>8), byte(v>>16)
	case 4:
		for i, v := range px {
			binary.LittleEndian.PutUint32(out[4*i:], v)
		}
	}
	return dst
}

// appendRGB adds pixels of an Image to dst as three bytes each, red first: TPIXEL.
func appendRGB(dst []byte, px []uint32) []byte {
	if len(px) == 0 {
		return dst
	}
	n, last := len(dst), len(px)-1
	dst = extend(dst, len(px)*3)
	out := dst[n:]
	for _, v := range px[:last] {
		binary.BigEndian.PutUint32(out, v<<8)
		out = out[3:]
	}
	v := px[last]
	out[0], out[1], out[2] = byte(v>>16), byte(v>>8), byte(v)
	return dst
}

// extend returns dst longer by n bytes of any content.
func extend(dst []byte, n int) []byte {
	if need := len(dst) + n; need <= cap(dst) {
		return dst[:need]
	}
	grown := make([]byte, len(dst)+n, (len(dst)+n)*5/4+4096)
	copy(grown, dst)
	return grown
}

// unpacker converts wire pixels of one format to pixels of an Image.
type unpacker struct {
	format  PixelFormat
	size    int
	order   byteOrder
	table   []uint32    // of 8 and 16 bits: the pixel of each wire pixel
	colours [256]uint32 // the server's colour map, which table follows
}

// use prepares u for f and, when f has no true colour, for the colour map; it costs little when both are as before.
func (u *unpacker) use(f PixelFormat, colours *[256]uint32) {
	f = f.orNative()
	if u.format == f && (f.TrueColour || u.colours == *colours) {
		return
	}
	u.format, u.size, u.order = f, f.bytes(), f.order()
	u.colours = *colours
	u.table = nil
	switch {
	case !f.TrueColour:
		u.table = u.colours[:]
	case f.BitsPerPixel < 32:
		u.table = make([]uint32, 1<<f.BitsPerPixel)
		red, green, blue := levels(f.RedMax), levels(f.GreenMax), levels(f.BlueMax)
		for wire := range u.table {
			v := f.onWire(uint32(wire))
			u.table[wire] = red[v>>f.RedShift&uint32(f.RedMax)]<<16 | green[v>>f.GreenShift&uint32(f.GreenMax)]<<8 |
				blue[v>>f.BlueShift&uint32(f.BlueMax)]
		}
	}
}

// levels returns what the values of a colour with that maximum are of 255.
func levels(most uint16) []uint32 {
	l := make([]uint32, int(most)+1)
	for v := range l {
		l[v] = scale(uint32(v), uint32(most), 255)
	}
	return l
}

// pixel returns what a wire pixel of true colour means, whatever the format.
func (f PixelFormat) pixel(wire uint32) uint32 {
	v := f.onWire(wire)
	red := scale(v>>f.RedShift&uint32(f.RedMax), uint32(f.RedMax), 255)
	green := scale(v>>f.GreenShift&uint32(f.GreenMax), uint32(f.GreenMax), 255)
	blue := scale(v>>f.BlueShift&uint32(f.BlueMax), uint32(f.BlueMax), 255)
	return red<<16 | green<<8 | blue
}

// row sets dst from wire pixels of size bytes, above which skip lowest bytes were left out.
func (u *unpacker) row(dst []uint32, src []byte, size, skip int) {
	switch size {
	case 1:
		table := (*[256]uint32)(u.table)
		for i, v := range src[:len(dst)] {
			dst[i] = table[v]
		}
		return
	case 2:
		table := (*[1 << 16]uint32)(u.table)
		for i := range dst {
			dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
		}
		return
	case 3:
		src = src[:3*len(dst)]
		for i := range dst {
			dst[i] = (uint32(src[3*i]) | uint32(src[3*i+1])<<8 | uint32(src[3*i+2])<<16) << (8 * skip)
		}
	default:
		for i := range dst {
			dst[i] = binary.LittleEndian.Uint32(src[4*i:])
		}
	}
	switch u.order {
	case orderBGRX:
		for i, v := range dst {
			dst[i] = v & 0xffffff
		}
	case orderRGBX:
		for i, v := range dst {
			dst[i] = bits.ReverseBytes32(v << 8)
		}
	case orderXRGB:
		for i, v := range dst {
			dst[i] = bits.ReverseBytes32(v) & 0xffffff
		}
	case orderXBGR:
		for i, v := range dst {
			dst[i] = v >> 8
		}
	default:
		for i, v := range dst {
			dst[i] = u.format.pixel(v)
		}
	}
}

// rgb sets dst from three bytes each, red first.
func rgb(dst []uint32, src []byte) {
	src = src[:3*len(dst)]
	for i := range dst {
		dst[i] = uint32(src[3*i])<<16 | uint32(src[3*i+1])<<8 | uint32(src[3*i+2])
	}
}

// greys sets dst to how bright the pixels of src are, as JPEG has it.
func greys(dst, src []uint32) {
	for i, v := range src {
		dst[i] = ((v>>16&0xff)*19595 + (v>>8&0xff)*38470 + (v&0xff)*7471 + 1<<15) >> 16 * 0x010101
	}
}
