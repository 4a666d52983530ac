//go:build linux

package x11

import (
	"github.com/jezek/xgb/xproto"
)

// decide says of each window whether it is hidden. What is not read yet is; what is ours is not.
func (s *stack) decide() {
	s.dirty = false
	hides := s.hides()
	of := make(map[xproto.Window]*topWindow) // by client
	for _, w := range s.windows {
		if w.client != xproto.WindowNone {
			of[w.client] = w
		}
	}
	hidden, shown := make(map[uint32]bool), make(map[uint32]bool) // programs that have such windows
	for _, w := range s.windows {
		if !w.named() || w.unread {
			continue
		}
		w.hidden = hides && s.hiddenWindow(w, of, 0)
		w.hiddenPopup = false
		if by := s.ofClient(w.client); w.hidden {
			hidden[by] = true
		} else {
			shown[by] = true
		}
	}
	for _, w := range s.windows {
		switch {
		case w.unseen:
			w.hidden = false
		case w.unread:
			w.hidden = hides
		case w.named() && w.of.above != s.root:
		case !hides || s.own.has(s.ofClient(w.id)):
			w.hidden, w.hiddenPopup = false, false
		default:
			s.decidePopup(w, of[w.of.above], hidden, shown)
		}
	}
	s.version++
	s.veiled = s.visible()
}

// named tells whether a person would call it a window.
func (w *topWindow) named() bool { return w.client != xproto.WindowNone && w.of.kind != passing }

// maxAbove is how long a chain of dialogs of dialogs may be.
const maxAbove = 8

// hiddenWindow decides about a window that is no popup.
func (s *stack) hiddenWindow(w *topWindow, of map[xproto.Window]*topWindow, depth int) bool {
	if s.own.has(s.ofClient(w.client)) {
		return false
	}
	known, ok := s.veil.Known[uint32(w.client)]
	if known {
		return true
	}
	if main := of[w.of.above]; main != nil && main != w && depth < maxAbove && s.hiddenWindow(main, of, depth+1) {
		return true
	}
	return !ok && s.veil.HideUnknown && w.of.kind != panel
}

// decidePopup decides about a menu, a tooltip or a notice, and about dialogs of a whole program: as about what it is for, where
// it says so; else as about the program's windows, and the hidden ones count. The window manager's may tell of any window.
func (s *stack) decidePopup(w, main *topWindow, hidden, shown map[uint32]bool) {
	by := s.ofClient(w.id)
	if w.client != xproto.WindowNone {
		by = s.ofClient(w.client)
	}
	switch {
	case main != nil && main != w:
		w.hidden, w.hiddenPopup = main.hidden, main.hidden
	case by == s.manager:
		w.hidden, w.hiddenPopup = len(hidden) > 0, false
	case hidden[by]:
		w.hidden, w.hiddenPopup = true, true
	case w.named(): // decided
	default:
		w.hidden, w.hiddenPopup = !shown[by] && s.veil.HideUnknown, false
	}
}
