package scene

import "image"

// Photo makes a picture with what JPEG is good at and run lengths are bad at: soft light over several octaves of noise,
// and grain. It is the same for the same seed; a different at pans over the same landscape, and the grain is new.
func Photo(size, at image.Point, seed uint32) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: size})
	grain := seed*2654435761 ^ uint32(at.X)<<16 ^ uint32(at.Y) | 1
	for y := range size.Y {
		row := img.Pix[y*img.Stride:]
		for x := range size.X {
			u, v := uint32(x+at.X), uint32(y+at.Y)
			shade := (value(u, v, 8, seed)*8 + value(u, v, 6, seed+1)*4 + value(u, v, 4, seed+2)*2 + value(u, v, 2, seed+3)) / 15
			hue := value(u, v, 9, seed+4)
			grain ^= grain << 13
			grain ^= grain >> 17
			grain ^= grain << 5
			p := row[4*x : 4*x+4 : 4*x+4]
			p[0] = clamp(shade*(320+hue)/512 + int(grain&7)) // a camera's grain differs from colour to colour
			p[1] = clamp(shade + int(grain>>8&7))
			p[2] = clamp(shade*(576-hue)/512 + 10 + int(grain>>16&7))
			p[3] = 255
		}
	}
	return img
}

// value is smooth noise of 0..255 on a grid of 1<<octave pixels.
func value(x, y uint32, octave uint, seed uint32) int {
	gx, gy := x>>octave, y>>octave
	side := uint32(1) << octave
	fx, fy := int(x&(side-1)), int(y&(side-1))
	a, b := corner(gx, gy, seed), corner(gx+1, gy, seed)
	c, d := corner(gx, gy+1, seed), corner(gx+1, gy+1, seed)
	top := a<<octave + (b-a)*fx
	low := c<<octave + (d-c)*fx
	return (top<<octave + (low-top)*fy) >> (2 * octave)
}

// corner is the noise of one grid point, 0..255.
func corner(x, y, seed uint32) int {
	h := x*0x9E3779B1 ^ y*0x85EBCA77 ^ seed*0xC2B2AE3D
	h = (h ^ h>>15) * 0x2C1B3C6D
	return int((h ^ h>>12) >> 8 & 255)
}

func clamp(v int) byte { return byte(min(max(v, 0), 255)) }
