//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what was measured.
type report struct {
	began    time.Time
	programs programs
	servers  []*server
	rows     []row
	session  []time.Duration // from the code to the first pixel
}

// row is one workload in one mode.
type row struct {
	load    workload
	mode    mode
	figures map[string]figures // by server
}

// reference is the server that ours is held against.
const reference = "x0vncserver"

func (r *report) add(w workload, m mode, s *server, f figures) {
	i := slices.IndexFunc(r.rows, func(row row) bool { return row.load.name == w.name && row.mode.name == m.name })
	if i < 0 {
		i = len(r.rows)
		r.rows = append(r.rows, row{w, m, map[string]figures{}})
	}
	sum := r.rows[i].figures[s.name]
	sum.elapsed += f.elapsed
	sum.steps += f.steps
	sum.counts = sum.counts.plus(f.counts)
	sum.cpu += f.cpu
	sum.resident = max(sum.resident, f.resident)
	sum.first = append(sum.first, f.first...)
	sum.keys = append(sum.keys, f.keys...)
	sum.lost += f.lost
	r.rows[i].figures[s.name] = sum
}

// rate is how many steps of the workload the viewer saw in a second: its frames. Updates say less, for an update may be
// a crumb that repairs what JPEG left.
func (f figures) rate() float64 { return float64(f.seen) / f.elapsed.Seconds() }

// cost is milliseconds of processor for a million pixels as decoded.
func (f figures) cost() float64 {
	return f.cpu.Seconds() * 1000 / (float64(f.pixels) / 1e6)
}

// busy is the share of one processor, in percent.
func (f figures) busy() float64 { return 100 * f.cpu.Seconds() / f.elapsed.Seconds() }

// markdown is the whole report.
func (r *report) markdown(ctx context.Context) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d processors, Xvfb %s, Go %s.", r.began.Format("2006-01-02 15:04 MST"), processor(), runtime.NumCPU(), screenSize, strings.TrimPrefix(runtime.Version(), "go"))
	for _, s := range r.servers {
		fmt.Fprintf(&b, " %s: %s.", s.name, s.version)
	}
	b.WriteString(" The same display, content and client for all, in turn. Other work may share the machine: compare the servers, not the figures.\n\n")
	r.pictures(&b)
	r.keys(&b)
	r.memory(&b)
	r.product(&b)
	r.bars(&b)
	return b.String()
}

func (r *report) pictures(b *strings.Builder) {
	fmt.Fprintf(b, "| workload | encoding | server | steps/s | seen/s | updates/s | kB/s | bits/pixel | Mpixel/s | CPU %% | CPU ms/Mpixel | to %s |\n", reference)
	b.WriteString("|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, row := range r.rows {
		if row.load.typed {
			continue
		}
		for _, s := range r.servers {
			f := row.figures[s.name]
			sec := f.elapsed.Seconds()
			fmt.Fprintf(b, "| %s | %s | %s | %.1f | %.1f | %.1f | %.0f | %s | %.1f | %.1f | %s | %s |\n", row.load.name, row.mode.name, s.name,
				float64(f.steps)/sec, f.rate(), float64(f.updates)/sec, float64(f.bytes)/1e3/sec, number(8*float64(f.bytes)/float64(f.pixels), 2), float64(f.pixels)/1e6/sec,
				f.busy(), number(f.cost(), 1), times(f.cost()/row.figures[reference].cost()))
		}
	}
	b.WriteByte('\n')
}

func (r *report) keys(b *strings.Builder) {
	b.WriteString("| from a key to its picture | encoding | server | keys | p50 ms | p95 ms | CPU % |\n|---|---|---|--:|--:|--:|--:|\n")
	for _, row := range r.rows {
		if !row.load.typed {
			continue
		}
		for _, s := range r.servers {
			f := row.figures[s.name]
			fmt.Fprintf(b, "| %s | %s | %s | %d | %s | %s | %.1f |\n", row.load.name, row.mode.name, s.name, len(f.keys),
				milliseconds(f.keys, 0.5), milliseconds(f.keys, 0.95), f.busy())
		}
	}
	b.WriteByte('\n')
}

func (r *report) memory(b *strings.Builder) {
	b.WriteString("| server | first whole picture p50 ms, quality 8 | lossless | resident MB, one viewer | most MB |\n|---|--:|--:|--:|--:|\n")
	for _, s := range r.servers {
		first, resident := map[string][]time.Duration{}, 0
		for _, row := range r.rows {
			first[row.mode.name] = append(first[row.mode.name], row.figures[s.name].first...)
			resident = max(resident, row.figures[s.name].resident)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %.0f |\n", s.name, milliseconds(first[quality8.name], 0.5), milliseconds(first[lossless.name], 0.5),
			float64(resident)/1e6, float64(memory(s.cmd.Process.Pid, "VmHWM"))/1e6)
	}
	b.WriteByte('\n')
}

func (r *report) product(b *strings.Builder) {
	if len(r.session) > 0 {
		fmt.Fprintf(b, "From the code typed to the first pixel in a viewer on the bridge, over the relay on loopback, the questions answered at once: "+
			"p50 %s ms of %d sessions.\n\n", milliseconds(r.session, 0.5), len(r.session))
	}
	b.WriteString("| program, stripped | MB |\n|---|--:|\n")
	for _, bin := range []string{r.programs.host, r.programs.bridge, r.programs.gateway} {
		if info, err := os.Stat(bin); err == nil {
			fmt.Fprintf(b, "| %s | %.1f |\n", info.Name(), float64(info.Size())/1e6)
		}
	}
	b.WriteByte('\n')
}

// bars says where ours stays behind the reference.
func (r *report) bars(b *strings.Builder) {
	var misses []string
	held := 0
	check := func(met bool, format string, args ...any) {
		held++
		if !met {
			misses = append(misses, "- "+fmt.Sprintf(format, args...))
		}
	}
	for _, row := range r.rows {
		ours, ok := row.figures["ours"]
		its, also := row.figures[reference]
		if !ok || !also {
			continue
		}
		where := row.load.name + ", " + row.mode.name
		switch {
		case row.load.typed:
			a, b := quantile(ours.keys, 0.5), quantile(its.keys, 0.5)
			check(a <= b, "%s: key to picture p50 %.1f ms, its %.1f ms", where, ms(a), ms(b))
		case row.load.every > 0:
			slack := rounds / ours.elapsed.Seconds() // a step more or less is a matter of when the clock was started
			check(ours.rate() >= its.rate()-slack, "%s: %.1f steps seen a second, its %.1f", where, ours.rate(), its.rate())
			check(ours.cost() <= 1.5*its.cost(), "%s: %.1f CPU ms/Mpixel, %.2f times its %.1f", where, ours.cost(), ours.cost()/its.cost(), its.cost())
		default:
			check(ours.busy() < 0.05, "%s: %.2f %% of a processor", where, ours.busy())
		}
	}
	if held == 0 {
		return
	}
	fmt.Fprintf(b, "Bars (against %s: key to picture not above it, never fewer steps seen, CPU per Mpixel at most 1.5 times; idle 0.0 %%): %d of %d met.\n",
		reference, held-len(misses), held)
	if len(misses) > 0 {
		b.WriteString("\n" + strings.Join(misses, "\n") + "\n")
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func milliseconds(d []time.Duration, q float64) string {
	if len(d) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", ms(quantile(d, q)))
}

func number(x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, x)
}

func times(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return fmt.Sprintf("%.2f×", x)
}

// processor is the machine's processor, as it calls itself.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := strings.Cut(string(info), "model name")
	name, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
}

const begin, end = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"

// insert puts text between the markers of a file, and makes the file where there is none.
func insert(name, text string) error {
	old, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		old, err = []byte("# Benchmarks\n\n"+begin+end), nil
	}
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(old, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s has no lines %q and %q to write between", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(name, slices.Concat(head, []byte(begin+text+end), tail), 0o644)
}
