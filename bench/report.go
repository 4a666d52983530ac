//go:build linux

package main

import (
	"fmt"
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
	waits    []wait
	paths    []journey
	moves    []move
	outages  []time.Duration // from the network's return to the picture's
	masks    []masking
	limits   []limit
	failures []error // of single turns
}

// row is one turn, with all servers.
type row struct {
	part string
	turn
	pixels  int                // of the screen that a step changes
	figures map[string]figures // by server
}

func (r *report) add(part string, t turn, s *server, pixels int, f figures) {
	i := slices.IndexFunc(r.rows, func(row row) bool {
		return row.part == part && row.load.name == t.load.name && row.mode.name == t.mode.name && row.path == t.path
	})
	if i < 0 {
		i = len(r.rows)
		r.rows = append(r.rows, row{part, t, pixels, map[string]figures{}})
	}
	r.rows[i].figures[s.name] = r.rows[i].figures[s.name].plus(f)
}

// failed notes what went wrong in one turn. The others go on.
func (r *report) failed(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	r.failures = append(r.failures, err)
}

// frames is how many steps of the workload a viewer saw in a second, whole. Updates say less, for an update may be a crumb
// that repairs what JPEG left.
func (row row) frames(f figures) float64 {
	return float64(f.seen) / float64(row.viewers) / f.elapsed.Seconds()
}

// picture is the bytes for one step as a viewer saw it; while typing, for one key.
func (row row) picture(f figures) float64 {
	if row.load.typed {
		return float64(f.bytes) / float64(len(f.keys))
	}
	return float64(f.bytes) / float64(f.seen)
}

// cost is milliseconds of processor for a million pixels that the screen changed and a viewer saw change. It is the
// workload's pixels that count: a server that sends more of them than changed, or fewer by copying, gains nothing.
func (row row) cost(f figures) float64 {
	return ms(f.cpu) / (float64(f.seen) / float64(row.viewers) * float64(row.pixels) / 1e6)
}

// busy is the share of one processor, in percent.
func (f figures) busy() float64 { return 100 * f.cpu.Seconds() / f.elapsed.Seconds() }

// markdown is the whole report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d processors, Xvfb %s, Go %s.", r.began.Format("2006-01-02 15:04 MST"), processor(), runtime.NumCPU(), screenSize, strings.TrimPrefix(runtime.Version(), "go"))
	for _, s := range r.servers {
		fmt.Fprintf(&b, " %s: %s.", s.name, s.version)
	}
	fmt.Fprintf(&b, " It took %v.\n", time.Since(r.began).Round(time.Second))
	for _, err := range r.failures {
		fmt.Fprintf(&b, "\nA turn failed: %v.\n", err)
	}
	r.bars(&b)
	r.pictures(&b, "loopback", "On loopback, one viewer")
	r.pictures(&b, "four", "On loopback, four viewers")
	r.pictures(&b, "distant", "Over "+distant.name)
	r.pictures(&b, "poor", "Over "+poor.name)
	r.keys(&b)
	r.throughBridge(&b)
	r.throughNetworks(&b)
	r.masked(&b)
	r.memory(&b)
	r.machine(&b)
	r.product(&b)
	return b.String()
}

func (r *report) pictures(b *strings.Builder, part, title string) {
	t := newTable("workload", "encoding", "server", ":steps/s", ":seen/s", ":late ms p50", ":p95", ":updates/s", ":kB/s", ":kB/step", ":Mpixel/step", ":CPU %", ":CPU ms/Mpixel")
	for _, row := range r.rows {
		if row.part != part || row.load.typed {
			continue
		}
		for _, s := range r.servers {
			f := row.figures[s.name]
			sec := f.elapsed.Seconds()
			t.row(row.load.name, row.mode.name, s.name, number(float64(f.steps)/sec, 1), number(row.frames(f), 1), milliseconds(f.late, 0.5), milliseconds(f.late, 0.95),
				number(float64(f.updates)/sec/float64(row.viewers), 1), number(float64(f.bytes)/1e3/sec, 0), number(row.picture(f)/1e3, 2), number(float64(row.pixels)/1e6, 3),
				number(f.busy(), 1), number(row.cost(f), 1))
		}
	}
	t.write(b, title)
}

func (r *report) keys(b *strings.Builder) {
	t := newTable("from a key to its picture", "path", "encoding", "server", ":keys", ":p50 ms", ":p95 ms", ":kB/key", ":CPU ms/key", ":video seen/s")
	for _, row := range r.rows {
		if !row.load.typed || row.part == "bridged" {
			continue
		}
		for _, s := range r.servers {
			f := row.figures[s.name]
			t.row(row.load.name, row.path.name, row.mode.name, s.name, fmt.Sprint(len(f.keys)), milliseconds(f.keys, 0.5), milliseconds(f.keys, 0.95),
				number(row.picture(f)/1e3, 2), number(ms(f.cpu)/float64(len(f.keys)), 2), number(row.frames(f), 1))
		}
	}
	t.write(b, "Typing")
}

func (r *report) throughBridge(b *strings.Builder) {
	t := newTable("workload", "host to gateway", ":seen/s", ":late ms p50", ":p95", ":kB/s from the host", ":kB/s at the viewer", ":host CPU %", ":bridge CPU %", ":key p50 ms", ":p95 ms")
	for _, row := range r.rows {
		if row.part != "bridged" {
			continue
		}
		for _, f := range row.figures {
			sec := f.elapsed.Seconds()
			t.row(row.load.name, row.path.name, number(row.frames(f), 1), milliseconds(f.late, 0.5), milliseconds(f.late, 0.95), number(float64(f.carried)/1e3/sec, 0), number(float64(f.bytes)/1e3/sec, 0),
				number(f.busy(), 1), number(100*f.bridge.Seconds()/sec, 1), milliseconds(f.keys, 0.5), milliseconds(f.keys, 0.95))
		}
	}
	t.write(b, "Ours through gateway and bridge, "+quality8.name)
}

// memory is of the servers after their turns, and from connecting to the first picture.
func (r *report) memory(b *strings.Builder) {
	t := newTable("server", ":first picture p50 ms, quality 8", ":lossless", ":resident MB, one viewer", ":private", ":four viewers", ":private")
	for _, s := range r.servers {
		one, four := r.sum(s, "loopback"), r.sum(s, "four")
		if one.resident+four.resident == 0 {
			continue
		}
		t.row(s.name, milliseconds(r.first(s, quality8), 0.5), milliseconds(r.first(s, lossless), 0.5), megabytes(one.resident), megabytes(one.private), megabytes(four.resident), megabytes(four.private))
	}
	t.write(b, "First picture and memory")
}

// sum is all that a server did in one part.
func (r *report) sum(s *server, part string) (sum figures) {
	for _, row := range r.rows {
		if row.part == part {
			sum = sum.plus(row.figures[s.name])
		}
	}
	return sum
}

// first is from connecting to a whole picture, on loopback.
func (r *report) first(s *server, m mode) (took []time.Duration) {
	for _, row := range r.rows {
		if row.part == "loopback" && row.mode.name == m.name {
			took = append(took, row.figures[s.name].first...)
		}
	}
	return took
}

func (r *report) product(b *strings.Builder) {
	if len(r.session) > 0 {
		fmt.Fprintf(b, "\nFrom the code typed to the first pixel in a viewer on the bridge, over the relay on loopback, the questions answered at once: "+
			"p50 %s ms of %d sessions.\n", milliseconds(r.session, 0.5), len(r.session))
	}
	w := newTable("the end user", ":runs", ":p50 ms", ":p95 ms", ":aim ms")
	for _, wait := range r.waits {
		w.row(wait.what, fmt.Sprint(len(wait.took)), milliseconds(wait.took, 0.5), milliseconds(wait.took, 0.95), fmt.Sprintf("< %.0f", ms(wait.aim)))
	}
	w.write(b, "What the end user waits for, on loopback")
	t := newTable("program, stripped", ":MB")
	for _, bin := range []string{r.programs.host, r.programs.bridge, r.programs.gateway} {
		if info, err := os.Stat(bin); err == nil {
			t.row(info.Name(), megabytes(int(info.Size())))
		}
	}
	t.write(b, "")
}

// processor is the machine's processor, as it calls itself.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := strings.Cut(string(info), "model name")
	name, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
}
