package host

import (
	"image"
	"image/color"
	"image/draw"
	"sync"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"sixgate/session"
)

// bar is what the end user has before their eyes while somebody sees their screen: who, since when, what a key changes, and how to
// stop. Each part of it does what its key does.
type bar struct {
	words map[string]string
	keys  hotKeys
	page  bool // there is one, which the name shows again
}

// action is what a key or a part of the bar does.
type action uint8

const (
	nothing action = iota
	toggleFiles
	toggleControl
	stop
	showPage
)

const (
	barHeight  = 34
	barPadding = 14
	barText    = 23 // the line on which the letters stand
	longName   = 40 // letters of a supporter's name
)

var (
	barGround = color.RGBA{0x16, 0x21, 0x2c, 0xff}
	barPart   = color.RGBA{0x2c, 0x3b, 0x49, 0xff}
	barRed    = color.RGBA{0xc6, 0x28, 0x28, 0xff}
	barInk    = color.RGBA{0xff, 0xff, 0xff, 0xff}
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

// part is a piece of the bar.
type part struct {
	text   string
	ground color.RGBA
	does   action
}

// parts are those of the bar, from left to right.
func (b bar) parts(c *Consent) []part {
	name := []rune(who(c.Supporter))
	if len(name) > longName {
		name = append(name[:longName-1], '…')
	}
	shows := nothing
	if b.page {
		shows = showPage
	}
	parts := []part{{"●  " + string(name) + "   " + c.From.Format(time.TimeOnly)[:5], barGround, shows}}
	allowed := c.Allowed()
	if c.Offered().Has(session.Files) {
		parts = append(parts, part{b.key(toggleFiles) + b.state("files", allowed.Has(session.Files)), barPart, toggleFiles})
	}
	if c.Offered().Has(session.Control) {
		parts = append(parts, part{b.key(toggleControl) + b.state("control", allowed.Has(session.Control)), barPart, toggleControl})
	} else {
		parts = append(parts, part{b.words["is-"+c.Mode().String()], barPart, nothing})
	}
	return append(parts, part{b.key(stop) + b.words["stop"], barRed, stop})
}

func (b bar) state(what string, on bool) string {
	if on {
		return b.words[what+"On"]
	}
	return b.words[what+"Off"]
}

// key names the key of an action, for those who have it.
func (b bar) key(a action) string {
	if name := b.keys.name(a); name != "" {
		return name + "  "
	}
	return ""
}

// paint draws the bar as it is for c.
func (b bar) paint(c *Consent) *image.RGBA {
	parts := b.parts(c)
	width := 0
	for _, p := range parts {
		width += p.width()
	}
	img := image.NewRGBA(image.Rect(0, 0, width, barHeight))
	x := 0
	for _, p := range parts {
		at := image.Rect(x, 0, x+p.width(), barHeight)
		draw.Draw(img, at, image.NewUniform(p.ground), image.Point{}, draw.Src)
		d := font.Drawer{Dst: img, Src: image.NewUniform(barInk), Face: barFace(), Dot: fixed.P(x+barPadding, barText)}
		for _, r := range p.text {
			if d.Src = image.NewUniform(barInk); r == '●' {
				d.Src = image.NewUniform(color.RGBA{0xff, 0x5a, 0x52, 0xff})
			}
			d.DrawString(string(r))
		}
		x = at.Max.X
	}
	return img
}

func (p part) width() int { return font.MeasureString(barFace(), p.text).Ceil() + 2*barPadding }

// at is what the part at a place of the bar does.
func (b bar) at(c *Consent, place image.Point) action {
	x := 0
	for _, p := range b.parts(c) {
		if x += p.width(); place.X < x {
			return p.does
		}
	}
	return nothing
}
