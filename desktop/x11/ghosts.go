//go:build linux

package x11

import (
	"image"
	"slices"
	"time"

	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// A hidden window that goes away, or that another one comes to cover, leaves its pixels behind: where a window without
// a background appears, they stay on the screen until its program has drawn. A ghost is such a place. It is hatched until
// something was drawn over it, which damage of a later interval proves: one between two fetches of it.
//
// Under a compositor the screen follows the windows with a delay, and lets them fade away. There a ghost stays for
// its lag and until the compositor has drawn anything after that.
type ghosts struct {
	at     []ghost
	nudged time.Time // when drawing was last asked for
}

type ghost struct {
	place    image.Rectangle
	interval int // in which it was left
	since    time.Time
	lag      time.Duration // of a compositor, at most
}

const (
	// compositorFade is longer than windows take to fade in or out: picom 0.36 s, GNOME and KDE 0.25 s as they come.
	compositorFade = 700 * time.Millisecond
	// compositorLag is longer than a compositor takes to draw what only moved.
	compositorLag = 300 * time.Millisecond
	// maxGhosts are told apart. More are one, which is all around them.
	maxGhosts = 100
	// nudgeAfter is when what was not drawn over by itself is asked for.
	nudgeAfter = 60 * time.Millisecond
)

// add notes a place that was left.
func (g *ghosts) add(one ghost) {
	g.exorcise(one.place)
	if g.at = append(g.at, one); len(g.at) > maxGhosts {
		for _, other := range g.at {
			one.place, one.lag = one.place.Union(other.place), max(one.lag, other.lag)
		}
		g.at = append(g.at[:0], one)
	}
}

// fade says that some window fades in or out. A compositor may do that where the window was a little before.
func (g *ghosts) fade(as ghost) {
	for i := range g.at {
		g.at[i].since, g.at[i].lag = as.since, as.lag
	}
}

// exorcise takes the ghosts away from a place.
func (g *ghosts) exorcise(place image.Rectangle) (changed bool) {
	for i := 0; i < len(g.at); i++ {
		was := g.at[i]
		if !was.place.Overlaps(place) {
			continue
		}
		changed = true
		g.at[i] = g.at[len(g.at)-1]
		g.at = g.at[:len(g.at)-1]
		i--
		for _, rest := range (region{was.place}).without(place) {
			was.place = rest
			g.at = append(g.at, was)
		}
	}
	return changed
}

// dragged says that a window went from one place to another, with what is on it: the server moves pixels that were left there too.
func (g *ghosts) dragged(from, to image.Rectangle, as ghost) {
	for i, there := range slices.Clone(g.at) {
		on := there.place.Intersect(from)
		if on.Empty() {
			continue
		}
		if to.In(there.place) && i < len(g.at) && g.at[i] == there {
			g.at[i].interval = as.interval
			continue
		}
		as.lag, as.place = max(as.lag, there.lag), to
		if from.Size() == to.Size() {
			as.place = on.Add(to.Min.Sub(from.Min))
		}
		g.add(as)
	}
}

// drawn takes the ghosts away that are painted over: by the damage of the interval before the present one. It began at a time.
func (g *ghosts) drawn(damaged []image.Rectangle, interval int, began time.Time, composited bool) (changed bool) {
	if len(g.at) == 0 || len(damaged) == 0 {
		return false
	}
	if composited {
		old := len(g.at)
		g.at = slices.DeleteFunc(g.at, func(one ghost) bool { return began.Sub(one.since) > one.lag })
		return len(g.at) < old
	}
	old := func(one ghost) bool { return one.interval < interval-1 }
	fresh := slices.DeleteFunc(slices.Clone(g.at), old)
	g.at = slices.DeleteFunc(g.at, func(one ghost) bool { return !old(one) })
	for _, r := range damaged {
		changed = g.exorcise(r) || changed
	}
	g.at = append(g.at, fresh...)
	return changed
}

// nudge has drawn what nobody has drawn over for too long, and says when to look again; 0: there is nothing left.
func (d *Desktop) nudge(now time.Time) time.Duration {
	g := &d.stack.ghosts
	if len(g.at) == 0 {
		return 0
	}
	if wait := nudgeAfter - now.Sub(g.nudged); wait > 0 {
		return wait
	}
	var ripe region
	for _, one := range g.at {
		lag := nudgeAfter
		if d.stack.composited {
			lag = one.lag
		}
		if now.Sub(one.since) >= lag {
			ripe = ripe.and(one.place.Intersect(d.root))
		}
	}
	if len(ripe) == 0 {
		return nudgeAfter
	}
	g.nudged = now
	if d.stack.composited {
		d.nudgeCompositor()
	} else {
		d.nudgePrograms(ripe)
	}
	return nudgeAfter
}

// nudgePrograms covers places with a window of ours that has no background, and so does not show, and takes it away again: then the
// server paints the backgrounds there, and asks the programs to draw.
func (d *Desktop) nudgePrograms(places region) {
	for _, r := range places {
		id := d.cover
		xproto.CreateWindow(d.conn.Conn, 0, id, d.conn.screen.Root, int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0,
			xproto.WindowClassInputOutput, d.conn.screen.RootVisual, xproto.CwBackPixmap|xproto.CwOverrideRedirect, []uint32{xproto.BackPixmapNone, 1})
		if d.shapes {
			shape.Rectangles(d.conn.Conn, shape.SoSet, shape.SkInput, xproto.ClipOrderingUnsorted, id, 0, 0, nil) // the pointer goes through
		}
		xproto.MapWindow(d.conn.Conn, id)
		xproto.DestroyWindow(d.conn.Conn, id)
	}
}

// nudgeCompositor tells it that a pixel of some window has changed, which it then draws.
func (d *Desktop) nudgeCompositor() {
	for _, w := range d.stack.windows {
		if !w.mapped || w.unseen || w.place.Intersect(d.root).Empty() {
			continue
		}
		xfixes.SetRegion(d.conn.Conn, d.region, []xproto.Rectangle{{Width: 1, Height: 1}})
		damage.Add(d.conn.Conn, xproto.Drawable(w.id), d.region)
	}
}
