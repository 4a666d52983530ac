package viewerbridge

import (
	"image"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/math/fixed"

	"sixgate/session"
)

// A notice is read in two seconds, on a picture of any size: no word of it may be cut off.
func TestNoticeIsWhole(t *testing.T) {
	for _, size := range []image.Point{{320, 240}, {800, 600}, {1920, 1080}} {
		for reason := session.ByUser; reason.Known(); reason++ {
			how, why, _ := strings.Cut(reason.Error(), ": ")
			pix := make([]uint32, size.X*size.Y)
			paintNotice(pix, size, how, why)
			for y := range size.Y {
				row := pix[y*size.X:][:size.X]
				if edge := row[0]; slices.ContainsFunc(slices.Concat(row[:margin/2], row[size.X-margin/2:]), func(p uint32) bool { return p != edge }) {
					t.Errorf("%v reaches the side of %v at line %d", reason, size, y)
					break
				}
			}
			if !slices.Equal(pix[:size.X], pix[len(pix)-size.X:]) {
				t.Errorf("%v reaches the bottom of %v", reason, size)
			}
		}
	}
}

func TestLinesKeepEveryWord(t *testing.T) {
	const text = "the check digits were wrong three times; somebody may be listening in"
	for _, width := range []int{1, 50, 100, 200, 2000} {
		got := slices.Collect(lines(faces().small, text, fixed.I(width)))
		if strings.Join(got, " ") != text {
			t.Errorf("%d pixels wide: %q", width, got)
		}
		if one := len(got) == 1; one != (width == 2000) {
			t.Errorf("%d pixels wide: %d lines", width, len(got))
		}
	}
}
