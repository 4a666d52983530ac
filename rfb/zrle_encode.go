package rfb

import "image"

// A tile of ZRLE begins with a subencoding (RFC 6143 §7.7.6).
const (
	zrleRaw        = 0   // pixels
	zrleSolid      = 1   // pixel; up to 16: that many colours, then packed indices
	zrlePlainRLE   = 128 // runs of pixel and length
	zrlePaletteRLE = 128 // plus 2 to 127: that many colours, then runs of index and perhaps length
	zrleSide       = 64  // of a tile
	zrlePacked     = 16  // colours that packed indices may have
	zrleColours    = 127 // colours that palette RLE may have
)

// zrleEncoder is what an Encoder keeps for the ZRLE encoding.
type zrleEncoder struct {
	tileCoder
	tile   [zrleSide * zrleSide]uint32
	stream [1]deflater
}

// tileCoder chooses the form of a tile and writes it, for ZRLE and TRLE.
type tileCoder struct {
	palette palette
	// What the tile at hand would take as runs, by scan.
	plain   int // bytes, with CPIXELs
	indexed int // bytes, without the palette
}

// appendZRLE adds r as tiles through a zlib stream, with a length of four bytes before them.
func (e *Encoder) appendZRLE(dst []byte, m *Image, r image.Rectangle) []byte {
	at := len(dst)
	z := &e.zrle
	z.stream[0].begin(append(dst, 0, 0, 0, 0))
	size, skip := e.pack.format.cpixel()
	levels := zlibLevels[e.level()]
	level := levels.full
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y += zrleSide {
		for x := r.Min.X; x < r.Max.X; x += zrleSide {
			tile := image.Rect(x, y, min(x+zrleSide, r.Max.X), min(y+zrleSide, r.Max.Y))
			px := e.tilePixels(z.tile[:], m, tile)
			before := len(e.buf)
			e.buf = z.appendTile(e.buf, px, tile.Dx(), size, skip)
			wanted := levels.full
			if e.buf[before] == zrleRaw {
				wanted = photoLevel(e.level())
			}
			if wanted != level {
				z.stream[0].write(e.buf[:before], level)
				e.buf = e.buf[:copy(e.buf, e.buf[before:])]
				level = wanted
			}
			if len(e.buf) >= zlibChunk {
				z.stream[0].write(e.buf, level)
				e.buf = e.buf[:0]
			}
		}
	}
	z.stream[0].write(e.buf, level)
	return setLength(z.stream[0].end(), at)
}

// tilePixels returns the wire pixels of a tile, in dst.
func (e *Encoder) tilePixels(dst []uint32, m *Image, tile image.Rectangle) []uint32 {
	dst = dst[:tile.Dx()*tile.Dy()]
	for i := range tile.Dy() {
		row := dst[i*tile.Dx() : (i+1)*tile.Dx()]
		if got := e.pack.row(row, m.Row(tile.Min.X, tile.Max.X, tile.Min.Y+i)); &got[0] != &row[0] {
			copy(row, got)
		}
	}
	return dst
}

// appendTile adds a tile in the form that takes the fewest bytes before compression.
func (z *tileCoder) appendTile(dst []byte, px []uint32, width, size, skip int) []byte {
	return z.appendScanned(dst, px, width, z.scan(px, size), size, skip)
}

// appendScanned adds a tile of so many colours that was scanned.
func (z *tileCoder) appendScanned(dst []byte, px []uint32, width, colours, size, skip int) []byte {
	if colours == 1 {
		return appendPixels(append(dst, zrleSolid), px[:1], size, skip)
	}
	raw, packed, indexed := z.sizes(px, width, colours, size)
	switch min(raw, packed, indexed, z.plain) {
	case raw:
		return appendPixels(append(dst, zrleRaw), px, size, skip)
	case packed:
		dst = appendPixels(append(dst, byte(colours)), z.palette.colours[:colours], size, skip)
		return z.appendPacked(dst, px, width, indexBits(colours))
	case indexed:
		dst = appendPixels(append(dst, zrlePaletteRLE+byte(colours)), z.palette.colours[:colours], size, skip)
		return z.appendIndexRuns(dst, px)
	}
	return appendRuns(append(dst, zrlePlainRLE), px, size, skip)
}

// sizes returns what a tile of two or more colours takes as pixels and with a palette; that of raw where it cannot have one.
func (z *tileCoder) sizes(px []uint32, width, colours, size int) (raw, packed, indexed int) {
	raw = len(px) * size
	packed, indexed = raw, raw
	if colours <= zrlePacked {
		packed = colours*size + packedBytes(width, len(px)/width, colours)
	}
	if colours <= zrleColours {
		indexed = colours*size + z.indexed
	}
	return raw, packed, indexed
}

// indexBits returns how wide packed indices of so many colours are.
func indexBits(colours int) int {
	switch {
	case colours <= 2:
		return 1
	case colours <= 4:
		return 2
	}
	return 4
}

// packedBytes returns what packed indices of a tile take.
func packedBytes(width, height, colours int) int { return (width*indexBits(colours) + 7) / 8 * height }

// scan looks at a tile once: how many colours it has, more than zrleColours being zrleColours+1, which then are in
// the palette, and what its runs would take.
func (z *tileCoder) scan(px []uint32, size int) (colours int) {
	p := &z.palette
	p.reset()
	p.add(px[0], zrleColours)
	z.plain, z.indexed = 0, 0
	full := false
	last, other := px[0], px[0]
	start := 0
	for i, v := range px {
		if v == last {
			continue
		}
		if n := i - start; n == 1 {
			z.plain += size + 1
			z.indexed++
		} else {
			z.plain += size + runBytes(n)
			z.indexed += 1 + runBytes(n)
		}
		start = i
		if v != other && !full {
			full = !p.add(v, zrleColours)
		}
		last, other = v, last
	}
	n := len(px) - start
	z.plain += size + runBytes(n)
	z.indexed += 1 + runBytes(n)
	if full {
		return zrleColours + 1
	}
	return p.n
}

// runBytes returns how many bytes the length of a run of n takes.
func runBytes(n int) int { return (n-1)/255 + 1 }

func appendRunLength(dst []byte, n int) []byte {
	for n--; n >= 255; n -= 255 {
		dst = append(dst, 255)
	}
	return append(dst, byte(n))
}

// runLength returns how many of the first pixels are the same.
func runLength(px []uint32) int {
	for i, v := range px {
		if v != px[0] {
			return i
		}
	}
	return len(px)
}

func appendRuns(dst []byte, px []uint32, size, skip int) []byte {
	for len(px) > 0 {
		n := runLength(px)
		dst = appendRunLength(appendPixels(dst, px[:1], size, skip), n)
		px = px[n:]
	}
	return dst
}

func (z *tileCoder) appendIndexRuns(dst []byte, px []uint32) []byte {
	for len(px) > 0 {
		n, at := runLength(px), z.palette.index(px[0])
		if n == 1 {
			dst = append(dst, at)
		} else {
			dst = appendRunLength(append(dst, at|0x80), n)
		}
		px = px[n:]
	}
	return dst
}

// appendPacked adds indices of so many bits, the leftmost highest, each row filled to whole bytes.
func (z *tileCoder) appendPacked(dst []byte, px []uint32, width, bits int) []byte {
	for ; len(px) > 0; px = px[width:] {
		if bits == 1 {
			dst = z.palette.appendBits(dst, px[:width])
			continue
		}
		n := len(dst)
		dst = z.palette.appendIndices(dst, px[:width])
		dst = dst[:n+packIndices(dst[n:], bits)]
	}
	return dst
}

// packIndices puts indices of one byte each together in place and returns how many bytes they take.
func packIndices(b []byte, bits int) int {
	per := 8 / bits
	size := (len(b) + per - 1) / per
	for i := range size {
		packed, end := byte(0), min((i+1)*per, len(b))
		for k := i * per; k < end; k++ {
			packed = packed<<bits | b[k]
		}
		b[i] = packed << (bits * ((i+1)*per - end))
	}
	return size
}
