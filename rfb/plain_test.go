package rfb

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/bits"
	"testing"
)

// plainViewer reads rectangles as the specification tells, one pixel at a time, and shares nothing with Decoder:
// colours by floating point, zlib and JPEG by the standard library. It fails the test where it cannot go on.
type plainViewer struct {
	t       testing.TB
	f       PixelFormat
	in      *bytes.Reader
	m       *Image
	streams [6]plainStream // Tight's, ZRLE's, Zlib's
	kinds   []byte         // of the tiles of ZRLE and TRLE that were read
}

// from reads the rectangle that b begins with and returns its length.
func (v *plainViewer) from(b []byte) int {
	v.in = bytes.NewReader(b)
	v.rect()
	return len(b) - v.in.Len()
}

// plainStream feeds a zlib.Reader with one piece after the other.
type plainStream struct {
	feed bytes.Buffer
	z    io.ReadCloser
}

func (v *plainViewer) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(v.in, b); err != nil {
		v.t.Fatalf("%d bytes are missing: %v", n, err)
	}
	return b
}

func (v *plainViewer) byte() int { return int(v.bytes(1)[0]) }

func (v *plainViewer) inflate(stream, size int) io.Reader {
	s := &v.streams[stream]
	s.feed.Write(v.bytes(size))
	if s.z == nil {
		var err error
		if s.z, err = zlib.NewReader(&s.feed); err != nil {
			v.t.Fatal(err)
		}
	}
	return s.z
}

// pixel reads one pixel of size bytes of which the first skip are not sent.
func (v *plainViewer) pixel(r io.Reader, size, skip int) uint32 {
	b := make([]byte, 4)
	if _, err := io.ReadFull(r, b[skip:skip+size]); err != nil {
		v.t.Fatalf("pixel: %v", err)
	}
	if !v.f.TrueColour {
		return ColourMap()[b[0]]
	}
	value := uint32(b[0])
	switch {
	case v.f.BitsPerPixel == 16 && v.f.BigEndian:
		value = uint32(binary.BigEndian.Uint16(b))
	case v.f.BitsPerPixel == 16:
		value = uint32(binary.LittleEndian.Uint16(b))
	case v.f.BitsPerPixel == 32 && v.f.BigEndian:
		value = binary.BigEndian.Uint32(b)
	case v.f.BitsPerPixel == 32:
		value = binary.LittleEndian.Uint32(b)
	}
	c := func(max uint16, shift uint8) uint32 {
		return uint32(math.Round(float64(value>>shift&uint32(max)) * 255 / float64(max)))
	}
	return c(v.f.RedMax, v.f.RedShift)<<16 | c(v.f.GreenMax, v.f.GreenShift)<<8 | c(v.f.BlueMax, v.f.BlueShift)
}

func (v *plainViewer) whole(r io.Reader) uint32 { return v.pixel(r, int(v.f.BitsPerPixel)/8, 0) }

func (v *plainViewer) tpixel(r io.Reader) uint32 {
	if v.f.TrueColour && v.f.BitsPerPixel == 32 && v.f.Depth == 24 && v.f.RedMax&v.f.GreenMax&v.f.BlueMax == 255 {
		b := make([]byte, 3)
		if _, err := io.ReadFull(r, b); err != nil {
			v.t.Fatal(err)
		}
		return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	}
	return v.whole(r)
}

func (v *plainViewer) cpixel(r io.Reader) uint32 {
	if v.f.TrueColour && v.f.BitsPerPixel == 32 && v.f.Depth <= 24 {
		top := max(bits.Len16(v.f.RedMax)+int(v.f.RedShift), bits.Len16(v.f.GreenMax)+int(v.f.GreenShift), bits.Len16(v.f.BlueMax)+int(v.f.BlueShift))
		bottom := min(v.f.RedShift, v.f.GreenShift, v.f.BlueShift)
		switch {
		case top <= 24 && v.f.BigEndian, top > 24 && bottom >= 8 && !v.f.BigEndian:
			return v.pixel(r, 3, 1)
		case top <= 24, bottom >= 8:
			return v.pixel(r, 3, 0)
		}
	}
	return v.whole(r)
}

func (v *plainViewer) set(x, y int, px uint32) {
	if !image.Pt(x, y).In(v.m.Rect) {
		v.t.Fatalf("pixel at %d,%d", x, y)
	}
	v.m.Pix[y*v.m.Stride+x] = px
}

func (v *plainViewer) fill(r image.Rectangle, px uint32) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			v.set(x, y, px)
		}
	}
}

// rect reads one rectangle with its header.
func (v *plainViewer) rect() {
	h := v.bytes(12)
	u16 := func(i int) int { return int(binary.BigEndian.Uint16(h[i:])) }
	r := image.Rect(u16(0), u16(2), u16(0)+u16(4), u16(2)+u16(6))
	if r.Empty() {
		v.t.Fatalf("empty rectangle %v", r)
	}
	switch enc := Encoding(binary.BigEndian.Uint32(h[8:])); enc {
	case EncodingRaw:
		v.each(r, func() uint32 { return v.whole(v.in) })
	case EncodingRRE, EncodingCoRRE:
		v.rre(r, enc == EncodingCoRRE)
	case EncodingTRLE:
		var before []uint32
		for y := r.Min.Y; y < r.Max.Y; y += 16 {
			for x := r.Min.X; x < r.Max.X; x += 16 {
				before = v.zrleTile(v.in, image.Rect(x, y, x+16, y+16).Intersect(r), before)
			}
		}
	case EncodingHextile:
		v.hextile(r)
	case EncodingZlib:
		z := v.inflate(5, int(binary.BigEndian.Uint32(v.bytes(4))))
		v.each(r, func() uint32 { return v.whole(z) })
	case EncodingZRLE:
		z := v.inflate(4, int(binary.BigEndian.Uint32(v.bytes(4))))
		for y := r.Min.Y; y < r.Max.Y; y += 64 {
			for x := r.Min.X; x < r.Max.X; x += 64 {
				v.zrleTile(z, image.Rect(x, y, x+64, y+64).Intersect(r), nil)
			}
		}
	case EncodingTight, EncodingTightPNG:
		v.tight(r, enc == EncodingTightPNG)
	default:
		v.t.Fatalf("encoding %d", enc)
	}
}

func (v *plainViewer) each(r image.Rectangle, next func() uint32) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			v.set(x, y, next())
		}
	}
}

func (v *plainViewer) hextile(r image.Rectangle) {
	var background, foreground uint32
	for y := r.Min.Y; y < r.Max.Y; y += 16 {
		for x := r.Min.X; x < r.Max.X; x += 16 {
			tile := image.Rect(x, y, x+16, y+16).Intersect(r)
			mask := v.byte()
			if mask&1 != 0 {
				v.each(tile, func() uint32 { return v.whole(v.in) })
				background, foreground = 0xbad, 0xbad // not to be relied on
				continue
			}
			if mask&2 != 0 {
				background = v.whole(v.in)
			}
			if mask&4 != 0 {
				foreground = v.whole(v.in)
			}
			v.fill(tile, background)
			if mask&8 == 0 {
				continue
			}
			for range v.byte() {
				colour := foreground
				if mask&16 != 0 {
					colour = v.whole(v.in)
				}
				xy, wh := v.byte(), v.byte()
				sub := image.Rect(0, 0, wh>>4+1, wh&15+1).Add(image.Pt(x+xy>>4, y+xy&15))
				if !sub.In(tile) {
					v.t.Fatalf("subrectangle %v of %v", sub, tile)
				}
				v.fill(sub, colour)
			}
		}
	}
}

// rre wants subrectangles that do not overlap.
func (v *plainViewer) rre(r image.Rectangle, compact bool) {
	if compact && (r.Dx() > 255 || r.Dy() > 255) {
		v.t.Fatalf("CoRRE rectangle %v is too large", r)
	}
	n := binary.BigEndian.Uint32(v.bytes(4))
	v.fill(r, v.whole(v.in))
	painted := make([]bool, r.Dx()*r.Dy())
	for range n {
		px := v.whole(v.in)
		var at [4]int
		for i := range at {
			if compact {
				at[i] = v.byte()
			} else {
				at[i] = int(binary.BigEndian.Uint16(v.bytes(2)))
			}
		}
		sub := image.Rect(0, 0, at[2], at[3]).Add(r.Min).Add(image.Pt(at[0], at[1]))
		if !sub.In(r) || sub.Empty() {
			v.t.Fatalf("subrectangle %v of %v", sub, r)
		}
		v.fill(sub, px)
		for y := sub.Min.Y; y < sub.Max.Y; y++ {
			for x := sub.Min.X; x < sub.Max.X; x++ {
				i := (y-r.Min.Y)*r.Dx() + x - r.Min.X
				if painted[i] {
					v.t.Fatalf("subrectangle %v over another", sub)
				}
				painted[i] = true
			}
		}
	}
}

// zrleTile reads a tile of ZRLE or TRLE and returns its palette, if it has one. With before, that of the tile before, it
// may be one of TRLE's that use it again.
func (v *plainViewer) zrleTile(z io.Reader, tile image.Rectangle, before []uint32) []uint32 {
	next := func() int {
		var b [1]byte
		if _, err := io.ReadFull(z, b[:]); err != nil {
			v.t.Fatal(err)
		}
		return int(b[0])
	}
	length := func() int {
		n := 1
		for {
			b := next()
			if n += b; b != 255 {
				return n
			}
		}
	}
	kind := next()
	v.kinds = append(v.kinds, byte(kind))
	var colours []uint32
	switch {
	case kind == 127 && 2 <= len(before) && len(before) <= 16:
		colours, kind = before, len(before)
	case kind == 129 && len(before) >= 2:
		colours, kind = before, 128+len(before)
	default:
		for range kind & 127 {
			colours = append(colours, v.cpixel(z))
		}
	}
	run, px := 0, uint32(0)
	switch {
	case kind == 0:
		v.each(tile, func() uint32 { return v.cpixel(z) })
	case kind == 1:
		v.fill(tile, colours[0])
	case kind <= 16:
		width := map[bool]int{true: 1, false: 4}[kind == 2]
		if kind == 3 || kind == 4 {
			width = 2
		}
		for y := tile.Min.Y; y < tile.Max.Y; y++ {
			held, have := 0, 0
			for x := tile.Min.X; x < tile.Max.X; x++ {
				if have == 0 {
					held, have = next(), 8
				}
				have -= width
				v.set(x, y, colours[held>>have&(1<<width-1)])
			}
		}
	case kind == 128:
		v.each(tile, func() uint32 {
			if run == 0 {
				px = v.cpixel(z)
				run = length()
			}
			run--
			return px
		})
	case kind >= 130:
		v.each(tile, func() uint32 {
			if run == 0 {
				at := next()
				px, run = colours[at&127], 1
				if at >= 128 {
					run = length()
				}
			}
			run--
			return px
		})
	default:
		v.t.Fatalf("ZRLE tile of kind %d", kind)
	}
	if run != 0 {
		v.t.Fatalf("run of %d more than the tile", run)
	}
	return colours
}

func (v *plainViewer) tight(r image.Rectangle, withPNG bool) {
	if r.Dx() > 2048 {
		v.t.Fatalf("Tight rectangle %v is too wide", r)
	}
	length := func() int {
		n := 0
		for i := range 3 {
			b := v.byte()
			if i == 2 {
				return n | b<<14
			}
			n |= b & 127 << (7 * i)
			if b < 128 {
				break
			}
		}
		return n
	}
	control := v.byte()
	if control&15 != 0 {
		v.t.Fatalf("Tight control %02x resets a stream", control)
	}
	kind := control >> 4
	bare := !withPNG && kind&^4 == 10
	switch {
	case kind == 8:
		v.fill(r, v.tpixel(v.in))
		return
	case kind == 9:
		v.picture(r, jpeg.Decode, v.bytes(length()))
		return
	case kind == 10 && withPNG:
		v.picture(r, png.Decode, v.bytes(length()))
		return
	case withPNG, kind > 9 && !bare:
		v.t.Fatalf("Tight control %02x", control)
	}
	var colours []uint32
	gradient := false
	if kind&4 != 0 {
		switch filter := v.byte(); filter {
		case 1:
			for range v.byte() + 1 {
				colours = append(colours, v.tpixel(v.in))
			}
		case 2:
			gradient = true
		default:
			v.t.Fatalf("Tight filter %d", filter)
		}
	}
	size := r.Dx()
	switch {
	case len(colours) == 0:
		var one countingReader
		v.tpixel(&one)
		size *= int(one)
	case len(colours) == 2:
		size = (r.Dx() + 7) / 8
	}
	data := io.Reader(v.in)
	if size*r.Dy() >= 12 {
		switch n := length(); {
		case !bare:
			data = v.inflate(kind&3, n)
		case n != size*r.Dy():
			v.t.Fatalf("%d bytes without zlib, not %d", n, size*r.Dy())
		}
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := make([]byte, size)
		if _, err := io.ReadFull(data, row); err != nil {
			v.t.Fatal(err)
		}
		pixels := bytes.NewReader(row)
		for x := range r.Dx() {
			switch {
			case gradient:
				v.set(r.Min.X+x, y, v.foretold(r, r.Min.X+x, y, v.tpixel(pixels)))
			case len(colours) == 0:
				v.set(r.Min.X+x, y, v.tpixel(pixels))
			case len(colours) == 2:
				v.set(r.Min.X+x, y, colours[row[x/8]>>(7-x%8)&1])
			default:
				v.set(r.Min.X+x, y, colours[row[x]])
			}
		}
	}
}

// picture reads a JPEG or PNG.
func (v *plainViewer) picture(r image.Rectangle, decode func(io.Reader) (image.Image, error), b []byte) {
	p, err := decode(bytes.NewReader(b))
	if err != nil || p.Bounds().Size() != r.Size() {
		v.t.Fatalf("picture in %v: %v", r, err)
	}
	x, y := 0, 0
	v.each(r, func() uint32 {
		red, green, blue, _ := p.At(x, y).RGBA()
		if x++; x == r.Dx() {
			x, y = 0, y+1
		}
		return red>>8<<16 | green>>8<<8 | blue>>8
	})
}

// foretold adds to each colour of rest what the neighbours inside of r foretell.
func (v *plainViewer) foretold(r image.Rectangle, x, y int, rest uint32) (px uint32) {
	colour := func(x, y, shift int) int {
		if !image.Pt(x, y).In(r) {
			return 0
		}
		return int(v.m.Row(x, x+1, y)[0] >> shift & 255)
	}
	for _, shift := range []int{16, 8, 0} {
		guess := colour(x-1, y, shift) + colour(x, y-1, shift) - colour(x-1, y-1, shift)
		guess = min(max(guess, 0), 255)
		px |= uint32(guess+int(rest>>shift)) & 255 << shift
	}
	return px
}

// countingReader gives zeros and counts them.
type countingReader int

func (c *countingReader) Read(b []byte) (int, error) {
	*c += countingReader(len(b))
	return len(b), nil
}
