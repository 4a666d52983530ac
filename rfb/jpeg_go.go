package rfb

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

// goJPEG compresses and decompresses by the standard library: slower than libjpeg-turbo by five times, and with
// colour at half size whatever the level. It serves where there is no cgo, and the tests of the other.
type goJPEG struct {
	rgba image.RGBA
	out  sink
}

// compress appends r of m as a JPEG to dst.
func (j *goJPEG) compress(dst []byte, m *Image, r image.Rectangle, how JPEG) ([]byte, error) {
	j.rgba.Rect, j.rgba.Stride = image.Rect(0, 0, r.Dx(), r.Dy()), 4*r.Dx()
	j.rgba.Pix = grown(j.rgba.Pix, 4*r.Dx()*r.Dy())
	out := j.rgba.Pix
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for i, px := range m.Row(r.Min.X, r.Max.X, y) {
			p := (*[4]byte)(out[4*i:])
			p[0], p[1], p[2], p[3] = byte(px>>16), byte(px>>8), byte(px), 0xff
		}
		out = out[4*r.Dx():]
	}
	j.out.b = dst
	err := jpeg.Encode(&j.out, &j.rgba, &jpeg.Options{Quality: how.Quality})
	dst, j.out.b = j.out.b, nil
	return dst, err
}

// decompress paints a JPEG on r of m, whose size it must have.
func (j *goJPEG) decompress(data []byte, m *Image, r image.Rectangle) error {
	head, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", errDamagedJPEG, err)
	}
	if head.Width != r.Dx() || head.Height != r.Dy() {
		return errNoJPEG
	}
	picture, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", errDamagedJPEG, err)
	}
	b := picture.Bounds()
	for y := range r.Dy() {
		row := m.Row(r.Min.X, r.Max.X, r.Min.Y+y)
		switch picture := picture.(type) {
		case *image.YCbCr:
			for x := range row {
				c := picture.YCbCrAt(b.Min.X+x, b.Min.Y+y)
				red, green, blue := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
				row[x] = uint32(red)<<16 | uint32(green)<<8 | uint32(blue)
			}
		case *image.Gray:
			for x := range row {
				row[x] = uint32(picture.GrayAt(b.Min.X+x, b.Min.Y+y).Y) * 0x010101
			}
		default:
			return errNoJPEG // four colours, for printing
		}
	}
	return nil
}
