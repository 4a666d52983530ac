//go:build linux

package x11

import (
	"slices"
	"time"

	"github.com/jezek/xgb/xproto"
)

// raiseEvery is how often the panel gets on top at most: another program may want to be there as well.
const raiseEvery = 100 * time.Millisecond

// stacked says that a window may have come above the panel, or went. Whether it is in sight the panel is not told: under a
// compositor every window counts as that.
func (p *Panel) stacked(w xproto.Window) {
	if slices.Contains(p.layers(), w) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.raises {
		return
	}
	p.raises = true
	wait := raiseEvery - time.Since(p.raised)
	p.done.Go(func() {
		select {
		case <-p.closed:
			return
		case <-time.After(wait):
		}
		p.mu.Lock()
		p.raises, p.raised = false, time.Now()
		p.mu.Unlock()
		p.toTop()
	})
}

// layers are the windows of the panel, as they stand above each other.
func (p *Panel) layers() []xproto.Window {
	return []xproto.Window{p.overlay.halo, p.overlay.ink, p.overlay.pointer, p.window}
}

// toTop puts the panel above all other windows, unless it is there.
func (p *Panel) toTop() {
	tree, err := xproto.QueryTree(p.conn.Conn, p.conn.screen.Root).Reply()
	layers := p.layers()
	if err != nil || slices.Equal(tree.Children[max(0, len(tree.Children)-len(layers)):], layers) {
		return
	}
	for _, w := range layers {
		xproto.ConfigureWindow(p.conn.Conn, w, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
	}
}
