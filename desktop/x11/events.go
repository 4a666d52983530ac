//go:build linux

package x11

import (
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// watch turns what the server says unasked into Changed, until the connection ends.
func (d *Desktop) watch() {
	defer d.signal() // whoever asks now learns that it is gone
	defer close(d.gone)
	defer d.tidings.end()
	for {
		event, err := d.conn.WaitForEvent()
		if event == nil && err == nil {
			return
		}
		if err != nil {
			d.log.Debug("X server refused a request", "err", err)
			continue
		}
		if c, ok := d.conn.tidingOf(event); ok && c.window != d.conn.screen.Root {
			d.tidings.add(c)
			if c.kind != configured {
				pass(d.windowsChanged, struct{}{})
			}
			d.signal()
			continue
		}
		switch e := event.(type) {
		case xproto.ClientMessageEvent:
			if e.Window == d.mark { // others send some to the root window
				d.tidings.marked(e.Data.Data32[0])
			}
			continue
		case xproto.PropertyNotifyEvent:
			d.property(e)
			continue
		case xproto.ConfigureNotifyEvent: // the root window; where there is no RANDR too
			d.moved.Store(true)
		case extensionEvent:
			switch {
			case d.conn.isEvent(e, "RANDR", randr.ScreenChangeNotify), d.conn.isEvent(e, "RANDR", randr.Notify):
				d.moved.Store(true)
			case d.conn.isEvent(e, "XFIXES", xfixes.CursorNotify):
				d.cursor.stale.Store(true)
			case d.conn.isEvent(e, "SYNC", syncAlarmNotify):
				d.stirred.Store(true)
			case !d.conn.isEvent(e, "DAMAGE", damage.Notify):
				continue
			}
		default:
			continue
		}
		d.signal()
	}
}
