package rfb

import (
	"bufio"
	"errors"
	"image"
	"io"
)

// TRLE (RFC 6143 §7.7.5) has ZRLE's tiles, smaller and bare, and two forms that use the palette of the tile before.
const (
	trleSide      = 16
	trlePacked    = 127                       // packed indices into the palette before, of at most 16 colours
	trleRuns      = 129                       // runs of indices into the palette before
	maxTRLELength = trleSide*trleSide/255 + 1 // bytes of the length of a run
)

// trleEncoder is what an Encoder keeps for the TRLE encoding: a coder for the tile at hand, and that of the tile with
// the palette that may be used again.
type trleEncoder struct {
	coders [2]tileCoder
	tile   [trleSide * trleSide]uint32
}

func (e *Encoder) appendTRLE(dst []byte, m *Image, r image.Rectangle) []byte {
	t := &e.trle
	now, before := &t.coders[0], &t.coders[1]
	before.palette.reset()
	size, skip := e.pack.format.cpixel()
	for y := r.Min.Y; y < r.Max.Y; y += trleSide {
		for x := r.Min.X; x < r.Max.X; x += trleSide {
			tile := image.Rect(x, y, min(x+trleSide, r.Max.X), min(y+trleSide, r.Max.Y))
			px := e.tilePixels(t.tile[:], m, tile)
			colours := now.scan(px, size)
			form := now.again(before, px, tile.Dx(), colours, size)
			switch form {
			case trlePacked:
				dst = before.appendPacked(append(dst, form), px, tile.Dx(), indexBits(before.palette.n))
				continue
			case trleRuns:
				dst = before.appendIndexRuns(append(dst, form), px)
				continue
			}
			at := len(dst)
			dst = now.appendScanned(dst, px, tile.Dx(), colours, size, skip)
			if form = dst[at]; form > zrleSolid && form != zrlePlainRLE {
				now, before = before, now
			} else {
				before.palette.reset() // viewers differ on how long a palette is kept
			}
		}
	}
	return dst
}

// again returns the form that takes the fewest bytes if that is one with the palette of the tile before, and else 0.
func (z *tileCoder) again(before *tileCoder, px []uint32, width, colours, size int) byte {
	p, q := &z.palette, &before.palette
	if colours < 2 || colours > q.n {
		return 0
	}
	for _, c := range p.colours[:colours] {
		if !q.has(c) {
			return 0
		}
	}
	raw, packed, indexed := z.sizes(px, width, colours, size)
	least := min(raw, packed, indexed, z.plain)
	switch again := packedBytes(width, len(px)/width, q.n); {
	case q.n <= zrlePacked && again < min(least, z.indexed):
		return trlePacked
	case z.indexed < least:
		return trleRuns
	}
	return 0
}

var errTRLEPalette = errors.New("TRLE tile with the palette of a tile before where there is none")

// trleDecoder is what a Decoder keeps for the TRLE encoding.
type trleDecoder struct {
	colours [maxPalette]uint32
	n       int // of colours
}

func (d *Decoder) decodeTRLE(br *bufio.Reader, r image.Rectangle, m *Image) error {
	d.trle.n = 0
	d.tile = grown(d.tile, trleSide*trleSide)
	d.buf = grown(d.buf, trleSide*trleSide*4)
	for y := r.Min.Y; y < r.Max.Y; y += trleSide {
		for x := r.Min.X; x < r.Max.X; x += trleSide {
			tile := image.Rect(x, y, min(x+trleSide, r.Max.X), min(y+trleSide, r.Max.Y))
			if err := d.trleTile(br, tile, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Decoder) trleTile(br *bufio.Reader, tile image.Rectangle, m *Image) error {
	kind, err := br.ReadByte()
	if err != nil {
		return err
	}
	t, px := &d.trle, d.tile[:tile.Dx()*tile.Dy()]
	switch {
	case kind == zrleRaw:
		err = d.cpixels(br, px)
	case kind == zrleSolid:
		if err = d.cpixels(br, px[:1]); err == nil {
			m.fill(tile, px[0])
		}
		return err
	case kind <= zrlePacked:
		if err = d.trlePalette(br, int(kind)); err == nil {
			return d.trlePackedTile(br, tile, m)
		}
	case kind == trlePacked:
		if t.n < 2 || t.n > zrlePacked {
			return errTRLEPalette
		}
		return d.trlePackedTile(br, tile, m)
	case kind == zrlePlainRLE:
		err = d.trleRuns(br, px, false)
	case kind == trleRuns:
		if t.n < 2 {
			return errTRLEPalette
		}
		err = d.trleRuns(br, px, true)
	case kind >= zrlePaletteRLE+2:
		if err = d.trlePalette(br, int(kind)-zrlePaletteRLE); err == nil {
			err = d.trleRuns(br, px, true)
		}
	default:
		return errZRLETile
	}
	for y := tile.Min.Y; err == nil && y < tile.Max.Y; y++ {
		px = px[copy(m.Row(tile.Min.X, tile.Max.X, y), px):]
	}
	return err
}

// cpixels reads as many CPIXELs, at most a tile of them.
func (d *Decoder) cpixels(br *bufio.Reader, dst []uint32) error {
	size, skip := d.unpack.format.cpixel()
	b := d.buf[:len(dst)*size]
	if _, err := io.ReadFull(br, b); err != nil {
		return err
	}
	d.unpack.row(dst, b, size, skip)
	return nil
}

func (d *Decoder) trlePalette(br *bufio.Reader, n int) error {
	t := &d.trle
	t.n = n
	for i := n; i < maxPalette; i++ {
		t.colours[i] = noColour
	}
	return d.cpixels(br, t.colours[:n])
}

func (d *Decoder) trlePackedTile(br *bufio.Reader, tile image.Rectangle, m *Image) error {
	b := d.buf[:packedBytes(tile.Dx(), tile.Dy(), d.trle.n)]
	if _, err := io.ReadFull(br, b); err != nil {
		return err
	}
	_, err := zrlePackedTile(b, tile, m, &d.trle.colours, indexBits(d.trle.n))
	return err
}

// trleRuns reads runs of CPIXELs or of indices.
func (d *Decoder) trleRuns(br *bufio.Reader, px []uint32, indexed bool) error {
	var colour [1]uint32
	for len(px) > 0 {
		n := 1
		if indexed {
			at, err := br.ReadByte()
			if err != nil {
				return err
			}
			if at&0x80 != 0 {
				if n, err = trleLength(br); err != nil {
					return err
				}
			}
			if colour[0] = d.trle.colours[at&0x7f]; colour[0] == noColour {
				return errPaletteIndex
			}
		} else {
			err := d.cpixels(br, colour[:])
			if err == nil {
				n, err = trleLength(br)
			}
			if err != nil {
				return err
			}
		}
		if n > len(px) {
			return errZRLERun
		}
		for i := range px[:n] {
			px[i] = colour[0]
		}
		px = px[n:]
	}
	return nil
}

// trleLength reads the length of a run.
func trleLength(br *bufio.Reader) (int, error) {
	n := 1
	for range maxTRLELength {
		b, err := br.ReadByte()
		if err != nil {
			return 0, err
		}
		n += int(b)
		if b < 255 {
			return n, nil
		}
	}
	return 0, errZRLERun
}
