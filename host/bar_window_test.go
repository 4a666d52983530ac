package host

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"sixgate/session"
	"sixgate/web"
)

// The bar's question can be answered, and the session stopped, in every language and on small screens too.
func TestBarAsks(t *testing.T) {
	keys := hotKeys{keyF10: stop, keyF12: toggleControl}
	for _, language := range []string{"en", "de", "it", "fr", "es"} {
		for _, screenWide := range []int{3840, 1024, 640} {
			for _, program := range []string{"Mail", strings.Repeat("A very long name ", 10)} {
				b := bar{words: web.Words(language), keys: keys}
				c := newConsent(t.Context(), new(screen), newRequest(ada), Grant{Permissions: session.View})
				var asked []question
				for _, w := range opened(1, 2, 3) {
					w.Program = program
					asked = append(asked, question{window: w})
				}
				asks := new(barQuestion)
				one := lay([][]part{b.parts(c), asks.row(b, asked[:1])}, screenWide)
				all := lay([][]part{b.parts(c), asks.row(b, asked)}, screenWide)
				calm := lay([][]part{b.parts(c)}, screenWide)
				if moved := stopAt(one, screenWide) - stopAt(calm, screenWide); program == "Mail" && (moved < -1 || moved > 1) {
					t.Errorf("%s: a question moves Stop by %d pixels", language, moved)
				}
				for name, l := range map[string]layout{"one": one, "three": all} {
					size := l.paint().Rect.Size()
					if size.X > screenWide || size.Y != 2*barHeight {
						t.Errorf("%s, %s: the bar is %v on a screen of %d", language, name, size, screenWide)
					}
					type answer struct {
						does    action
						windows int
					}
					found := map[answer]int{} // pixels
					for x := range size.X {
						for y := range l {
							p := l.at(image.Pt(x, y*barHeight+5))
							found[answer{p.does, len(p.windows)}]++
						}
					}
					want := []answer{{stop, 0}, {showWindows, 1}, {hideWindows, 1}}
					if name == "three" {
						want = append(want, answer{showWindows, 3}, answer{hideWindows, 3})
					}
					for _, a := range want {
						if found[a] < 40 {
							t.Errorf("%s, %s, %d wide: %d pixels do %v", language, name, screenWide, found[a], a)
						}
					}
				}
			}
		}
	}
}

// stopAt is where Stop begins on a screen, which has the bar in its middle.
func stopAt(l layout, screen int) int {
	x := (screen - l.size().X) / 2
	for _, p := range l[0] {
		if p.does == stop {
			break
		}
		x += p.width
	}
	return x
}

// A click that was meant for the question before is no answer.
func TestBarQuestionIsReadFirst(t *testing.T) {
	d := newWindowed(1)
	h := newHiding(d)
	d.settle = h.apply
	h.begin(false, func(time.Duration) bool { return true })
	d.opens(1, 2, 4)
	h.look()
	b := bar{words: web.Words("en")}
	var asks barQuestion
	click := func(does action) error {
		t.Helper()
		row := asks.row(b, h.asked())
		i := slices.IndexFunc(row, func(p part) bool { return p.does == does })
		return asks.answer(h, row[i])
	}
	old := func() { // what is asked has been there for a while
		h.mu.Lock()
		defer h.mu.Unlock()
		for i := range h.hidden.asked {
			h.hidden.asked[i].since = time.Time{}
		}
	}
	old()
	if err := click(showWindows); err != nil || len(h.asked()) != 2 {
		t.Errorf("a click in the moment in which the question appeared: %v, asked is %v", err, h.asked())
	}
	asks.since = time.Time{}
	if err := click(showWindows); err != nil || d.hides(2) || len(h.asked()) != 1 {
		t.Errorf("Show: %v, asked is %v", err, h.asked())
	}
	for _, does := range []action{showWindows, hideWindows} {
		if err := click(does); err != nil || !d.hides(4) || len(h.asked()) != 1 {
			t.Errorf("a double click answers for two windows: %v", err)
		}
	}
	asks.since = time.Time{}
	if err := click(hideWindows); err != nil || !d.hides(4) || len(h.asked()) != 0 {
		t.Errorf("Hide: %v, asked is %v", err, h.asked())
	}
	if row := asks.row(b, h.asked()); row != nil {
		t.Errorf("nothing is asked any more, and the bar says %v", row)
	}
}
