package rfbserver

import (
	"testing"
	"time"
)

// A timer that is late each time must not slow the captures down, and one that is far behind must not bunch them.
func TestCapturesKeepTheirRate(t *testing.T) {
	w := watch{rest: time.NewTimer(time.Hour)}
	defer w.rest.Stop()
	began := time.Now()
	w.captures(began)
	for range 60 {
		w.captures(w.next.Add(frame / 4))
	}
	if got := w.next.Sub(began); got != 61*frame {
		t.Errorf("60 captures, each a quarter of a frame late, took %v; want %v", got-frame, 60*frame)
	}
	late := w.next.Add(10 * frame)
	w.captures(late)
	if got := w.next.Sub(late); got != frame {
		t.Errorf("after a pause the next capture comes in %v; want %v", got, frame)
	}
}
