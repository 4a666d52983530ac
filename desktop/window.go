// Package desktop has the words that a desktop and those who decide about it share: its windows, and which of them others
// do not get to see.
package desktop

import "image"

// MaxTitle is how many bytes a title has at most.
const MaxTitle = 200

// Window is what a person calls a window: with its frame, and without the menus and tooltips that it opens.
type Window struct {
	ID      uint32
	Title   string          // UTF-8 without control characters, at most MaxTitle bytes
	Program string          // whose it is, "Firefox": may be told even of a hidden window
	Place   image.Rectangle // with its frame, on the screens or beyond them
}

// Mask says which windows are hidden. What belongs to a hidden window, its menus, tooltips and dialogs, is hidden with it.
// The zero value hides nothing.
type Mask struct {
	Known       map[uint32]bool // by Window.ID: true is hidden, false is shown
	HideUnknown bool            // what is in neither way known
}

// Hides tells whether the mask can hide anything at all.
func (m Mask) Hides() bool {
	if m.HideUnknown {
		return true
	}
	for _, hidden := range m.Known {
		if hidden {
			return true
		}
	}
	return false
}
