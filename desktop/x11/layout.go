//go:build linux

package x11

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/jezek/xgb/xproto"
)

// layout is how the server lays out the pixels of an image of the root window (X protocol, §8 "Image format").
type layout struct {
	order            binary.ByteOrder
	bitsPerPixel     int // 8, 16, 24 or 32
	rowBits          int // rows are padded to a multiple of it
	red, green, blue channel
	native           bool // 0x??RRGGBB in the byte order of this machine: nothing to convert
}

// channel is where a colour is in a pixel, and what its values are in 8 bits.
type channel struct {
	shift int
	max   uint32
	in8   []uint32
}

func channelOf(mask uint32) channel {
	c := channel{shift: bits.TrailingZeros32(mask)}
	c.max = mask >> c.shift
	for v := range c.max + 1 {
		c.in8 = append(c.in8, (v*255+c.max/2)/c.max)
	}
	return c
}

func (c *channel) of(pixel uint32) uint32 { return c.in8[pixel>>c.shift&c.max] }

// imageLayout finds the layout of the root window's images.
func (c *connection) imageLayout() (layout, error) {
	visual, ok := c.visual(c.screen.RootVisual)
	colour := visual.Class == xproto.VisualClassTrueColor || visual.Class == xproto.VisualClassDirectColor
	if !ok || !colour || visual.RedMask == 0 || visual.GreenMask == 0 || visual.BlueMask == 0 {
		return layout{}, fmt.Errorf("the X screen at %s has %d bits a pixel with a colour map: set it to 16 or 24 bits true colour", c.display, c.screen.RootDepth)
	}
	l := layout{
		order: binary.LittleEndian,
		red:   channelOf(visual.RedMask), green: channelOf(visual.GreenMask), blue: channelOf(visual.BlueMask),
	}
	if c.setup.ImageByteOrder == xproto.ImageOrderMSBFirst {
		l.order = binary.BigEndian
	}
	for _, f := range c.setup.PixmapFormats {
		if f.Depth == c.screen.RootDepth {
			l.bitsPerPixel, l.rowBits = int(f.BitsPerPixel), int(f.ScanlinePad)
		}
	}
	if l.bitsPerPixel < 8 || l.bitsPerPixel%8 != 0 || l.bitsPerPixel > 32 {
		return layout{}, fmt.Errorf("the X screen at %s has %d bits a pixel: set it to 16 or 24 bits true colour", c.display, l.bitsPerPixel)
	}
	ours := binary.NativeEndian.Uint16([]byte{1, 0}) == l.order.Uint16([]byte{1, 0})
	l.native = ours && l.bitsPerPixel == 32 && visual.RedMask == 0xff0000 && visual.GreenMask == 0xff00 && visual.BlueMask == 0xff
	return l, nil
}

func (c *connection) visual(id xproto.Visualid) (xproto.VisualInfo, bool) {
	for _, depth := range c.screen.AllowedDepths {
		for _, v := range depth.Visuals {
			if v.VisualId == id {
				return v, true
			}
		}
	}
	return xproto.VisualInfo{}, false
}

// stride is how many bytes a row of width pixels takes.
func (l *layout) stride(width int) int {
	return (width*l.bitsPerPixel + l.rowBits - 1) / l.rowBits * l.rowBits / 8
}

// pixels gives the pixels of an image of width by height, its data starting at a multiple of 4 in memory. They are the data
// itself where the layout is native, else a copy in scratch; its rows then follow one another without padding.
func (l *layout) pixels(data []byte, width, height int, scratch []uint32) []uint32 {
	if l.native {
		return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(data))), width*height)
	}
	pix := scratch[:width*height]
	stride, size := l.stride(width), l.bitsPerPixel/8
	for y := range height {
		row := data[y*stride:][:width*size]
		l.convert(pix[y*width:][:width], row, size)
	}
	return pix
}

// convert converts a row of pixels of size bytes each. Speed costs a case for each size.
func (l *layout) convert(dst []uint32, row []byte, size int) {
	var pixel uint32
	for x := range dst {
		switch b := row[x*size:]; size {
		case 1:
			pixel = uint32(b[0])
		case 2:
			pixel = uint32(l.order.Uint16(b))
		case 3:
			pixel = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
			if l.order == binary.BigEndian {
				pixel = bits.ReverseBytes32(pixel) >> 8
			}
		case 4:
			pixel = l.order.Uint32(b)
		}
		dst[x] = l.red.of(pixel)<<16 | l.green.of(pixel)<<8 | l.blue.of(pixel)
	}
}
