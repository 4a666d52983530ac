//go:build linux

package main

import (
	"image"

	"sixgate/bench/scene"
	"sixgate/rfb"
)

// marks are places within what moves whose colours say which step it is, so that they come with it. A viewer shows a step
// when all of them say so: one that has only parts of it has not seen it.
type marks []image.Point

// markSide is the side of a mark: enough for its middle to keep its colour in any JPEG.
const markSide = 24

// markColours is how many colours a mark can have: three shades of each primary colour.
const markColours = 27

// markColour is the colour of the mark k at the step n. Several marks together repeat only after 27*27 steps.
func markColour(k, n int) uint32 { return colour(n + n/markColours*k) }

func colour(i int) uint32 {
	i %= markColours
	shades := [3]uint32{0, 128, 255}
	return shades[i/9]<<16 | shades[i/3%3]<<8 | shades[i%3]
}

// draw marks the step n on a window.
func (m marks) draw(w scene.Window, n int) {
	for k, at := range m {
		w.Fill(image.Rectangle{Min: at, Max: at.Add(image.Pt(markSide, markSide))}, markColour(k, n))
	}
}

// shown says whether picture shows the step n of a window whose upper left corner is at corner.
func (m marks) shown(picture *rfb.Image, corner image.Point, n int) bool {
	for k, at := range m {
		if !near(picture, corner.Add(at).Add(image.Pt(markSide/2, markSide/2)), markColour(k, n)) {
			return false
		}
	}
	return true
}

// near says whether a pixel has a colour, as JPEG keeps it.
func near(picture *rfb.Image, p image.Point, colour uint32) bool {
	if !p.In(picture.Rect) {
		return false
	}
	a := picture.Row(p.X, p.X+1, p.Y)[0]
	for shift := 0; shift < 24; shift += 8 {
		if d := int(a>>shift&255) - int(colour>>shift&255); d > 48 || d < -48 {
			return false
		}
	}
	return true
}
