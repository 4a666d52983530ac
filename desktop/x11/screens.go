//go:build linux

package x11

import (
	"cmp"
	"image"
	"slices"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// watchScreens asks to be told when monitors or the root window change.
func (d *Desktop) watchScreens() {
	root := d.conn.screen.Root
	xproto.ChangeWindowAttributes(d.conn.Conn, root, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify})
	if err := d.conn.use("RANDR"); err != nil {
		d.log.Info("no RANDR extension: all monitors are shown as one", "display", d.display)
		return
	}
	randr.QueryVersion(d.conn.Conn, 1, 5) // the reply says nothing that an error would not
	randr.SelectInput(d.conn.Conn, root, randr.NotifyMaskScreenChange|randr.NotifyMaskCrtcChange|randr.NotifyMaskOutputChange)
}

// Screens are the places of the monitors on the root window, from left to right, never empty.
func (d *Desktop) Screens() []image.Rectangle {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.moved.Swap(false) {
		if err := d.readScreens(); err != nil {
			d.log.Debug("monitors are as they were", "err", err)
		}
	}
	return slices.Clone(d.screens)
}

// readScreens finds out where the monitors are now.
func (d *Desktop) readScreens() error {
	if err := d.readRoot(); err != nil {
		return d.conn.gone(err)
	}
	d.screens = d.monitors()
	if len(d.screens) == 0 {
		d.screens = []image.Rectangle{d.root}
	}
	frame := image.Rectangle{}
	for _, s := range d.screens {
		frame.Max = image.Pt(max(frame.Max.X, s.Max.X), max(frame.Max.Y, s.Max.Y))
	}
	if frame != d.frame {
		d.frame, d.whole = frame, true
	}
	return nil
}

// readRoot finds out how big the root window is now.
func (d *Desktop) readRoot() error {
	g, err := xproto.GetGeometry(d.conn.Conn, xproto.Drawable(d.conn.screen.Root)).Reply()
	if err != nil {
		return err
	}
	if root := rectangle(0, 0, g.Width, g.Height); root != d.root {
		d.root, d.whole = root, true
		d.stack.screen = root
	}
	return nil
}

// monitors asks RANDR 1.5, from left to right; none where the server is older.
func (d *Desktop) monitors() (at []image.Rectangle) {
	if _, ok := d.conn.firstEvent["RANDR"]; !ok {
		return nil
	}
	reply, err := randr.GetMonitors(d.conn.Conn, d.conn.screen.Root, true).Reply()
	if err != nil {
		return nil
	}
	for _, m := range reply.Monitors {
		if r := rectangle(m.X, m.Y, m.Width, m.Height).Intersect(d.root); !r.Empty() {
			at = append(at, r)
		}
	}
	slices.SortFunc(at, func(a, b image.Rectangle) int { // the server begins with the primary one
		return cmp.Or(cmp.Compare(a.Min.X, b.Min.X), cmp.Compare(a.Min.Y, b.Min.Y), cmp.Compare(a.Max.X, b.Max.X), cmp.Compare(a.Max.Y, b.Max.Y))
	})
	return at
}
