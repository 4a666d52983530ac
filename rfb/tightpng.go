package rfb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/png"
	"io"
)

// tightPNG is a compression control byte of TightPNG: length, PNG. Fill and JPEG are as in Tight, and nothing else is
// allowed (rfbproto, Tight PNG encoding).
const tightPNG = 0xa0

// Colour types and filters of PNG (RFC 2083 §4.1.1, §6).
const (
	pngRGB     = 2
	pngIndexed = 3

	pngNone  = 0
	pngPaeth = 4
)

// pngEncoder is what an Encoder keeps for TightPNG.
type pngEncoder struct {
	out    sink
	unpack unpacker // from wire pixels, where the format has fewer colours than an Image
	rgb    []uint32
}

// appendTightPNG adds r as rectangles of one kind of content each. A PNG has the colours that the viewer's format has.
func (e *Encoder) appendTightPNG(dst []byte, m *Image, r image.Rectangle) (out []byte, rects int) {
	t := &e.tight
	for y := r.Min.Y; y < r.Max.Y; y += bandRows {
		band := image.Rect(r.Min.X, y, r.Max.X, min(y+bandRows, r.Max.Y))
		m := e.shown(m, band)
		px := e.quantised(m, band)
		t.classify(px, m, band, shades{lossy: e.lossy()})
		for at, class := range t.rects() {
			dst = e.appendTightPNGRect(appendHeader(dst, at, EncodingTightPNG), px, m, at, class)
			rects++
		}
		for _, at := range t.exact {
			dst = e.appendTightPNGRect(appendHeader(dst, at, EncodingTightPNG), px, m, at, many)
			rects++
		}
	}
	return dst, rects
}

func (e *Encoder) appendTightPNGRect(dst []byte, px, m *Image, r image.Rectangle, class tileClass) []byte {
	if class == photo && e.lossy() {
		if out, err := e.appendTightJPEG(dst, m, r); err == nil {
			return out
		}
	}
	p := &e.tight.palette
	if class <= few && p.n == 1 {
		return e.appendTPixels(append(dst, tightFill), p.colours[:1])
	}
	at := len(dst) + 1
	dst = append(dst, tightPNG, 0, 0, 0)
	if class <= few {
		dst = e.appendIndexedPNG(dst, px, r)
	} else {
		dst = e.appendRGBPNG(dst, px, r, class == photo)
	}
	return setCompactLength(dst, at)
}

// appendIndexedPNG adds r, whose colours the palette has.
func (e *Encoder) appendIndexedPNG(dst []byte, px *Image, r image.Rectangle) []byte {
	p, levels := &e.tight.palette, zlibLevels[e.level()]
	bits, level := 8, levels.indexed
	if p.n <= zrlePacked {
		bits = indexBits(p.n)
	}
	if bits == 1 {
		level = levels.mono
	}
	dst = appendPNGHead(dst, r, bits, pngIndexed)
	dst, at := beginChunk(dst, "PLTE")
	dst = endChunk(appendRGB(dst, e.rgb(p.colours[:p.n])), at)
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := px.Row(r.Min.X, r.Max.X, y)
		e.buf = append(e.buf, pngNone)
		n := len(e.buf)
		switch bits {
		case 1:
			e.buf = p.appendBits(e.buf, row)
		case 8:
			e.buf = p.appendIndices(e.buf, row)
		default:
			e.buf = p.appendIndices(e.buf, row)
			e.buf = e.buf[:n+packIndices(e.buf[n:], bits)]
		}
	}
	return e.appendPNGData(dst, level)
}

// appendRGBPNG adds r, a photo by the differences from what the pixels around foretell.
func (e *Encoder) appendRGBPNG(dst []byte, px *Image, r image.Rectangle, isPhoto bool) []byte {
	dst = appendPNGHead(dst, r, 8, pngRGB)
	size := 1 + 3*r.Dx()
	e.buf = e.buf[:0]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		e.buf = appendRGB(append(e.buf, pngNone), e.rgb(px.Row(r.Min.X, r.Max.X, y)))
	}
	if !isPhoto || e.level() == 0 {
		return e.appendPNGData(dst, zlibLevels[e.level()].full)
	}
	for at := len(e.buf) - size; at > 0; at -= size { // from the last row on: the one above is needed as it was
		filterPaeth(e.buf[at:at+size], e.buf[at-size:at])
	}
	return e.appendPNGData(dst, huffmanOnly)
}

// filterPaeth takes from each byte of a row of RGB what those to the left, above and above left foretell.
func filterPaeth(row, above []byte) {
	row[0] = pngPaeth
	row, above = row[1:], above[1:len(row)]
	for i := len(row) - 1; i >= 3; i-- {
		a, b, c := int(row[i-3]), int(above[i]), int(above[i-3])
		pa, pb := b-c, a-c
		pc := pa + pb
		pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
		switch {
		case pa <= pb && pa <= pc:
			row[i] -= byte(a)
		case pb <= pc:
			row[i] -= byte(b)
		default:
			row[i] -= byte(c)
		}
	}
	for i := range min(3, len(row)) {
		row[i] -= above[i]
	}
}

// rgb returns pixels of quantised as those of an Image, good until the next call.
func (e *Encoder) rgb(px []uint32) []uint32 {
	f := e.pack.format
	if f.is888() {
		return px
	}
	g := &e.png
	if g.unpack.format != f {
		colours := ColourMap()
		g.unpack.use(f, &colours)
	}
	g.rgb = grown(g.rgb, len(px))
	e.narrow = appendPixels(e.narrow[:0], px, e.pack.size, 0)
	g.unpack.row(g.rgb[:len(px)], e.narrow, e.pack.size, 0)
	return g.rgb[:len(px)]
}

const pngSignature = "\x89PNG\r\n\x1a\n"

func appendPNGHead(dst []byte, r image.Rectangle, bits, colourType int) []byte {
	dst, at := beginChunk(append(dst, pngSignature...), "IHDR")
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.Dx()))
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.Dy()))
	return endChunk(append(dst, byte(bits), byte(colourType), 0, 0, 0), at)
}

// appendPNGData adds e.buf, rows with their filters, and the PNG's end.
func (e *Encoder) appendPNGData(dst []byte, level int) []byte {
	dst, at := beginChunk(dst, "IDAT")
	out := &e.png.out
	out.b = append(dst, 0x78, 0x01)
	w := takeWriter(level, out)
	w.Write(e.buf) // a sink takes everything
	w.Close()
	leaveWriter(level, w)
	dst = binary.BigEndian.AppendUint32(out.b, adler32.Checksum(e.buf))
	out.b = nil
	dst, at = beginChunk(endChunk(dst, at), "IEND")
	return endChunk(dst, at)
}

// beginChunk adds the head of a PNG's chunk, and endChunk its length and checksum.
func beginChunk(dst []byte, name string) (out []byte, at int) {
	return append(append(dst, 0, 0, 0, 0), name...), len(dst)
}

func endChunk(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-8))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[at+4:]))
}

var (
	errDamagedPNG = errors.New("damaged PNG")
	errNoPNG      = fmt.Errorf("not a PNG of the rectangle's size, at most %dx%d pixels", maxTightWidth, maxTightWidth)
)

func (d *Decoder) tightPNG(br *bufio.Reader, r image.Rectangle, m *Image) error {
	n, err := compactLength(br)
	if err != nil {
		return err
	}
	if r.Dx()*r.Dy() > maxTightWidth*maxTightWidth {
		return errNoPNG
	}
	d.buf = grown(d.buf, n)
	if _, err := io.ReadFull(br, d.buf[:n]); err != nil {
		return err
	}
	head, err := png.DecodeConfig(bytes.NewReader(d.buf[:n]))
	if err != nil {
		return fmt.Errorf("%w: %w", errDamagedPNG, err)
	}
	if head.Width != r.Dx() || head.Height != r.Dy() {
		return errNoPNG
	}
	picture, err := png.Decode(bytes.NewReader(d.buf[:n]))
	if err != nil {
		return fmt.Errorf("%w: %w", errDamagedPNG, err)
	}
	paintPNG(m, r, picture)
	return nil
}

// paintPNG paints a picture on r: what is transparent in it, black.
func paintPNG(m *Image, r image.Rectangle, picture image.Image) {
	var colours [maxPalette]uint32
	colour := func(c interface{ RGBA() (r, g, b, a uint32) }) uint32 {
		red, green, blue, _ := c.RGBA()
		return red>>8<<16 | green>>8<<8 | blue>>8
	}
	indexed, _ := picture.(*image.Paletted)
	if indexed != nil {
		for i, c := range indexed.Palette {
			colours[i] = colour(c)
		}
	}
	for y := range r.Dy() {
		row := m.Row(r.Min.X, r.Max.X, r.Min.Y+y)
		switch p := picture.(type) {
		case *image.Paletted:
			for x, at := range p.Pix[y*p.Stride:][:len(row)] {
				row[x] = colours[at]
			}
		case *image.RGBA:
			for x := range row {
				b := (*[4]byte)(p.Pix[y*p.Stride+4*x:])
				row[x] = uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
			}
		default: // grey, deep or with alpha: nobody sends them
			for x := range row {
				row[x] = colour(p.At(x, y))
			}
		}
	}
}
