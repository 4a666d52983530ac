package host

import (
	"context"
	"errors"
	"image"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/desktop"
)

// windowed is a desktop with windows, and what it was told to hide of them.
type windowed struct {
	presses
	changed chan struct{}
	settle  func()

	mu   sync.Mutex
	open []desktop.Window
	mask desktop.Mask
}

func newWindowed(ids ...uint32) *windowed {
	return &windowed{presses: *newPresses(), changed: make(chan struct{}, 1), open: opened(ids...)}
}

func (w *windowed) Windows() []desktop.Window {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open
}

func (w *windowed) opens(ids ...uint32) {
	w.mu.Lock()
	w.open = opened(ids...)
	w.mu.Unlock()
	poke(w.changed)
}

func (w *windowed) WindowsChanged() <-chan struct{} { return w.changed }

func (w *windowed) Mask(m desktop.Mask) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mask = m
}

func (w *windowed) Thumbnail(id uint32, within image.Point) (*image.RGBA, error) {
	return image.NewRGBA(image.Rectangle{Max: within}), nil
}

// hides tells, when the desktop has been told of all changes, what is in force for a window.
func (w *windowed) hides(id uint32) bool {
	if w.settle != nil {
		w.settle()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	hidden, known := w.mask.Known[id]
	return hidden || !known && w.mask.HideUnknown
}

// follow runs h in a bubble of synctest.
func (h *Hiding) follow(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
}

func TestHiding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newWindowed(1, 2)
		h := newHiding(d)
		h.look()
		if err := h.hide([]uint32{2}); err != nil {
			t.Fatal(err)
		}
		d.opens(1, 2, 3) // nobody has looked yet when the session begins
		g := newGate(d, nil)
		h.begin(false, g.untouchedFor)
		if d.hides(1) || !d.hides(2) || d.hides(3) || !d.hides(9) {
			t.Errorf("as the session begins, %+v is in force", d.mask)
		}
		h.follow(t)
		d.settle = synctest.Wait
		synctest.Wait()
		heard := 0
		h.Watch(func() { heard++ })
		d.opens(1, 2, 3, 4, 5)
		time.Sleep(lookEvery)
		synctest.Wait()
		if asked := h.asked(); len(asked) != 2 || asked[0].window.ID != 4 || heard != 1 || !d.hides(4) {
			t.Errorf("asked is %v, %d changes were heard", asked, heard)
		}

		// Nobody can have read the question yet; then they can; and the supporter cannot answer it.
		if err := h.click([]uint32{4, 5}); err != nil || !d.hides(4) || len(h.asked()) != 2 {
			t.Errorf("a question that nobody has read is answered: %v, %v", h.asked(), err)
		}
		time.Sleep(readNewFor)
		g.touched = time.Now()
		if err := h.click([]uint32{4}); !errors.Is(err, errHandsOff) || !d.hides(4) || len(h.asked()) != 2 {
			t.Errorf("with the supporter's hands on, a window is shown: %v", err)
		}
		if err := h.ask(false); !errors.Is(err, errHandsOff) || !d.hides(9) {
			t.Errorf("with the supporter's hands on, nobody is asked any more: %v", err)
		}
		if err := errors.Join(h.hide([]uint32{1, 5}), h.setProgram("Bank", true), h.hideAllBut(3)); err != nil || !d.hides(1) {
			t.Errorf("hiding has to wait: %v", err)
		}
		time.Sleep(handsOffFor)
		if err := h.show([]uint32{1}); err != nil || d.hides(1) {
			t.Errorf("a second later, a window is not shown: %v", err)
		}
	})
}

// A picture of a hidden window is not made; one that a window was hidden during is not given out.
func TestThumbnail(t *testing.T) {
	d := newWindowed(1, 2)
	h := newHiding(d)
	h.look()
	h.hide([]uint32{2})
	for id, want := range map[uint32]error{1: nil, 2: errNotShown, 3: errNotShown} {
		if img, err := h.thumbnail(t.Context(), id, image.Pt(8, 5)); !errors.Is(err, want) || (err == nil) != (img != nil) {
			t.Errorf("the picture of window %d: %v, %v", id, img, err)
		}
	}
}

// Windows whose titles change all the time are looked at no more than so often.
func TestHidingIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newWindowed(1)
		h := newHiding(d)
		looks := 0
		h.Watch(func() { looks++ })
		h.follow(t)
		for i := range 1000 {
			d.opens(uint32(i + 1))
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if looks < 9 || looks > 11 {
			t.Errorf("looked %d times in a second", looks)
		}
	})
}
