package host

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

const (
	barHeight  = 34 // of a row
	barPadding = 14
	barText    = 23 // the line of a row on which the letters stand
)

var barFace = sync.OnceValue(func() font.Face {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 15, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(err)
	}
	return face
})

// layout is the bar as it is shown: rows of parts, all of one width.
type layout [][]part

// lay gives rows the width of the widest, and at most that of the screen: their first parts take what the others leave. The first row
// is in the middle, so that Stop stays where it is when a question comes up below it.
func lay(rows [][]part, screen int) layout {
	needs, width := make([]int, len(rows)), 0
	for i, row := range rows {
		for j := range row {
			row[j].width = row[j].needs()
			needs[i] += row[j].width
		}
		width = max(width, needs[i])
	}
	width = min(width, screen)
	for i, row := range rows {
		left := width - needs[i]
		if i == 0 && left > 0 {
			row = append(row, part{ground: barGround, width: left - left/2})
			left /= 2
		}
		row[0].width = max(0, row[0].width+left)
		rows[i] = row
	}
	return rows
}

// needs is the part's width, where there is room.
func (p part) needs() int {
	if p.width > 0 {
		return p.width
	}
	return font.MeasureString(barFace(), p.text).Ceil() + 2*barPadding
}

// paint draws the bar.
func (l layout) paint() *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: l.size()})
	for i, row := range l {
		x := 0
		for j, p := range row {
			at := image.Rect(x, i*barHeight, x+p.width, (i+1)*barHeight)
			draw.Draw(img, at, image.NewUniform(p.ground), image.Point{}, draw.Src)
			if j > 0 && p.ground == row[j-1].ground { // a line between those that look alike
				draw.Draw(img, image.Rect(x, at.Min.Y, x+1, at.Max.Y), image.NewUniform(barGround), image.Point{}, draw.Src)
			}
			p.write(img.SubImage(at).(*image.RGBA))
			x = at.Max.X
		}
	}
	return img
}

func (l layout) size() (size image.Point) {
	for _, p := range l[0] {
		size.X += p.width
	}
	size.Y = len(l) * barHeight
	return size
}

// write puts the part's text into its place, as much of it as there is room for.
func (p part) write(place *image.RGBA) {
	d := font.Drawer{Dst: place, Face: barFace(), Dot: fixed.P(place.Rect.Min.X+barPadding, place.Rect.Min.Y+barText)}
	end := fixed.I(place.Rect.Max.X - barPadding)
	letters := []rune(p.text)
	for i, r := range letters {
		advance, _ := d.Face.GlyphAdvance(r)
		more, _ := d.Face.GlyphAdvance('…')
		if i+1 < len(letters) && d.Dot.X+advance+more > end && d.MeasureString(string(letters[i:])) > end-d.Dot.X {
			r = '…'
		}
		if d.Src = image.NewUniform(barInk); r == '●' {
			d.Src = image.NewUniform(color.RGBA{0xff, 0x5a, 0x52, 0xff})
		}
		d.DrawString(string(r))
		if r == '…' {
			return
		}
	}
}

// at is the part at a place of the bar.
func (l layout) at(place image.Point) part {
	if row := place.Y / barHeight; place.Y >= 0 && row < len(l) {
		x := 0
		for _, p := range l[row] {
			if x += p.width; place.X >= 0 && place.X < x {
				return p
			}
		}
	}
	return part{}
}
