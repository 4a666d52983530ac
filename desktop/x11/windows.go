//go:build linux

package x11

import (
	"image"
	"slices"

	"sixgate/desktop"
)

// Windows are the windows that a person would name, front to back, and then those that are iconified or on another desktop.
func (d *Desktop) Windows() []desktop.Window {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.settle(); err != nil {
		d.log.Debug("windows unknown", "err", err)
		return nil
	}
	var seen, away []desktop.Window
	for _, w := range slices.Backward(d.stack.windows) {
		if !w.named() || w.of.kind != ordinary || w.unread || d.stack.own.has(d.stack.ofClient(w.client)) {
			continue
		}
		named := desktop.Window{ID: uint32(w.client), Title: w.of.title, Program: w.of.program, Place: w.place}
		if w.mapped {
			seen = append(seen, named)
		} else if w.of.managed {
			away = append(away, named)
		}
	}
	return append(seen, away...)
}

// WindowsChanged receives when Windows may tell something else than it last did.
func (d *Desktop) WindowsChanged() <-chan struct{} { return d.windowsChanged }

// Mask says which windows are hidden from the next Capture on.
func (d *Desktop) Mask(m desktop.Mask) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.begun && !m.Hides() {
		return
	}
	d.stack.veil, d.stack.dirty = m, true
	if !m.Hides() {
		d.stack.ghosts.at = nil
	}
	if err := d.settle(); err != nil {
		d.log.Debug("windows unknown", "err", err) // then the next Capture fails too
	}
	d.signal()
}

// HiddenAt tells whether a hidden window is in front at a place of the screen.
func (d *Desktop) HiddenAt(p image.Point) bool { return d.input.curtain.at(p) }

// FocusHidden tells whether what is typed now would go to a hidden window.
func (d *Desktop) FocusHidden() bool { return d.input.curtain.typed() }
