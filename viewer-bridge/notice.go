package viewerbridge

import (
	"image"
	"image/color"
	"image/draw"
	"iter"
	"strings"
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

// margin stays free on both sides of a notice, in pixels.
const margin = 24

// noticeHeight is the strip in the middle of a picture that has a notice's words.
const noticeHeight = 400

// paintNotice covers pix, size.X pixels wide, with a headline and a line below it: what viewers see while there is no
// desktop to show. The host's last picture is gone from there: it is not ours to keep.
func paintNotice(pix []uint32, size image.Point, headline, detail string) {
	for i := range pix {
		pix[i] = uint32(paper.R)<<16 | uint32(paper.G)<<8 | uint32(paper.B)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, size.X, min(noticeHeight, size.Y)))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	below := centre(canvas, faces().large, ink, canvas.Rect.Dy()/3, headline)
	centre(canvas, faces().small, faint, below, detail)
	strip := pix[(size.Y-canvas.Rect.Dy())/2*size.X:]
	for i := range canvas.Rect.Dx() * canvas.Rect.Dy() {
		p := canvas.Pix[4*i : 4*i+3 : 4*i+3]
		strip[i] = uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
	}
}

func centre(canvas *image.RGBA, face font.Face, ink color.Color, baseline int, text string) (below int) {
	for line := range lines(face, text, fixed.I(canvas.Rect.Dx()-2*margin)) {
		x := (fixed.I(canvas.Rect.Dx()) - font.MeasureString(face, line)) / 2
		d := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: face, Dot: fixed.Point26_6{X: max(x, 0), Y: fixed.I(baseline)}}
		d.DrawString(line)
		baseline += face.Metrics().Height.Ceil() + 4
	}
	return baseline
}

// lines breaks text between words into lines of at most the given width; a longer word has a line for itself.
func lines(face font.Face, text string, width fixed.Int26_6) iter.Seq[string] {
	return func(each func(string) bool) {
		line := ""
		for _, word := range strings.Fields(text) {
			longer := strings.TrimSpace(line + " " + word)
			if line != "" && font.MeasureString(face, longer) > width {
				if !each(line) {
					return
				}
				longer = word
			}
			line = longer
		}
		if line != "" {
			each(line)
		}
	}
}
