package rfb

import (
	"image"
	"math"
	"math/rand/v2"
)

// The screens that tests and benchmarks share, w by h, always the same.

func screen(w, h int, at func(x, y int) uint32) *Image {
	m := NewImage(image.Rect(0, 0, w, h))
	for y := range h {
		row := m.Row(0, w, y)
		for x := range row {
			row[x] = at(x, y)
		}
	}
	return m
}

func solidScreen(w, h int) *Image {
	return screen(w, h, func(x, y int) uint32 { return 0x336699 })
}

// glyph tells whether a letter of a made-up alphabet of 8x16 is set at a place.
func glyph(letter uint32, x, y int) bool {
	if x == 7 || y < 3 || y > 12 {
		return false
	}
	bits := letter * 0x9e3779b1
	return bits>>(uint(x/2+y/2*3)%32)&1 != 0 && (x+y)%5 != 0
}

// letters are a page of text: lines of words of 8x16 cells.
func letters(w, h int) func(x, y int) uint32 {
	r := rand.New(rand.NewPCG(3, 4))
	page := make([]uint32, (w/8+1)*(h/16+1))
	for y := range h/16 + 1 {
		length := int(r.Uint32N(uint32(w/8 + 1)))
		for x := range length {
			if r.Uint32N(6) > 0 {
				page[y*(w/8+1)+x] = 1 + r.Uint32N(60)
			}
		}
	}
	return func(x, y int) uint32 { return page[y/16*(w/8+1)+x/8] }
}

// textScreen is a terminal: grey on black.
func textScreen(w, h int) *Image {
	letter := letters(w, h)
	return screen(w, h, func(x, y int) uint32 {
		if l := letter(x, y); l != 0 && glyph(l, x%8, y%16) {
			return 0xcccccc
		}
		return 0
	})
}

// smoothTextScreen is a page of letters whose edges are grey, some lines in colour.
func smoothTextScreen(w, h int) *Image {
	letter := letters(w, h)
	return screen(w, h, func(x, y int) uint32 {
		l := letter(x, y)
		if l == 0 {
			return 0xffffff
		}
		ink := uint32(0)
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if glyph(l, x%8+dx, y%16+dy) {
					ink += 15
				}
			}
		}
		if glyph(l, x%8, y%16) {
			ink += 120
		}
		grey := 255 - ink
		if y/16%7 == 3 {
			return 0xff0000 | grey<<8 | grey
		}
		return grey * 0x010101
	})
}

// paletteScreen has some dozens of colours without order.
func paletteScreen(w, h int) *Image {
	return screen(w, h, func(x, y int) uint32 {
		return uint32((x/3*7+y/2*13)%61) * 0x03f1a7 & 0xffffff
	})
}

// photoScreen is smooth with a little noise.
func photoScreen(w, h int) *Image {
	r := rand.New(rand.NewPCG(5, 6))
	return screen(w, h, func(x, y int) uint32 {
		fx, fy := float64(x), float64(y)
		c := func(a, b, p float64) uint32 {
			v := 128 + 60*math.Sin(fx/a+p) + 50*math.Cos(fy/b-p) + 6*(r.Float64()-0.5) + 10*math.Sin(fx*fy/3000)
			return uint32(min(max(v, 0), 255))
		}
		return c(90, 70, 0)<<16 | c(60, 110, 1)<<8 | c(130, 50, 2)
	})
}

func gradientScreen(w, h int) *Image {
	return screen(w, h, func(x, y int) uint32 {
		return uint32(x*255/max(w, 2))<<16 | uint32(y*255/max(h, 2))<<8 | uint32((x+y)/8&255)
	})
}

func noiseScreen(w, h int) *Image {
	r := rand.New(rand.NewPCG(7, 8))
	return screen(w, h, func(x, y int) uint32 { return r.Uint32() & 0xffffff })
}

// desktopScreen has a plain ground, a picture, windows with text and with controls.
func desktopScreen(w, h int) *Image {
	m := screen(w, h, func(x, y int) uint32 { return 0x2e3440 })
	paste := func(at image.Rectangle, from *Image) {
		at = at.Intersect(m.Rect)
		for y := at.Min.Y; y < at.Max.Y; y++ {
			copy(m.Row(at.Min.X, at.Max.X, y), from.Row(0, at.Dx(), y-at.Min.Y))
		}
	}
	paste(image.Rect(w/2, h/8, w-w/16, h/2), photoScreen(w, h))
	paste(image.Rect(w/20, h/10, w/20+w/2, h/10+h/2), smoothTextScreen(w, h))
	paste(image.Rect(w/3, h/2, w/3+w/2, h-h/20), textScreen(w, h))
	paste(image.Rect(w/3, h/2-20, w/3+w/2, h/2), gradientScreen(w, 20))
	for i := range 12 {
		at := image.Rect(10+i*70, h-40, 60+i*70, h-10).Intersect(m.Rect)
		m.fill(at, 0xd8dee9)
		m.fill(at.Inset(1), 0x4c566a)
	}
	return m
}

var screens = []struct {
	name string
	draw func(w, h int) *Image
}{
	{"solid", solidScreen}, {"text", textScreen}, {"smooth text", smoothTextScreen}, {"palette", paletteScreen},
	{"photo", photoScreen}, {"gradient", gradientScreen}, {"noise", noiseScreen}, {"desktop", desktopScreen},
}

var formats = []struct {
	name string
	PixelFormat
}{
	{"native", Native},
	{"888 RGBX", PixelFormat{BitsPerPixel: 32, Depth: 24, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, GreenShift: 8, BlueShift: 16}},
	{"888 XRGB", PixelFormat{BitsPerPixel: 32, Depth: 24, BigEndian: true, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 16, GreenShift: 8}},
	{"888 XBGR", PixelFormat{BitsPerPixel: 32, Depth: 24, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 24, GreenShift: 16, BlueShift: 8}},
	{"888 of depth 32", PixelFormat{BitsPerPixel: 32, Depth: 32, BigEndian: true, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, GreenShift: 8, BlueShift: 16}},
	{"888 at odd bits", PixelFormat{BitsPerPixel: 32, Depth: 24, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 20, GreenShift: 11, BlueShift: 1}},
	{"10 bits each", PixelFormat{BitsPerPixel: 32, Depth: 30, TrueColour: true, RedMax: 1023, GreenMax: 1023, BlueMax: 1023, RedShift: 20, GreenShift: 10}},
	{"565 little-endian", PixelFormat{BitsPerPixel: 16, Depth: 16, TrueColour: true, RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 11, GreenShift: 5}},
	{"565 big-endian", PixelFormat{BitsPerPixel: 16, Depth: 16, BigEndian: true, TrueColour: true, RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 11, GreenShift: 5}},
	{"565 in 32 bits", PixelFormat{BitsPerPixel: 32, Depth: 16, TrueColour: true, RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 27, GreenShift: 21, BlueShift: 16}},
	{"233", PixelFormat{BitsPerPixel: 8, Depth: 8, TrueColour: true, RedMax: 7, GreenMax: 7, BlueMax: 3, GreenShift: 3, BlueShift: 6}},
	{"colour map", PixelFormat{BitsPerPixel: 8, Depth: 8}},
}
