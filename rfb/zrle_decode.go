package rfb

import (
	"bufio"
	"errors"
	"image"
)

var (
	errZRLETile = errors.New("unknown ZRLE subencoding")
	errZRLERun  = errors.New("ZRLE run past its tile")
)

// maxZRLETile is the longest form of a tile: runs of one pixel, or the palette and indices with lengths.
const maxZRLETile = 1 + zrleColours*4 + zrleSide*zrleSide*5

// decodeZRLE reads tiles through a zlib stream (RFC 6143 §7.7.6).
func (d *Decoder) decodeZRLE(br *bufio.Reader, r image.Rectangle, m *Image) error {
	tiles := (r.Dx()/zrleSide + 1) * (r.Dy()/zrleSide + 1)
	if err := d.beginZlib(br, &d.zrle, tiles*maxZRLETile); err != nil {
		return err
	}
	d.tile = grown(d.tile, zrleSide*zrleSide)
	for y := r.Min.Y; y < r.Max.Y; y += zrleSide {
		for x := r.Min.X; x < r.Max.X; x += zrleSide {
			tile := image.Rect(x, y, min(x+zrleSide, r.Max.X), min(y+zrleSide, r.Max.Y))
			data, err := d.zrle.peek(maxZRLETile)
			if err != nil {
				return err
			}
			used, err := d.zrleTile(data, tile, m)
			if err != nil {
				return err
			}
			if _, err := d.zrle.take(used); err != nil {
				return err
			}
		}
	}
	return d.zrle.end()
}

// zrleTile paints a tile and returns how many bytes it took of data, which may go on with the next.
func (d *Decoder) zrleTile(data []byte, tile image.Rectangle, m *Image) (used int, err error) {
	if len(data) == 0 {
		return 0, errTooShort
	}
	size, skip := d.unpack.format.cpixel()
	kind, rest := int(data[0]), data[1:]
	var colours [maxPalette]uint32
	n := 0
	switch {
	case kind == zrleRaw:
		return 1 + tile.Dx()*tile.Dy()*size, d.zrleRaw(rest, tile, m, size, skip)
	case kind <= zrlePacked:
		n = kind
	case kind == zrlePlainRLE:
	case kind >= zrlePaletteRLE+2:
		n = kind - zrlePaletteRLE
	default:
		return 0, errZRLETile
	}
	if len(rest) < n*size {
		return 0, errTooShort
	}
	d.unpack.row(colours[:n], rest, size, skip)
	rest = rest[n*size:]
	for i := n; i < maxPalette; i++ {
		colours[i] = noColour
	}
	switch {
	case kind == zrleSolid:
		m.fill(tile, colours[0])
	case kind <= zrlePacked:
		rest, err = zrlePackedTile(rest, tile, m, &colours, indexBits(n))
	default:
		px := d.tile[:tile.Dx()*tile.Dy()]
		if kind == zrlePlainRLE {
			rest, err = d.zrleRuns(rest, px, size, skip)
		} else {
			rest, err = zrleIndexRuns(rest, px, &colours)
		}
		for y := tile.Min.Y; err == nil && y < tile.Max.Y; y++ {
			px = px[copy(m.Row(tile.Min.X, tile.Max.X, y), px):]
		}
	}
	return len(data) - len(rest), err
}

func (d *Decoder) zrleRaw(data []byte, tile image.Rectangle, m *Image, size, skip int) error {
	if len(data) < tile.Dx()*tile.Dy()*size {
		return errTooShort
	}
	for y := tile.Min.Y; y < tile.Max.Y; y++ {
		d.unpack.row(m.Row(tile.Min.X, tile.Max.X, y), data, size, skip)
		data = data[tile.Dx()*size:]
	}
	return nil
}

func zrlePackedTile(data []byte, tile image.Rectangle, m *Image, colours *[maxPalette]uint32, bits int) (rest []byte, err error) {
	size := (tile.Dx()*bits + 7) / 8
	if len(data) < size*tile.Dy() {
		return nil, errTooShort
	}
	for y := tile.Min.Y; y < tile.Max.Y; y++ {
		row := m.Row(tile.Min.X, tile.Max.X, y)
		if bits == 1 {
			paintBits(row, data, colours[0], colours[1])
		} else if !paintPacked(row, data, colours, bits) {
			return nil, errPaletteIndex
		}
		data = data[size:]
	}
	return data, nil
}

// paintPacked sets dst from indices of 2 or 4 bits and returns false when one is that of no colour.
func paintPacked(dst []uint32, src []byte, colours *[maxPalette]uint32, bits int) bool {
	seen, mask := uint32(0), byte(1)<<bits-1
	per := 8 / bits
	for i := 0; i < len(dst); src = src[1:] {
		b := src[0]
		for k := 8 - bits; k >= 0 && i < min(len(dst), i+per); k -= bits {
			px := colours[b>>k&mask]
			seen |= px
			dst[i] = px
			i++
		}
	}
	return seen < noColour
}

// runLengthOf reads the length of a run and returns 0 when data ends first.
func runLengthOf(data []byte) (n int, rest []byte) {
	n = 1
	for i, b := range data {
		n += int(b)
		if b < 255 {
			return n, data[i+1:]
		}
	}
	return 0, nil
}

func (d *Decoder) zrleRuns(data []byte, px []uint32, size, skip int) (rest []byte, err error) {
	var colour [1]uint32
	for len(px) > 0 {
		if len(data) < size {
			return nil, errTooShort
		}
		d.unpack.row(colour[:], data, size, skip)
		var n int
		if n, data = runLengthOf(data[size:]); n == 0 {
			return nil, errTooShort
		} else if n > len(px) {
			return nil, errZRLERun
		}
		run := px[:n]
		for i := range run {
			run[i] = colour[0]
		}
		px = px[n:]
	}
	return data, nil
}

func zrleIndexRuns(data []byte, px []uint32, colours *[maxPalette]uint32) (rest []byte, err error) {
	for len(px) > 0 {
		if len(data) == 0 {
			return nil, errTooShort
		}
		at, n := data[0], 1
		data = data[1:]
		if at&0x80 != 0 {
			if n, data = runLengthOf(data); n == 0 {
				return nil, errTooShort
			} else if n > len(px) {
				return nil, errZRLERun
			}
		}
		colour := colours[at&0x7f]
		if colour == noColour {
			return nil, errPaletteIndex
		}
		run := px[:n]
		for i := range run {
			run[i] = colour
		}
		px = px[n:]
	}
	return data, nil
}
