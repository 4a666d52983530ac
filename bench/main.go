//go:build linux

// Bench measures our server beside those of others: the same display, the same content and the same client for all, in
// turn in one run. On a machine that is shared, only the ratios between servers mean anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sixgate/bench/scene"
	"sixgate/desktop/xvfb"
)

const screenSize = "1920x1080x24"

type flags struct {
	seconds  float64
	servers  string
	parts    string
	loads    string
	modes    string
	host     string
	markdown string
}

func main() {
	var f flags
	flag.Float64Var(&f.seconds, "seconds", 4, "how long each server works on each workload")
	flag.StringVar(&f.servers, "servers", "ours,x0vncserver,x11vnc", "which servers")
	flag.StringVar(&f.parts, "parts", "", "which parts, by the beginnings of their names: loopback, four (viewers), distant (80 ms, 10 Mbit/s), poor (300 ms, 1 Mbit/s), bridged, session, masks, paths (as root), limits; none: all")
	flag.StringVar(&f.loads, "loads", "", "which workloads, by the beginnings of their names; none: all")
	flag.StringVar(&f.modes, "modes", "", "lossless, quality 8 or quality 6; none: all")
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

	r := &report{began: time.Now(), programs: programs}
	for _, name := range strings.Split(f.servers, ",") {
		s, err := start(ctx, name, programs.host, display)
		if err != nil {
			return err
		}
		defer s.stop()
		r.servers = append(r.servers, s)
	}
	st := &stage{display: display, screen: screen, scratch: scratch, size: screen.Size}
	defer st.leave()
	if err := st.build(); err != nil {
		return err
	}
	if err := everything(ctx, f, st, r); err != nil {
		return err
	}
	text := r.markdown()
	fmt.Print(text)
	if f.markdown == "" {
		return nil
	}
	return insert(f.markdown, text)
}

// everything runs the parts that were asked for.
func everything(ctx context.Context, f flags, st *stage, r *report) error {
	var err error
	if anyPrefix(f.parts, "limits") {
		if r.limits, err = measureLimits(ctx, st); err != nil {
			r.failed(fmt.Errorf("the machine's limits: %w", err))
		}
	}
	for _, p := range parts {
		if !anyPrefix(f.parts, p.name) {
			continue
		}
		if err := p.run(ctx, f, st, r); err != nil {
			return err
		}
	}
	if anyPrefix(f.parts, "bridged") {
		runBridged(ctx, f, st, r)
	}
	if anyPrefix(f.parts, "session") && f.loads == "" {
		if r.session, err = measureSession(ctx, st.scratch, r.programs, st); err != nil {
			r.failed(fmt.Errorf("a whole session: %w", err))
		}
		if err := measureConsent(ctx, st, r); err != nil {
			r.failed(fmt.Errorf("the end user's page: %w", err))
		}
		if err := measureStop(ctx, st, r); err != nil {
			r.failed(fmt.Errorf("how soon Stop works: %w", err))
		}
	}
	if anyPrefix(f.parts, "masks") && f.loads == "" {
		if r.masks, err = measureMasks(st); err != nil {
			r.failed(fmt.Errorf("hidden windows: %w", err))
		}
	}
	if anyPrefix(f.parts, "paths") && f.loads == "" {
		if err := measurePaths(ctx, st, r); err != nil {
			r.failed(fmt.Errorf("paths: %w", err))
		}
	}
	return nil
}

// programs are where ours lie.
type programs struct{ gateway, bridge, host string }

// build makes the three programs as they are shipped.
func build(ctx context.Context, dir string) (programs, error) {
	cmd := exec.CommandContext(ctx, "make", "build", "BIN="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if out, err := cmd.CombinedOutput(); err != nil {
		return programs{}, fmt.Errorf("make build (from the repository's root): %w\n%s", err, out)
	}
	return programs{filepath.Join(dir, "sixgate-gateway"), filepath.Join(dir, "sixgate-bridge"), filepath.Join(dir, "sixgate-host")}, nil
}
