package host

import (
	"context"

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

func (k controls) close() {
	if k.panel != nil {
		k.panel.Close()
	}
}

// run shows how c stands, and does what keys and clicks say, until ctx ends or the end user stops the session: then it calls end.
func (k controls) run(ctx context.Context, h Host, c *Consent, end func()) {
	if k.panel == nil {
		return
	}
	changes := make(chan struct{}, 1)
	changes <- struct{}{}
	c.Watch(func() { poke(changes) })
	for {
		does := nothing
		select {
		case <-ctx.Done():
			return
		case key := <-k.panel.Keys():
			does = k.bar.keys[key]
		case at := <-k.panel.Clicks():
			does = k.bar.at(c, at)
		case <-changes:
			if err := k.panel.Show(k.bar.paint(c), h.Desktop.Screens()[0]); err != nil {
				h.Log.Warn("the session bar cannot be shown", "err", err)
			}
		}
		switch does {
		case toggleFiles:
			c.toggle(session.Files)
		case toggleControl:
			c.toggle(session.Control)
		case showPage:
			h.ShowPage()
		case stop:
			end()
			return
		}
	}
}
