package host

import (
	"context"
	"image"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// shared is a desktop with somebody before it.
type shared struct {
	*presses
	stirred chan struct{}

	mu   sync.Mutex
	last time.Time
}

func newShared() *shared { return &shared{presses: newPresses(), stirred: make(chan struct{}, 1)} }

func (s *shared) LocalInput() <-chan struct{} { return s.stirred }
func (s *shared) LastLocal() time.Time        { s.mu.Lock(); defer s.mu.Unlock(); return s.last }

func (s *shared) use() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	poke(s.stirred)
}

// Whoever sits at the screen goes first: what the supporter holds goes up at once, and nothing of theirs comes through for two
// seconds after the last time.
func TestEndUserGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newShared()
		g := newGate(d, func() session.Permissions { return session.Control })
		ctx, cancel := context.WithCancel(t.Context())
		alerts := make(chan p2p.Alert, 8)
		var running sync.WaitGroup
		running.Go(func() { g.watch(ctx) })
		running.Go(func() { g.tellPauses(ctx, func(a p2p.Alert) { alerts <- a }) })
		defer running.Wait()
		defer cancel()

		const shift = 0xffe1
		g.Key(shift, true)
		g.KeyCode(30, 'a', true)
		g.MovePointer(image.Pt(3, 4), 1)
		d.use()
		synctest.Wait()
		if d.keys[shift] || d.codes[30] || d.buttons != 0 {
			t.Fatalf("keys %v, scancodes %v and buttons %b are still held", d.keys, d.codes, d.buttons)
		}
		if len(alerts) != 0 {
			t.Error("the supporter is told of a pause that does not concern them")
		}
		nothing := func() {
			t.Helper()
			g.Key('x', true)
			g.KeyCode(45, 'x', true)
			g.MovePointer(image.Pt(9, 9), 1)
			g.PushPointer(image.Pt(1, 1), 1)
			if d.keys['x'] || d.codes[45] || d.at != image.Pt(3, 4) || d.buttons != 0 {
				t.Fatal("the supporter's input comes through")
			}
		}
		nothing()
		for range 5 { // each time prolongs it
			time.Sleep(pauseFor - time.Millisecond)
			nothing()
			d.use()
		}
		time.Sleep(pauseFor - time.Millisecond)
		nothing()
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if first, then := <-alerts, <-alerts; first.Kind != p2p.AlertPaused || then.Kind != p2p.AlertResumed || len(alerts) > 0 {
			t.Errorf("the supporter was told %v, %v and %d more", first, then, len(alerts))
		}

		// A drag that was under way does not go on, nor a click in the pause: they let go of the button first.
		g.MovePointer(image.Pt(20, 20), 1)
		if d.at != image.Pt(20, 20) || d.buttons != 0 {
			t.Errorf("after the pause, buttons %b are down at %v", d.buttons, d.at)
		}
		g.MovePointer(image.Pt(20, 20), 5)
		if d.buttons != 4 {
			t.Errorf("another button makes %b", d.buttons)
		}
		g.MovePointer(image.Pt(20, 20), 0)
		g.MovePointer(image.Pt(20, 20), 1)
		g.Key('x', true)
		if d.buttons != 1 || !d.keys['x'] {
			t.Error("after the pause, the supporter cannot go on")
		}
	})
}

// The same when the end user takes control away and gives it back in the middle of a drag.
func TestDragDoesNotGoOn(t *testing.T) {
	d := newPresses()
	allowed := session.Control
	g := newGate(d, func() session.Permissions { return allowed })
	g.MovePointer(image.Pt(3, 4), 1)
	allowed = 0
	g.changed(session.Control, 0)
	allowed = session.Control
	g.MovePointer(image.Pt(5, 6), 1)
	if d.buttons != 0 {
		t.Error("the button is down again")
	}
}

// What the supporter put into the clipboard does not outlive their permission; what they set later does not come.
func TestClipboardIsGivenBack(t *testing.T) {
	d := new(holder)
	allowed := session.View | session.Clipboard
	g := newGate(d, func() session.Permissions { return allowed })
	ctx, cancel := context.WithCancel(t.Context())
	g.SetClipboard("secret")
	allowed = session.View
	g.changed(session.View|session.Clipboard, session.View)
	if d.clipboard != "" {
		t.Errorf("without the permission, the clipboard has %q", d.clipboard)
	}
	allowed = session.View | session.Clipboard
	g.SetClipboard("another")
	allowed = 0 // the session is over
	cancel()
	g.watch(ctx)
	g.SetClipboard("late")
	if d.clipboard != "" {
		t.Errorf("after the end, the clipboard has %q", d.clipboard)
	}
}

// holder is a desktop with a clipboard.
type holder struct {
	screen
	clipboard string
}

func (h *holder) SetClipboard(text string) { h.clipboard = text }
func (h *holder) ClearClipboard()          { h.clipboard = "" }

// What keeps the supporter from working is told once, and once that it is over.
func TestBlockedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(occupied)
		d.title.Store("")
		var allowed atomic.Uint32
		allowed.Store(uint32(session.View | session.Control))
		g := newGate(d, func() session.Permissions { return session.Permissions(allowed.Load()) })
		ctx, cancel := context.WithCancel(t.Context())
		var told []p2p.Alert
		var running sync.WaitGroup
		running.Go(func() { g.tellBlocked(ctx, func(a p2p.Alert) { told = append(told, a) }) })
		says := func(title string, want ...p2p.Alert) {
			t.Helper()
			d.title.Store(title)
			time.Sleep(5 * blockedEvery)
			synctest.Wait()
			if len(told) != len(want) || len(want) > 0 && told[0] != want[0] {
				t.Errorf("%q: told %v, want %v", title, told, want)
			}
			told = nil
		}
		says("")
		says("Password", p2p.Alert{Kind: p2p.AlertBlocked, Title: "Password"})
		says("Another", p2p.Alert{Kind: p2p.AlertBlocked, Title: "Another"})
		says("", p2p.Alert{Kind: p2p.AlertFree})
		says("Password", p2p.Alert{Kind: p2p.AlertBlocked, Title: "Password"})
		allowed.Store(uint32(session.Control)) // and nothing is seen: no titles either
		says("Another", p2p.Alert{Kind: p2p.AlertFree})
		cancel()
		running.Wait()
	})
}

// occupied is a desktop with a window on it that wants all input, unless its title is "".
type occupied struct {
	screen
	title atomic.Value // string
}

func (a *occupied) Blocked() (string, bool) {
	title := a.title.Load().(string)
	return title, title != ""
}
