package rfb

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

// decompress paints a JPEG on r of m, whose size it must have. The standard library does it.
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
