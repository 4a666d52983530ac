package host

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"sixgate/session"
)

// pen is the supporter's pointer while they guide: it is drawn on the end user's screen, and moves nothing else.
type pen struct {
	at      image.Point
	buttons uint16
}

// guiding tells whether what the supporter points at is shown, and nothing done with it.
func (g *gate) guiding() bool {
	return g.mode != nil && g.mode() == session.ModeGuidance && g.may(session.View)
}

// guide shows the pointer at a place. The left button draws, the right one takes the strokes away.
func (g *gate) guide(move func(from image.Point) image.Point, buttons uint16) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.panel == nil || !g.guiding() {
		return
	}
	const left, right = 1 << 0, 1 << 2
	was := g.pen
	g.pen = pen{move(was.at), buttons}
	g.panel.Point(g.pen.at)
	switch {
	case buttons&left != 0 && was.buttons&left != 0:
		g.panel.Stroke(was.at, g.pen.at)
	case buttons&left != 0:
		g.panel.Stroke(g.pen.at, g.pen.at) // a dot
	case buttons&^was.buttons&right != 0:
		g.panel.Clear()
	}
}

// onScreen is the nearest place on the screens.
func onScreen(p image.Point, screens []image.Rectangle) image.Point {
	var all image.Rectangle
	for _, s := range screens {
		all = all.Union(s)
	}
	return image.Pt(max(all.Min.X, min(p.X, all.Max.X-1)), max(all.Min.Y, min(p.Y, all.Max.Y-1)))
}

// arrow is the outline of a pointer, with its tip at the origin.
var arrow = []image.Point{{0, 0}, {0, 33}, {8, 26}, {14, 39}, {20, 36}, {14, 24}, {25, 24}}

const (
	arrowEdge  = 3 // of white around it
	tagHeight  = 24
	tagPadding = 8
)

// paintPointer draws the supporter's pointer, with their name beside it, and says where its tip is.
func paintPointer(name string) (picture *image.RGBA, tip image.Point) {
	if letters := []rune(name); len(letters) > longName {
		name = string(letters[:longName-1]) + "…"
	}
	tip = image.Pt(arrowEdge, arrowEdge)
	tag := image.Rect(24, 38, 24+font.MeasureString(barFace(), name).Ceil()+2*tagPadding, 38+tagHeight).Add(tip)
	picture = image.NewRGBA(image.Rectangle{Max: tag.Max.Add(tip)})
	draw.Draw(picture, tag.Inset(-2), image.NewUniform(barInk), image.Point{}, draw.Src)
	for angle := 0.0; angle < 2*math.Pi; angle += math.Pi / 16 {
		drawArrow(picture, tip, arrowEdge*math.Cos(angle), arrowEdge*math.Sin(angle), barInk)
	}
	draw.Draw(picture, tag, image.NewUniform(barRed), image.Point{}, draw.Src)
	drawArrow(picture, tip, 0, 0, barRed)
	d := font.Drawer{Dst: picture, Src: image.NewUniform(barInk), Face: barFace(), Dot: fixed.P(tag.Min.X+tagPadding, tag.Min.Y+17)}
	d.DrawString(name)
	return picture, tip
}

// drawArrow draws it with its tip at a place, a little beside that.
func drawArrow(picture *image.RGBA, tip image.Point, dx, dy float64, c color.RGBA) {
	r := vector.NewRasterizer(picture.Rect.Dx(), picture.Rect.Dy())
	for i, p := range arrow {
		x, y := float32(float64(tip.X+p.X)+dx), float32(float64(tip.Y+p.Y)+dy)
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(picture, picture.Rect, image.NewUniform(c), image.Point{})
}
