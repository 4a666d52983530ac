//go:build linux

// Bench measures our server beside those of others: the same display, the same content and the same client for all, in
// turn in one run. On a machine that is shared, only the ratios between servers mean anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"sixgate/bench/scene"
	"sixgate/desktop/xvfb"
)

const screenSize = "1920x1080x24"

// rounds is how often each server has its turn at each workload, so that a busy moment does not hit only one.
const rounds = 2

type flags struct {
	seconds  float64
	servers  string
	loads    string
	host     string
	markdown string
}

func main() {
	var f flags
	flag.Float64Var(&f.seconds, "seconds", 4, "how long each server works on each workload")
	flag.StringVar(&f.servers, "servers", "ours,x0vncserver,x11vnc", "which servers")
	flag.StringVar(&f.loads, "loads", "", "which workloads, by the beginnings of their names; none: all")
	flag.StringVar(&f.host, "host", "", "our sixgate-host program; none: build it")
	flag.StringVar(&f.markdown, "md", "", "the file to write the report into, between its markers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags) error {
	scratch, err := os.MkdirTemp("", "sixgate-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	programs, err := build(ctx, scratch)
	if err != nil {
		return err
	}
	if f.host != "" {
		programs.host = f.host
	}
	display, err := xvfb.Start(ctx, screenSize)
	if err != nil {
		return err
	}
	defer display.Close()
	screen, err := scene.Open(display.Display)
	if err != nil {
		return err
	}
	defer screen.Close()

	r := report{began: time.Now(), programs: programs}
	for _, name := range strings.Split(f.servers, ",") {
		s, err := start(ctx, name, programs.host, display)
		if err != nil {
			return err
		}
		defer s.stop()
		r.servers = append(r.servers, s)
	}
	st := &stage{display: display, screen: screen, scratch: scratch, size: screen.Size}
	if err := st.build(); err != nil {
		return err
	}
	loads := slices.DeleteFunc(slices.Clone(workloads), func(w workload) bool {
		return f.loads != "" && !slices.ContainsFunc(strings.Split(f.loads, ","), func(p string) bool { return strings.HasPrefix(w.name, p) })
	})
	window := time.Duration(f.seconds / rounds * float64(time.Second))
	for _, w := range loads {
		for _, mode := range w.modes {
			for range rounds {
				for _, s := range r.servers {
					fmt.Fprintf(os.Stderr, "%s, %s: %s\n", w.name, mode.name, s.name)
					got, err := measure(ctx, st, s, w, mode, window)
					if err != nil {
						return fmt.Errorf("%s, %s: %s: %w", w.name, mode.name, s.name, err)
					}
					r.add(w, mode, s, got)
				}
			}
		}
	}
	if f.loads == "" {
		if r.session, err = measureSession(ctx, scratch, programs, st); err != nil {
			fmt.Fprintln(os.Stderr, "bench: a whole session:", err)
		}
	}
	text := r.markdown(ctx)
	fmt.Print(text)
	if f.markdown == "" {
		return nil
	}
	return insert(f.markdown, text)
}

// programs are where ours lie.
type programs struct{ gateway, bridge, host string }

// build makes the three programs as they are shipped: stripped.
func build(ctx context.Context, dir string) (programs, error) {
	p := programs{filepath.Join(dir, "sixgate-gateway"), filepath.Join(dir, "sixgate-bridge"), filepath.Join(dir, "sixgate-host")}
	for _, bin := range []string{p.gateway, p.bridge, p.host} {
		if err := goBuild(ctx, bin); err != nil {
			return p, err
		}
	}
	return p, nil
}
