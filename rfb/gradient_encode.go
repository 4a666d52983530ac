package rfb

import (
	"encoding/binary"
	"slices"
)

// The gradient filter takes from each pixel what the ones to the left, above and above left foretell (rfbproto, Tight
// encoding). Of a photo that leaves small numbers, which Huffman codes then halve.

// Gradient tells whether the viewer is one that decodes the filter. It is in the specification and nobody sent it for
// years, so that several, such as noVNC before 1.5, fail at it. TigerVNC's, TightVNC's, TurboVNC's, gtk-vnc and what
// was made of the first VNC viewer decode it: they all take cursors of two colours, which the others do not. The
// viewers made with libvncclient ask for its own messages, and noVNC for more mouse buttons since 1.6.
func (m SetEncodings) Gradient() bool {
	return slices.Contains(m, EncodingXCursor) || slices.Contains(m, encodingSupportedMessages) ||
		slices.Contains(m, EncodingTightPNG) && slices.Contains(m, encodingExtendedMouseButtons) ||
		slices.Contains(m, EncodingGradient)
}

// What tells viewers apart, and we have no use for otherwise.
const (
	encodingExtendedMouseButtons Encoding = -316
	encodingSupportedMessages    Encoding = -0x20000 + 1
)

// Four lanes of 16 bits hold a pixel's red, green and blue.
const (
	laneOnes  = 0x0000_0001_0001_0001
	laneBytes = laneOnes * 0xff
	laneBias  = laneOnes * 0x100
)

func lanes(px uint32) uint64 {
	v := uint64(px)
	return v&0xff | v&0xff00<<8 | v&0xff0000<<16
}

// appendGradient adds a row of pixels of an Image, three bytes each, red first, as differences from what above foretells:
// the row before, or zeros.
//
// All three colours of a pixel are computed at once: left+above-corner lies from -255 to 510, so that with a bias of 256
// bit 8 is set where it needs no cut below and bit 9 where it is above 255.
func appendGradient(dst []byte, row, above []uint32) []byte {
	n := len(dst)
	dst = extend(dst, len(row)*3+1) // each store writes one byte too many
	out := dst[n:]
	above = above[:len(row)]
	var left, corner uint64
	for i, px := range row {
		now, up := lanes(px), lanes(above[i])
		sum := left + up + laneBias - corner
		over := sum >> 9 & laneOnes * 0xff
		foretold := (sum&(sum>>8&laneOnes*0xff) | over) & laneBytes
		rest := now + laneBias - foretold
		binary.BigEndian.PutUint32(out, uint32(rest>>32&0xff<<24|rest&0xff0000|rest&0xff<<8))
		out = out[3:]
		left, corner = now, up
	}
	return dst[:len(dst)-1]
}
