package rfbserver

import (
	"image"
	"slices"
	"testing"
	"testing/synctest"

	"sixgate/rfb"
)

// However many cores code them, the pieces of an update come in the order in which one reads, column by column: gvnccapture has
// seen enough when the lower right corner has come.
func TestPiecesComeInOrder(t *testing.T) {
	if len(newCoders()) < 2 {
		t.Log("there is one core")
	}
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(1283, 797)
		v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingZRLE)
		var want []image.Rectangle
		for r := range pieces(image.Rect(0, 0, 1283, 797), pieceArea) {
			want = append(want, r)
		}
		for range 20 {
			v.ask(false)
			got := v.update().Rects
			if got = got[max(0, len(got)-len(want)):]; !slices.Equal(got, want) { // the first update begins with what opens the stream
				t.Fatalf("%v, not %v", got, want)
			}
		}
	})
}
