//go:build cgo && !linux

package portable

import (
	"context"
	"image"

	"github.com/go-vgo/robotgo"
	"github.com/kbinani/screenshot"
)

func connect(display string) error {
	if screenshot.NumActiveDisplays() == 0 {
		return errNoDisplay
	}
	return nil
}

func disconnect() {}

// robotOrigin is where the frame begins for robotgo, which has the coordinates of kbinani/screenshot.
func robotOrigin(origin image.Point) image.Point { return origin }

// grab takes a picture of an area.
func grab(area image.Rectangle, take func(shot)) error {
	img, err := screenshot.CaptureRect(area)
	if err == nil {
		take(shot{img.Pix, img.Rect.Size(), img.Stride, 0, 1, 2})
	}
	return err
}

func readClipboard(context.Context) (string, error) { return robotgo.ReadAll() }

func offer(_ context.Context, text string) (end func(), err error) {
	end = func() {
		if now, err := robotgo.ReadAll(); err == nil && now == text {
			robotgo.WriteAll("")
		}
	}
	return end, robotgo.WriteAll(text)
}
