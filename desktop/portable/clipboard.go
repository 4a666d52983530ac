//go:build cgo

package portable

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const clipboardEvery = time.Second // a program is started for each look, on some systems

// clipboard is the system's clipboard: what others copy, and what we offer.
type clipboard struct {
	log *slog.Logger

	mu     sync.Mutex
	ctx    context.Context // of what is started to offer a text; a field because that goes on after set
	end    func()          // takes back our text; nil when there is none
	seen   string          // last, or set by us
	sets   int             // how often we did, to know a look that came before
	theirs string
}

// open takes what is in the clipboard as known: what was copied before stays the user's own.
func (c *clipboard) open(ctx context.Context) {
	c.ctx = ctx
	text, err := readClipboard(ctx)
	if err != nil {
		c.log.Debug("nothing in the clipboard, or xclip is missing: apt-get install xclip", "err", err)
	}
	c.seen = text
}

// clear takes back what was set, unless others have copied something since.
func (c *clipboard) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endOffer()
}

// endOffer does it. c.mu is held.
func (c *clipboard) endOffer() {
	if c.end != nil {
		c.end()
		c.end = nil
	}
}

func (c *clipboard) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.theirs
}

func (c *clipboard) set(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endOffer()
	end, err := offer(c.ctx, text)
	if err != nil {
		c.log.Warn("clipboard not set; on X11 xclip must be there: apt-get install xclip", "err", err)
		return
	}
	c.end, c.seen = end, text
	c.sets++
}

// look says whether others have copied something since the last look.
func (c *clipboard) look(ctx context.Context) (news bool) {
	c.mu.Lock()
	sets := c.sets
	c.mu.Unlock()
	text, err := readClipboard(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || sets != c.sets || text == c.seen || text == "" {
		return false
	}
	c.seen, c.theirs = text, text
	return true
}

// watchClipboard looks when the screen is looked at, but not as often.
func (d *Desktop) watchClipboard(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.glance:
		}
		if d.clipboard.look(ctx) {
			signal(d.changed)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(clipboardEvery):
		}
	}
}
