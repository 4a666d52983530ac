package host

import (
	"cmp"
	"image"
	"maps"
	"slices"
	"time"

	"sixgate/desktop"
)

// hidden is which windows the supporter does not see. While the end user has not said otherwise, a window that opens in the session
// is hidden until they have answered for it. The zero value is a desktop without windows before a session.
type hidden struct {
	live    bool // the session has begun: windows that open from now on are new
	showNew bool // they are shown without asking

	windows  []desktop.Window // that are open, by id, wherever they are
	known    map[uint32]bool  // all of them, by id; true: hidden
	left     map[uint32]bool  // hidden by the end user, and not open: some programs put a window away and bring the same one back
	programs map[string]bool  // those that are hidden with all windows that they will open
	asked    []question       // about new windows, in the order in which they opened
}

// question is whether a new window may be seen.
type question struct {
	window desktop.Window
	since  time.Time
}

// follow takes the windows that are open now. It tells whether there is anything new.
func (h *hidden) follow(open []desktop.Window, now time.Time) bool {
	open = slices.SortedFunc(slices.Values(open), func(a, b desktop.Window) int { return cmp.Compare(a.ID, b.ID) })
	for i := range open {
		open[i].Place = image.Rectangle{} // one that is dragged is no news
	}
	if slices.Equal(open, h.windows) {
		return false
	}
	was := make(map[uint32]desktop.Window, len(h.windows))
	for _, w := range h.windows {
		was[w.ID] = w
	}
	known := make(map[uint32]bool, len(open))
	for _, w := range open {
		hide, before := h.known[w.ID]
		if !before || was[w.ID].Program != w.Program { // ids are given out again
			hide = hide || h.programs[w.Program] || h.left[w.ID]
			if h.live && !h.showNew && !hide {
				hide = true
				h.asked = append(h.asked, question{w, now})
			}
		}
		known[w.ID] = hide
		delete(was, w.ID)
	}
	h.leave(was)
	h.windows, h.known = open, known
	h.asked = slices.DeleteFunc(h.asked, func(q question) bool {
		_, open := known[q.window.ID]
		return !open
	})
	return true
}

// maxLeft is how many windows that are not open stay hidden.
const maxLeft = 1000

// leave remembers which of the windows that are gone the end user has hidden.
func (h *hidden) leave(gone map[uint32]desktop.Window) {
	for id := range gone {
		if !h.known[id] || h.asks(id) || len(h.left) >= maxLeft {
			continue
		}
		if h.left == nil {
			h.left = make(map[uint32]bool)
		}
		h.left[id] = true
	}
}

// asks tells whether the end user is asked about a window.
func (h *hidden) asks(id uint32) bool {
	return slices.ContainsFunc(h.asked, func(q question) bool { return q.window.ID == id })
}

// mask is what the desktop has to leave out. A program that is hidden may open a window before we hear of it.
func (h *hidden) mask() desktop.Mask {
	known := maps.Clone(h.left)
	if known == nil {
		known = make(map[uint32]bool, len(h.known))
	}
	maps.Copy(known, h.known)
	return desktop.Mask{Known: known, HideUnknown: h.live && (!h.showNew || len(h.programs) > 0)}
}

// set hides windows or shows them, and answers what is asked about them.
func (h *hidden) set(ids []uint32, hide bool) {
	for _, id := range ids {
		if _, open := h.known[id]; open {
			h.known[id] = hide
			delete(h.left, id)
		}
	}
	h.asked = slices.DeleteFunc(h.asked, func(q question) bool { return slices.Contains(ids, q.window.ID) })
}

// read leaves out of windows the new ones whose question was not there long enough to be read.
func (h *hidden) read(ids []uint32, now time.Time) []uint32 {
	return slices.DeleteFunc(slices.Clone(ids), func(id uint32) bool {
		return slices.ContainsFunc(h.asked, func(q question) bool { return q.window.ID == id && now.Sub(q.since) < readNewFor })
	})
}

// setProgram hides all windows of a program that has some, also those that it will open, or shows them.
func (h *hidden) setProgram(program string, hide bool) {
	its := h.of(program)
	h.set(its, hide)
	if !hide {
		delete(h.programs, program)
		return
	}
	if h.programs == nil {
		h.programs = make(map[string]bool)
	}
	if len(its) > 0 {
		h.programs[program] = true
	}
}

// of are the windows of a program.
func (h *hidden) of(program string) (ids []uint32) {
	for _, w := range h.windows {
		if w.Program == program {
			ids = append(ids, w.ID)
		}
	}
	return ids
}

// hideAllBut hides everything except one window, and what opens later until the end user has answered for it.
func (h *hidden) hideAllBut(id uint32) {
	for other := range h.known {
		h.known[other] = h.known[other] || other != id
	}
	h.asked = slices.DeleteFunc(h.asked, func(q question) bool { return q.window.ID != id })
	h.showNew = false
}

// more tells whether h shows anything that it did not show before.
func (h *hidden) more(before *hidden) bool {
	for id, hide := range h.known {
		if !hide && before.known[id] {
			return true
		}
	}
	return h.showNew && !before.showNew || len(h.programs) < len(before.programs)
}

// clone is h as it is now.
func (h *hidden) clone() hidden {
	c := *h
	c.known, c.left, c.programs, c.asked = maps.Clone(h.known), maps.Clone(h.left), maps.Clone(h.programs), slices.Clone(h.asked)
	return c
}
