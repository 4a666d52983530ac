//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// bar is one figure of ours that is held against the better of the peers'.
type bar struct {
	figure, where string
	values        map[string]float64 // by server
	more          bool               // more is better
	atLeast       float64            // or at most: the ratio of ours to the better peer
	slack         float64            // of the figure, which is only a matter of when the clock was started
	most          float64            // no more was there to be had; 0: nothing says so
}

// ratio is of ours to the better of the peers.
func (b bar) ratio() float64 {
	ours, best := b.sides()
	if ours == 0 && best == 0 {
		return 1
	}
	return ours / best
}

// sides are our figure and the better of the peers'; NaN: there is none.
func (b bar) sides() (ours, best float64) {
	ours, best = math.NaN(), math.NaN()
	for server, v := range b.values {
		switch {
		case server == "ours":
			ours = v
		case math.IsNaN(best) || b.more == (v > best):
			best = v
		}
	}
	return ours, best
}

// met says whether the bar is, and how.
func (b bar) met() (met bool, how string) {
	ours, best := b.sides()
	switch {
	case b.more && ours+b.slack >= b.atLeast*best, !b.more && ours-b.slack <= b.atLeast*best:
		return true, "yes"
	case b.most > 0 && ours+b.slack >= b.most:
		return true, "all there are"
	}
	return false, "**no**"
}

// bars are the issue's, as far as they were measured.
func (r *report) bars(b *strings.Builder) {
	if len(r.servers) < 2 || !slices.ContainsFunc(r.servers, func(s *server) bool { return s.name == "ours" }) {
		return
	}
	head := []string{"figure", "where"}
	for _, s := range r.servers {
		head = append(head, ":"+s.name)
	}
	t := newTable(append(head, ":to the better peer", ":bar", "met")...)
	met, all := 0, r.allBars()
	var misses []string
	for _, bar := range all {
		cells := []string{bar.figure, bar.where}
		for _, s := range r.servers {
			v, ok := bar.values[s.name]
			if !ok {
				v = math.NaN()
			}
			cells = append(cells, number(v, 2))
		}
		sign := "≤"
		if bar.more {
			sign = "≥"
		}
		ok, verdict := bar.met()
		if ok {
			met++
		} else {
			misses = append(misses, fmt.Sprintf("%s, %s: %s, bar %s %.2f", bar.figure, bar.where, number(bar.ratio(), 2), sign, bar.atLeast))
		}
		t.row(append(cells, number(bar.ratio(), 2), fmt.Sprintf("%s %.2f", sign, bar.atLeast), verdict)...)
	}
	t.write(b, fmt.Sprintf("The bars: %d of %d met", met, len(all)))
	if len(misses) > 0 {
		b.WriteString("\nNot met:\n\n- " + strings.Join(misses, "\n- ") + "\n")
	}
}

func (r *report) allBars() (bars []bar) {
	for _, row := range r.rows {
		if row.part != "bridged" {
			bars = append(bars, r.rowBars(row)...)
		}
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return strings.Compare(a.figure, b.figure) })
	for _, m := range []mode{quality8, lossless} {
		first := bar{figure: "first whole picture, ms", where: m.name, values: map[string]float64{}, atLeast: 1}
		for _, s := range r.servers {
			if took := r.first(s, m); len(took) > 0 {
				first.values[s.name] = ms(quantile(took, 0.5))
			}
		}
		if len(first.values) > 0 {
			bars = append(bars, first)
		}
	}
	memory := bar{figure: "resident, MB", where: "four viewers", values: map[string]float64{}, atLeast: 1}
	for _, s := range r.servers {
		if n := r.sum(s, "four").resident; n > 0 {
			memory.values[s.name] = float64(n) / 1e6
		}
	}
	if len(memory.values) > 0 {
		bars = append(bars, memory)
	}
	return bars
}

// rowBars are those of one turn.
func (r *report) rowBars(row row) (bars []bar) {
	where := row.load.name + ", " + row.mode.name
	if row.path != loopback {
		where = row.load.name + ", " + row.path.name
	} else if row.viewers > 1 {
		where += fmt.Sprintf(", %d viewers", row.viewers)
	}
	add := func(figure string, b bar, value func(figures) float64) {
		b.figure, b.where, b.values = figure, where, map[string]float64{}
		for _, s := range r.servers {
			if f := row.figures[s.name]; f.elapsed > 0 {
				b.values[s.name] = value(f)
			}
		}
		bars = append(bars, b)
	}
	near := row.path == loopback
	if row.load.every == 0 && !row.load.typed {
		add("idle CPU, %", bar{atLeast: 1, slack: 0.05}, figures.busy)
		return bars
	}
	if row.load.every > 0 && !row.load.typed {
		ratio := 1.0
		if row.path == distant {
			ratio = map[string]float64{terminal.name: 2.5, page.name: 2.5, drag.name: 4, video.name: 1.3}[row.load.name]
		}
		ours := row.figures["ours"]
		add("steps seen a second", bar{more: true, atLeast: ratio, slack: 2 / ours.elapsed.Seconds(), most: float64(ours.steps) / ours.elapsed.Seconds()}, row.frames)
		add("CPU ms/Mpixel", bar{atLeast: 0.7}, row.cost)
	}
	if near && row.viewers == 1 && !(row.load.typed && row.load.every > 0) {
		ratio := 0.8
		if row.mode.name == lossless.name && slices.Contains([]string{terminal.name, page.name, drag.name}, row.load.name) {
			ratio = 0.25
		}
		add("bytes for the same picture, kB", bar{atLeast: ratio}, func(f figures) float64 { return row.picture(f) / 1e3 })
	}
	if row.load.typed && near {
		add("key to picture p50, ms", bar{atLeast: 0.4}, func(f figures) float64 { return ms(quantile(f.keys, 0.5)) })
		add("key to picture p95, ms", bar{atLeast: 0.6}, func(f figures) float64 { return ms(quantile(f.keys, 0.95)) })
	} else if row.load.typed {
		ratio := 1.0
		if row.path == distant {
			ratio = 0.5
		}
		add("key to picture p95, ms", bar{atLeast: ratio}, func(f figures) float64 { return ms(quantile(f.keys, 0.95)) })
	}
	return bars
}
