//go:build linux

package x11

import (
	"image"

	"sixgate/desktop"
)

// Windows are the windows that a person would name, front to back.
func (d *Desktop) Windows() []desktop.Window { return nil }

// WindowsChanged receives when Windows may tell something else than it last did.
func (d *Desktop) WindowsChanged() <-chan struct{} { return nil }

// Mask says which windows are hidden from the next Capture on.
func (d *Desktop) Mask(desktop.Mask) {}

// Thumbnail is a picture of a window that fits within a size; nil where nothing can be seen of it, a hatch where it is hidden.
func (d *Desktop) Thumbnail(id uint32, within image.Point) (*image.RGBA, error) { return nil, nil }

// HiddenAt tells whether a hidden window is in front at a place of the screen.
func (d *Desktop) HiddenAt(p image.Point) bool { return false }

// FocusHidden tells whether what is typed now would go to a hidden window.
func (d *Desktop) FocusHidden() bool { return false }
