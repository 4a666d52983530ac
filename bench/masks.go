//go:build linux

package main

import (
	"fmt"
	"image"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"time"

	"sixgate/bench/scene"
	"sixgate/desktop"
	"sixgate/desktop/x11"
)

// masking is what it costs to capture a window that is dragged while others are hidden.
type masking struct {
	hidden, others int
	mask           bool
	cost           float64 // processor ms for a million pixels that change
}

// maskings are measured. The first is what the others are compared with.
var maskings = []masking{
	{mask: false},
	{mask: true}, // a new window would be hidden
	{mask: true, hidden: 1},
	{mask: true, hidden: 5},
	{others: 100},
	{mask: true, hidden: 5, others: 100},
}

const (
	maskRounds = 7
	maskSteps  = 150
)

// measureMasks has each round drag a window over the same way, and takes the best of the rounds.
func measureMasks(st *stage) ([]masking, error) {
	d, err := x11.Open(st.display.Display, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	measured := slices.Clone(maskings)
	for range maskRounds {
		for i := range measured {
			cost, err := measured[i].drag(st, d)
			if err != nil {
				return nil, err
			}
			if m := &measured[i]; m.cost == 0 || cost < m.cost {
				m.cost = cost
			}
		}
	}
	return measured, nil
}

// drag opens the windows, drags one between them, and gives what the capture of its steps cost.
func (m masking) drag(st *stage, d *x11.Desktop) (cost float64, err error) {
	screen, err := scene.Open(st.display.Display)
	if err != nil {
		return 0, err
	}
	defer screen.Close()
	for i := range m.others {
		at := image.Pt(i%10*180, i/10*100)
		if _, err := screen.Program("Other", "other", image.Rectangle{at, at.Add(image.Pt(160, 80))}, 0xd0d8e0); err != nil {
			return 0, err
		}
	}
	for i := range m.hidden {
		at := image.Pt(150+i*330, 150+i*110)
		if _, err := screen.Program("Secret", "secret", image.Rectangle{at, at.Add(image.Pt(300, 220))}, 0x802020); err != nil {
			return 0, err
		}
	}
	dragged, err := screen.Program("Dragged", "dragged", image.Rect(0, 0, 700, 500), 0xffffff)
	if err != nil {
		return 0, err
	}
	dragged.Show(st.panel)
	mask := desktop.Mask{Known: make(map[uint32]bool), HideUnknown: m.mask}
	for _, w := range d.Windows() {
		mask.Known[w.ID] = m.mask && strings.HasPrefix(w.Title, "secret")
	}
	d.Mask(mask)
	defer d.Mask(desktop.Mask{})
	shadow := make([]uint32, st.size.X*st.size.Y)
	capture := func() error {
		return d.Capture(func(pieces []struct {
			Rect   image.Rectangle
			Pix    []uint32
			Stride int
		}) {
			for _, p := range pieces { // the least that anybody does with them
				for y := range p.Rect.Dy() {
					copy(shadow[(p.Rect.Min.Y+y)*st.size.X+p.Rect.Min.X:], p.Pix[y*p.Stride:][:p.Rect.Dx()])
				}
			}
		})
	}
	if err := capture(); err != nil {
		return 0, err
	}
	const changed = maskSteps * 700 * 500 // the window; and a little around it
	before := ownTime()
	for i := range maskSteps {
		dragged.Move(image.Pt(8*i, 4*i%580))
		if err := screen.Sync(); err != nil {
			return 0, err
		}
		if err := capture(); err != nil {
			return 0, err
		}
	}
	return ms(ownTime()-before) / (changed / 1e6), nil
}

// ownTime is the processor time of this program.
func ownTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// masked reports them.
func (r *report) masked(b *strings.Builder) {
	if len(r.masks) == 0 {
		return
	}
	t := newTable("a window is dragged", ":ms of processor for a million pixels", ":beside no mask")
	for i, m := range r.masks {
		base := r.masks[0]
		what := "nothing can be hidden"
		if m.mask {
			what = fmt.Sprintf("new windows are hidden, and %d others", m.hidden)
		}
		if m.others > 0 {
			what += fmt.Sprintf("; %d more windows are open", m.others)
			base = r.masks[slices.IndexFunc(r.masks, func(o masking) bool { return !o.mask && o.others == m.others })]
		}
		t.row(what, number(m.cost, 2), number(r.masks[i].cost/base.cost, 2)+"x")
	}
	t.write(b, "Hidden windows")
}
