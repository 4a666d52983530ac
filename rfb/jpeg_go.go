package rfb

import (
	"encoding/binary"
	"image"
)

// goJPEG compresses and decompresses without cgo: baseline JPEG (ITU-T T.81) with the codes of its annex K.
type goJPEG struct {
	how     JPEG           // that head and factors are for
	head    []byte         // all that comes before the blocks
	size    int            // where a picture's height and width go in it
	factors [2][64]float32 // of brightness and of colour, in zigzag order: they make of coefficients what is coded

	bits   bitWriter
	px     [mcuSide * mcuSide]uint32
	bright [4]block
	colour [2]block
	last   [3]int32 // the first value of each component's last block
}

// mcuSide is how many pixels make a unit at most, across and down.
const mcuSide = 16

// unit is how many pixels make one, across and down.
func (s Sampling) unit() (across, down int) {
	switch s {
	case Sampling422:
		return 16, 8
	case Sampling420:
		return 16, 16
	}
	return 8, 8
}

// compress appends r of m as a JPEG to dst.
func (j *goJPEG) compress(dst []byte, m *Image, r image.Rectangle, how JPEG) ([]byte, error) {
	if j.how != how {
		j.how, j.factors = how, factorsOf(how.Quality)
		j.head, j.size = jpegHead(how)
	}
	at := len(dst) + j.size
	dst = append(dst, j.head...)
	binary.BigEndian.PutUint16(dst[at:], uint16(r.Dy()))
	binary.BigEndian.PutUint16(dst[at+2:], uint16(r.Dx()))
	j.last = [3]int32{}
	j.bits = bitWriter{out: dst}
	across, down := how.Sampling.unit()
	for y := r.Min.Y; y < r.Max.Y; y += down {
		for x := r.Min.X; x < r.Max.X; x += across {
			j.load(m, r, image.Rect(x, y, x+across, y+down))
			j.code()
		}
	}
	dst, j.bits.out = append(j.bits.end(), 0xff, markerEOI), nil
	return dst, nil
}

// load copies a unit's pixels to px; beyond r those at its border are repeated.
func (j *goJPEG) load(m *Image, r, unit image.Rectangle) {
	inside := unit.Intersect(r)
	for y := range unit.Dy() {
		row := m.Row(inside.Min.X, inside.Max.X, min(unit.Min.Y+y, r.Max.Y-1))
		px := j.px[y*mcuSide:][:unit.Dx()]
		for n := copy(px, row); n < len(px); n++ {
			px[n] = px[n-1]
		}
	}
}

// code adds the unit in px to the JPEG.
func (j *goJPEG) code() {
	across, down := j.how.Sampling.unit()
	for i := range across * down / 64 {
		b := &j.bright[i]
		b.brightness(j.px[i/2*8*mcuSide+i%2*8:])
		j.add(b, 0)
	}
	if j.how.Sampling == SamplingGrey {
		return
	}
	switch j.how.Sampling {
	case Sampling444:
		colours(&j.colour, j.px[:])
	case Sampling422:
		colours2x1(&j.colour, j.px[:])
	case Sampling420:
		colours2x2(&j.colour, j.px[:])
	}
	j.add(&j.colour[0], 1)
	j.add(&j.colour[1], 2)
}

// add codes a block of a component.
func (j *goJPEG) add(b *block, component int) {
	kind := min(component, 1)
	b.transform()
	values, present := b.quantised(&j.factors[kind])
	j.bits.block(&values, present, j.last[component], &jpegCodes[kind])
	j.last[component] = values[0]
}

// Brightness and colour of a pixel (JFIF), of 65536.
const (
	redY, greenY, blueY    = 19595, 38470, 7471
	redCb, greenCb, blueCb = -11059, -21709, 32768
	redCr, greenCr, blueCr = 32768, -27439, -5329
)

// brightness sets b from 8x8 pixels, whose rows are mcuSide apart.
func (b *block) brightness(px []uint32) {
	for y := range 8 {
		in, out := (*[8]uint32)(px[y*mcuSide:]), (*[8]float32)(b[y*8:])
		for x, v := range in {
			out[x] = float32(int32((v>>16&0xff*redY+v>>8&0xff*greenY+v&0xff*blueY+1<<15)>>16) - 128)
		}
	}
}

// colours sets both blocks from 8x8 pixels.
func colours(to *[2]block, px []uint32) {
	for y := range 8 {
		in := (*[8]uint32)(px[y*mcuSide:])
		for x, v := range in {
			setColour(to, y*8+x, int32(v>>16&0xff), int32(v>>8&0xff), int32(v&0xff), 1.0/65536)
		}
	}
}

// colours2x1 sets both from 16x8.
func colours2x1(to *[2]block, px []uint32) {
	for y := range 8 {
		in := (*[16]uint32)(px[y*mcuSide:])
		for x := range 8 {
			a, b := in[2*x], in[2*x+1]
			both := a&0xff00ff + b&0xff00ff
			setColour(to, y*8+x, int32(both>>16), int32(a>>8&0xff+b>>8&0xff), int32(both&0xffff), 1.0/131072)
		}
	}
}

// colours2x2 sets both from 16x16.
func colours2x2(to *[2]block, px []uint32) {
	for y := range 8 {
		in, below := (*[16]uint32)(px[2*y*mcuSide:]), (*[16]uint32)(px[(2*y+1)*mcuSide:])
		for x := range 8 {
			a, b, c, d := in[2*x], in[2*x+1], below[2*x], below[2*x+1]
			both := a&0xff00ff + b&0xff00ff + c&0xff00ff + d&0xff00ff
			green := a>>8&0xff + b>>8&0xff + c>>8&0xff + d>>8&0xff
			setColour(to, y*8+x, int32(both>>16), int32(green), int32(both&0xffff), 1.0/262144)
		}
	}
}

func setColour(to *[2]block, i int, red, green, blue int32, scale float32) {
	to[0][i&63] = float32(red*redCb+green*greenCb+blue*blueCb) * scale
	to[1][i&63] = float32(red*redCr+green*greenCr+blue*blueCr) * scale
}
