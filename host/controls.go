package host

import (
	"context"
	"strings"
	"sync"
	"time"

	"sixgate/session"
	"sixgate/web"
)

// controls are the end user's bar and keys in a live session. They work while page and desktop hang.
type controls struct {
	panel Panel // nil: there is none
	bar   bar
}

// openControls takes the keys for what there is to allow; the bar comes with run.
func (h Host) openControls(offered session.Permissions) controls {
	if h.OpenPanel == nil {
		return controls{}
	}
	panel, err := h.OpenPanel()
	if err != nil {
		h.Log.Warn("no session bar and no keys", "err", err)
		return controls{}
	}
	keys := grabKeys(panel, offered)
	return controls{panel, bar{words: web.Words(h.Language), keys: keys, page: h.ShowPage != nil}}
}

// setPointer makes ready what the supporter points with while they guide.
func (k controls) setPointer(h Host, c *Consent) {
	if k.panel == nil {
		return
	}
	if err := k.panel.SetPointer(paintPointer(who(c.Supporter))); err != nil {
		h.Log.Warn("the supporter's pointer cannot be shown", "err", err)
	}
}

func (k controls) close() {
	if k.panel != nil {
		k.panel.Close()
	}
}

// noteFor is how long the bar says why something was not done.
const noteFor = 4 * time.Second

// run shows how c stands, and does what keys and clicks say, until ctx ends or the end user stops the session: then it calls end.
func (k controls) run(ctx context.Context, h Host, c *Consent, end func()) {
	if k.panel == nil {
		return
	}
	var reading sync.WaitGroup
	defer reading.Wait()
	keys := make(chan action, 8)
	reading.Go(func() { k.read(ctx, keys, end) })
	changes := make(chan struct{}, 1)
	changes <- struct{}{}
	c.Watch(func() { poke(changes) })
	if c.hiding != nil {
		c.hiding.Watch(func() { poke(changes) })
	}
	var shown layout
	var asks barQuestion
	for {
		var clicked part
		turn := func(p session.Permissions) error { return c.Change(p, !c.Allowed().Has(p)) }
		select {
		case <-ctx.Done():
			return
		case clicked.does = <-keys:
			turn = c.toggle
		case at := <-k.panel.Clicks():
			clicked = shown.at(at)
		case <-asks.noted:
			asks.note, asks.noted = "", nil
			poke(changes)
		case <-changes:
			screen := h.Desktop.Screens()[0]
			rows := [][]part{k.bar.parts(c)}
			if row := asks.row(k.bar, c.hiding.asked()); row != nil {
				rows = append(rows, row)
			}
			shown = lay(rows, screen.Dx())
			if err := k.panel.Show(shown.paint(), screen); err != nil {
				h.Log.Warn("the session bar cannot be shown", "err", err)
			}
		}
		var refused error
		switch clicked.does {
		case toggleFiles:
			refused = turn(session.Files)
		case toggleControl:
			refused = turn(session.Control)
		case showPage:
			h.ShowPage()
		case showWindows, hideWindows:
			refused = asks.answer(c.hiding, clicked)
		case stop:
			end()
			return
		}
		if refused != nil {
			asks.note, asks.noted = strings.ReplaceAll(k.bar.words["hands-off"], "{name}", c.Supporter.Name), time.After(noteFor)
			poke(changes)
		}
	}
}

// read ends the session at once when the end user presses the key for that, whatever else hangs, and passes on what other keys do,
// until ctx ends.
func (k controls) read(ctx context.Context, others chan<- action, end func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case key := <-k.panel.Keys():
			does := k.bar.keys[key]
			if does == stop {
				end()
				return
			}
			select {
			case others <- does:
			default: // nobody presses that many
			}
		}
	}
}
