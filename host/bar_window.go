package host

import (
	"fmt"
	"strings"
	"time"
)

// barQuestion is what the bar asks about new windows, the first that opened first.
type barQuestion struct {
	id    uint32           // of the first
	since time.Time        // when its question came up
	note  string           // instead of the question: why the answer did not count
	noted <-chan time.Time // when the note has been there long enough
}

// row is the bar's row with the question, and with several new windows what is done with all of them; nil when there is nothing to ask
// or to note.
func (a *barQuestion) row(b bar, asked []question) []part {
	if len(asked) == 0 {
		a.id = 0
		if a.note == "" {
			return nil
		}
		return []part{{text: a.note, ground: barGround}}
	}
	if first := asked[0].window.ID; first != a.id {
		*a = barQuestion{id: first, since: time.Now()}
	}
	text := a.note
	if text == "" {
		text = strings.ReplaceAll(b.words["newWindow"], "{program}", asked[0].window.Program)
	}
	row := []part{
		{text: text, ground: barGround},
		{text: b.words["show"], ground: barPart, does: showWindows, windows: []uint32{a.id}},
		{text: b.words["hide"], ground: barPart, does: hideWindows, windows: []uint32{a.id}},
	}
	if len(asked) == 1 {
		return row
	}
	all := make([]uint32, len(asked))
	for i, q := range asked {
		all[i] = q.window.ID
	}
	count := func(word string) string { return strings.ReplaceAll(b.words[word], "{count}", fmt.Sprint(len(all))) }
	return append(row,
		part{text: count("showAll"), ground: barPart, does: showWindows, windows: all},
		part{text: count("hideAll"), ground: barPart, does: hideWindows, windows: all})
}

// answer takes a click. A question that has just come up is not answered by what was meant for the one before.
func (a *barQuestion) answer(h *Hiding, clicked part) error {
	switch {
	case time.Since(a.since) < readNewFor:
		return nil
	case clicked.does == hideWindows:
		return h.hide(clicked.windows)
	}
	return h.click(clicked.windows)
}
