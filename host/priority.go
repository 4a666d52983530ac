package host

import (
	"context"
	"time"

	"sixgate/p2p"
	"sixgate/session"
)

// pauseFor is how long the supporter's mouse and keyboard rest after the end user's own were used.
const pauseFor = 2 * time.Second

// people is a desktop that tells what is done with its own mouse and keyboard from what is put in through it.
type people interface {
	// LocalInput receives when they are used.
	LocalInput() <-chan struct{}
	// LastLocal is when that was last; now while a key or button is held.
	LastLocal() time.Time
}

// yields tells whether the end user works by themselves, so that the supporter has to wait.
func (g *gate) yields() bool { return g.people != nil && time.Since(g.people.LastLocal()) < pauseFor }

// local is told when the end user begins to; nil where that cannot be known.
func (g *gate) local() <-chan struct{} {
	if g.people == nil {
		return nil
	}
	return g.people.LocalInput()
}

// rest lets go of what the supporter holds, for the end user works by themselves.
func (g *gate) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.yields() {
		g.letGo()
	}
}

// pointed runs what a pointer does, with those of its buttons that count: one that was down when the supporter's input ended,
// for however short a time, is not pressed again by being still held.
func (g *gate) pointed(buttons uint16, input func(buttons uint16)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open() {
		g.lapsed = buttons
		return
	}
	g.lapsed &= buttons
	input(buttons &^ g.lapsed)
}

// tellPauses tells the supporter why nothing happens, once for each pause in which they tried, until ctx ends.
func (g *gate) tellPauses(ctx context.Context, alert func(p2p.Alert)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.waits:
		}
		if !g.yields() {
			continue
		}
		alert(p2p.Alert{Kind: p2p.AlertPaused})
		for g.yields() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(g.people.LastLocal().Add(pauseFor))):
			}
		}
		alert(p2p.Alert{Kind: p2p.AlertResumed})
	}
}

// blockable is a desktop that knows when another program keeps the mouse or the keyboard to itself.
type blockable interface {
	// Blocked tells by which window.
	Blocked() (title string, blocked bool)
}

// blockedEvery is how often that is looked at.
const blockedEvery = time.Second

// tellBlocked tells the supporter by what they are kept from working, and when that is over, until ctx ends.
func (g *gate) tellBlocked(ctx context.Context, alert func(p2p.Alert)) {
	desktop, ok := g.desktop.(blockable)
	if !ok {
		return
	}
	var told p2p.Alert
	for look := time.NewTicker(blockedEvery); ; {
		select {
		case <-ctx.Done():
			look.Stop()
			return
		case <-look.C:
		}
		now := p2p.Alert{Kind: p2p.AlertFree}
		if g.may(session.View | session.Control) {
			if title, blocked := desktop.Blocked(); blocked {
				now = p2p.Alert{Kind: p2p.AlertBlocked, Title: title}
			}
		}
		if now != told && (told.Kind != 0 || now.Kind == p2p.AlertBlocked) {
			alert(now)
			told = now
		}
	}
}
