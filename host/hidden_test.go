package host

import (
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"sixgate/desktop"
)

// opened are windows by number, of programs in turn: 1 is Mail's, 2 the Bank's, 3 Mail's again.
func opened(ids ...uint32) (windows []desktop.Window) {
	for _, id := range ids {
		windows = append(windows, desktop.Window{ID: id, Title: fmt.Sprint("title ", id), Program: [...]string{"Bank", "Mail"}[id%2]})
	}
	return windows
}

// stands is how h is, as a test writes it: the windows with - before those that are hidden, * after those that are asked about, and
// "others" where windows that nobody has heard of are hidden.
func (h *hidden) stands() string {
	var words []string
	for _, id := range slices.Sorted(maps.Keys(h.known)) {
		word := fmt.Sprint(id)
		if h.known[id] {
			word = "-" + word
		}
		if h.asks(id) {
			word += "*"
		}
		words = append(words, word)
	}
	if h.mask().HideUnknown {
		words = append(words, "others")
	}
	return strings.Join(words, " ")
}

func TestHidden(t *testing.T) {
	type step struct {
		name string
		do   func(*hidden)
	}
	open := func(ids ...uint32) step {
		return step{fmt.Sprint("open ", ids), func(h *hidden) { h.follow(opened(ids...), time.Time{}) }}
	}
	begin := step{"begin", func(h *hidden) { h.live = true }}
	beginShowing := step{"begin", func(h *hidden) { h.live, h.showNew = true, true }}
	hide := func(ids ...uint32) step { return step{fmt.Sprint("hide ", ids), func(h *hidden) { h.set(ids, true) }} }
	show := func(ids ...uint32) step { return step{fmt.Sprint("show ", ids), func(h *hidden) { h.set(ids, false) }} }
	program := func(name string, hide bool) step {
		return step{fmt.Sprint(name, " ", hide), func(h *hidden) { h.setProgram(name, hide) }}
	}
	only := func(id uint32) step { return step{fmt.Sprint("only ", id), func(h *hidden) { h.hideAllBut(id) }} }

	for _, tt := range []struct {
		steps []step
		want  string
	}{
		// Before a session all is shown unless chosen; what is open when it begins is known.
		{[]step{open(1, 2)}, "1 2"},
		{[]step{open(1, 2), hide(2), open(1, 2, 3)}, "1 -2 3"},
		{[]step{open(1, 2), hide(2), begin}, "1 -2 others"},
		{[]step{open(1, 2), hide(2), beginShowing}, "1 -2"},
		// What opens in the session is asked about.
		{[]step{open(1), begin, open(1, 2)}, "1 -2* others"},
		{[]step{open(1), begin, open(1, 2), open(1, 2, 3)}, "1 -2* -3* others"},
		{[]step{open(1), begin, open(1, 2, 3), show(2)}, "1 2 -3* others"},
		{[]step{open(1), begin, open(1, 2, 3), show(2), hide(3)}, "1 2 -3 others"},
		{[]step{open(1), begin, open(1, 2, 3), show(2, 3)}, "1 2 3 others"},
		{[]step{open(1), beginShowing, open(1, 2)}, "1 2"},
		// One that is gone is not asked about, and comes back as a new one.
		{[]step{open(1), begin, open(1, 2), open(1)}, "1 others"},
		{[]step{open(1), begin, open(), open(1)}, "-1* others"},
		// In front or behind is no matter.
		{[]step{open(1, 2), begin, hide(2), open(2, 1)}, "1 -2 others"},
		// What the end user has hidden stays so when it is put away and brought back, until they show it.
		{[]step{open(1, 2), hide(2), beginShowing, open(1), open(1, 2)}, "1 -2"},
		{[]step{open(1, 2), begin, hide(2), open(1), open(1, 2)}, "1 -2 others"},
		{[]step{open(1, 2), beginShowing, hide(2), open(1), open(1, 2), show(2), open(1), open(1, 2)}, "1 2"},
		// An id that another program's window has now.
		{[]step{open(1, 2), begin, {"2 is Mail's", func(h *hidden) {
			windows := opened(1, 2)
			windows[1].Program = "Mail"
			h.follow(windows, time.Time{})
		}}}, "1 -2* others"},
		// A hidden one that names another program.
		{[]step{open(1, 2), hide(2), {"2 is Mail's", func(h *hidden) {
			windows := opened(1, 2)
			windows[1].Program = "Mail"
			h.follow(windows, time.Time{})
		}}}, "1 -2"},
		// An answer for a window that has gone is for no other.
		{[]step{open(1), begin, open(1, 2), open(1, 4), show(2)}, "1 -4* others"},
		// Programs are hidden with what they open later, also where nobody is asked.
		{[]step{open(1, 2, 3), program("Mail", true)}, "-1 2 -3"},
		{[]step{open(1, 2), program("Mail", true), begin, open(1, 2, 3, 4)}, "-1 2 -3 -4* others"},
		{[]step{open(1, 2), program("Mail", true), beginShowing, open(1, 2, 3, 4)}, "-1 2 -3 4 others"},
		{[]step{open(1, 2), program("Mail", true), program("Mail", false), beginShowing, open(1, 2, 3)}, "1 2 3"},
		{[]step{open(1, 2, 3), program("Mail", true), show(1)}, "1 2 -3"},
		{[]step{open(2), begin, open(1, 2), program("Mail", true)}, "-1 2 others"},
		// All but one, and what opens later is asked about whatever was said before.
		{[]step{open(1, 2, 3), beginShowing, only(2), open(1, 2, 3, 4)}, "-1 2 -3 -4* others"},
		{[]step{open(1, 2, 3), hide(2), begin, only(2)}, "-1 -2 -3 others"}, // hides, and shows nothing
		{[]step{open(1), begin, open(1, 2, 3), only(2)}, "-1 -2* -3 others"},
	} {
		var h hidden
		var names []string
		for _, s := range tt.steps {
			s.do(&h)
			names = append(names, s.name)
		}
		if got := h.stands(); got != tt.want {
			t.Errorf("%s: %q, want %q", strings.Join(names, ", "), got, tt.want)
		}
	}
}

// Windows that are dragged or raised are no news.
func TestDraggedWindowsAreNoNews(t *testing.T) {
	var h hidden
	if !h.follow(opened(1, 2), time.Time{}) {
		t.Error("two windows are no news")
	}
	windows := opened(2, 1)
	windows[0].Place = image.Rect(1, 2, 3, 4)
	if h.follow(windows, time.Time{}) {
		t.Error("a window that was dragged is news")
	}
	if windows[1].Title = "another"; !h.follow(windows, time.Time{}) {
		t.Error("another title is no news")
	}
}

// Only what shows more than before has to wait until the supporter's hands are off.
func TestMoreShown(t *testing.T) {
	var before hidden
	before.follow(opened(1, 2), time.Time{})
	before.live = true
	before.set([]uint32{2}, true)
	before.programs = map[string]bool{"Other": true} // whose windows are all closed
	for name, tt := range map[string]struct {
		change func(*hidden)
		want   bool
	}{
		"nothing":           {func(h *hidden) {}, false},
		"hide":              {func(h *hidden) { h.set([]uint32{1, 2}, true) }, false},
		"show":              {func(h *hidden) { h.set([]uint32{2}, false) }, true},
		"show what is":      {func(h *hidden) { h.set([]uint32{1}, false) }, false},
		"show what is not":  {func(h *hidden) { h.set([]uint32{9}, false) }, false},
		"all but one":       {func(h *hidden) { h.hideAllBut(2) }, false},
		"hide a program":    {func(h *hidden) { h.setProgram("Mail", true) }, false},
		"show a program":    {func(h *hidden) { h.setProgram("Bank", false) }, true},
		"forget a program":  {func(h *hidden) { h.setProgram("Other", false) }, true},
		"ask no more":       {func(h *hidden) { h.showNew = true }, true},
		"one shown, others": {func(h *hidden) { h.set([]uint32{1}, true); h.set([]uint32{2}, false) }, true},
	} {
		h := before.clone()
		tt.change(&h)
		if got := h.more(&before); got != tt.want {
			t.Errorf("%s: shows more is %v", name, got)
		}
	}
	if got := before.stands(); got != "1 -2 others" {
		t.Errorf("a change of a copy changed it: %s", got)
	}
}
