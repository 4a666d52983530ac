//go:build linux

package main

import (
	"image"
	"testing"

	"sixgate/rfb"
)

// paint puts the mark k of the step n on a picture.
func (m marks) paint(picture *rfb.Image, corner image.Point, k, n int) {
	r := image.Rectangle{Max: image.Pt(markSide, markSide)}.Add(corner).Add(m[k])
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := picture.Row(r.Min.X, r.Max.X, y)
		for x := range row {
			row[x] = markColour(k, n)
		}
	}
}

// A step of which one mark has not come has not been seen, whichever step that one is of.
func TestStepIsSeenWhenAllOfItCame(t *testing.T) {
	m, corner := spread(image.Pt(200, 100)), image.Pt(7, 9)
	a := &action{
		step:  func(int) error { return nil },
		shown: func(picture *rfb.Image, n int) bool { return m.shown(picture, corner, n) },
	}
	for range markColours * markColours {
		if err := a.take(); err != nil {
			t.Fatal(err)
		}
	}
	last := int(a.begun.Load())
	for _, n := range []int{1, last - markColours, last} {
		picture := rfb.NewImage(image.Rect(0, 0, 220, 120))
		for i := range picture.Pix {
			picture.Pix[i] = 0x404040 // no mark has anything near it
		}
		for k := range m {
			if got := a.latest(picture, 0); got != 0 {
				t.Fatalf("step %d was seen with %d of %d marks of step %d", got, k, len(m), n)
			}
			m.paint(picture, corner, k, n)
		}
		if got := a.latest(picture, 0); got != n {
			t.Errorf("%d was seen instead of step %d", got, n)
		}
		if got := a.latest(picture, n); got != 0 {
			t.Errorf("step %d was seen after step %d", got, n)
		}
		m.paint(picture, corner, len(m)-1, n-1)
		if got := a.latest(picture, 0); got != 0 {
			t.Errorf("step %d was seen with a mark of step %d", got, n-1)
		}
	}
}

// What fills the browser's window tells where it is.
func TestNoTwoPlacesOfThePageLookTheSame(t *testing.T) {
	const visible = 20
	seen := map[[visible]uint32]int{}
	for top := range bands - visible + 1 {
		var view [visible]uint32
		for i := range view {
			view[i] = bandColour(top + i)
		}
		if other, ok := seen[view]; ok {
			t.Errorf("the bands %d and %d begin the same view", other, top)
		}
		seen[view] = top
	}
}
