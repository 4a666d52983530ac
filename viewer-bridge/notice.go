package viewerbridge

import (
	"image"
	"image/color"
	"image/draw"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var (
	paper = color.RGBA{0x1b, 0x24, 0x30, 0xff}
	ink   = color.RGBA{0xf2, 0xf4, 0xf7, 0xff}
	faint = color.RGBA{0x9f, 0xac, 0xbd, 0xff}
)

// faces are the two sizes of type in which a notice is set.
var faces = sync.OnceValue(func() (f struct{ large, small font.Face }) {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	set := func(size float64) font.Face {
		face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
		if err != nil {
			panic(err)
		}
		return face
	}
	f.large, f.small = set(28), set(15)
	return f
})

// paintNotice covers pix, size.X pixels wide, with a headline and a line below it: what viewers see while there is no
// desktop to show. The host's last picture is gone from there: it is not ours to keep.
func paintNotice(pix []uint32, size image.Point, headline, detail string) {
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(canvas, canvas.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	middle := size.Y / 2
	centre(canvas, faces().large, ink, middle, headline)
	centre(canvas, faces().small, faint, middle+36, detail)
	for i := range pix {
		p := canvas.Pix[4*i : 4*i+3 : 4*i+3]
		pix[i] = uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
	}
}

func centre(canvas *image.RGBA, face font.Face, ink color.Color, baseline int, text string) {
	x := (fixed.I(canvas.Rect.Dx()) - font.MeasureString(face, text)) / 2
	d := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: face, Dot: fixed.Point26_6{X: max(x, 0), Y: fixed.I(baseline)}}
	d.DrawString(text)
}
