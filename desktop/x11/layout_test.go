//go:build linux

package x11

import (
	"encoding/binary"
	"slices"
	"testing"
)

// Layouts that no Xvfb has.
func TestForeignLayouts(t *testing.T) {
	of := func(order binary.ByteOrder, bitsPerPixel, rowBits int, red, green, blue uint32) layout {
		return layout{order, bitsPerPixel, rowBits, channelOf(red), channelOf(green), channelOf(blue), false}
	}
	for _, tt := range []struct {
		name   string
		layout layout
		data   []byte // two rows of three pixels
		want   []uint32
	}{
		{"BGR", of(binary.LittleEndian, 32, 32, 0xff, 0xff00, 0xff0000),
			[]byte{1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0, 13, 14, 15, 0, 16, 17, 18, 0},
			[]uint32{0x010203, 0x040506, 0x070809, 0x0a0b0c, 0x0d0e0f, 0x101112}},
		{"big-endian", of(binary.BigEndian, 32, 32, 0xff0000, 0xff00, 0xff),
			[]byte{0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 10, 11, 12, 0, 13, 14, 15, 0, 16, 17, 18},
			[]uint32{0x010203, 0x040506, 0x070809, 0x0a0b0c, 0x0d0e0f, 0x101112}},
		{"three bytes, rows of twelve", of(binary.LittleEndian, 24, 32, 0xff0000, 0xff00, 0xff),
			[]byte{3, 2, 1, 6, 5, 4, 9, 8, 7, 0, 0, 0, 12, 11, 10, 15, 14, 13, 18, 17, 16, 0, 0, 0},
			[]uint32{0x010203, 0x040506, 0x070809, 0x0a0b0c, 0x0d0e0f, 0x101112}},
		{"three bytes, big-endian", of(binary.BigEndian, 24, 8, 0xff0000, 0xff00, 0xff),
			[]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18},
			[]uint32{0x010203, 0x040506, 0x070809, 0x0a0b0c, 0x0d0e0f, 0x101112}},
		{"ten bits a colour", of(binary.LittleEndian, 32, 32, 0x3ff00000, 0xffc00, 0x3ff),
			words(binary.LittleEndian, 0x3ff00000, 0xffc00, 0x3ff, 0x3fffffff, 0, 0x200<<20|0x100<<10|0x80),
			[]uint32{0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0, 0x804020}},
		{"fifteen bits, big-endian", of(binary.BigEndian, 16, 32, 0x7c00, 0x3e0, 0x1f),
			[]byte{0x7c, 0, 0x03, 0xe0, 0, 0x1f, 0, 0, 0x7f, 0xff, 0, 0, 0x40, 0x10, 0, 0},
			[]uint32{0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0, 0x840084}},
		{"eight bits", of(binary.LittleEndian, 8, 32, 0x07, 0x38, 0xc0),
			[]byte{0x07, 0x38, 0xc0, 0, 0xff, 0, 0x49, 0},
			[]uint32{0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0, 0x242455}},
	} {
		got := tt.layout.pixels(tt.data, 3, 2, make([]uint32, 6))
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %06x, want %06x", tt.name, got, tt.want)
		}
	}
}

func words(order binary.AppendByteOrder, pixels ...uint32) (b []byte) {
	for _, p := range pixels {
		b = order.AppendUint32(b, p)
	}
	return b
}
