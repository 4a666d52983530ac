//go:build !cgo

package portable

import (
	"errors"
	"image"
	"log/slog"
)

// Desktop cannot be had without cgo; its methods are there to build with.
type Desktop struct{}

var errNoCgo = errors.New("this program was built without cgo, which the portable desktop needs: " +
	"build it on the system that it is for, with a C compiler and CGO_ENABLED=1")

// Open always returns an error here.
func Open(display string, log *slog.Logger) (*Desktop, error) { return nil, errNoCgo }

func (*Desktop) Close() error                              { return nil }
func (*Desktop) Changed() <-chan struct{}                  { return nil }
func (*Desktop) Refresh()                                  {}
func (*Desktop) Gone() <-chan struct{}                     { return nil }
func (*Desktop) Name() string                              { return "" }
func (*Desktop) Screens() []image.Rectangle                { return nil }
func (*Desktop) Capture(take func(pieces []piece)) error   { return errNoCgo }
func (*Desktop) Cursor() (*image.RGBA, image.Point)        { return nil, image.Point{} }
func (*Desktop) Pointer() image.Point                      { return image.Point{} }
func (*Desktop) Clipboard() string                         { return "" }
func (*Desktop) MovePointer(p image.Point, buttons uint16) {}
func (*Desktop) Key(keysym uint32, down bool)              {}
func (*Desktop) SetClipboard(text string)                  {}
func (*Desktop) ClearClipboard()                           {}
func (*Desktop) LEDs() int                                 { return -1 }
func (*Desktop) PushPointer(d image.Point, buttons uint16) {}
func (*Desktop) KeyCode(code, keysym uint32, down bool)    {}
func (*Desktop) Resize(image.Point) error                  { return errNoCgo }
