//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"sixgate/desktop/xvfb"
)

const (
	screen     = "1280x800x24"
	desktopFor = 30 * time.Second // how long the programs may take to show their windows
)

// programs stand on the demo's desktop: a terminal to type into, one that prints, a clock and a picture.
var programs = [][]string{
	{"xterm", "-geometry", "82x12+40+520", "-fa", "DejaVu Sans Mono", "-fs", "11", "-title", "It prints",
		"-e", "while :; do date; uptime; free -h | head -2; sleep 1; done"},
	{"xclock", "-update", "1", "-geometry", "200x200+1010+60"},
	{"display", "-geometry", "400x300+830+380", "picture.png"},
	{"xterm", "-geometry", "82x22+40+60", "-fa", "DejaVu Sans Mono", "-fs", "11", "-title", "Type here", "-e", "sh"},
}

// openDesktop gives the display to share: yours, which we are on, or one of our own with a few programs.
func openDesktop(ctx context.Context, scratch string) (display string, yours bool, closeDesktop func(), err error) {
	if display := os.Getenv("DISPLAY"); display != "" {
		if exec.CommandContext(ctx, "xdpyinfo").Run() == nil {
			fmt.Println("Sharing this desktop,", display)
			return display, true, func() {}, nil
		}
	}
	fmt.Println("There is no display here: starting one of", screen)
	server, err := xvfb.Start(ctx, screen)
	if err != nil {
		return "", false, nil, err
	}
	if err := furnish(ctx, server, scratch); err != nil {
		server.Close()
		return "", false, nil, err
	}
	return server.Display, false, server.Close, nil
}

// furnish starts the programs and returns when their windows are there.
func furnish(ctx context.Context, server *xvfb.Server, scratch string) error {
	ctx, cancel := context.WithTimeout(ctx, desktopFor)
	defer cancel()
	picture := filepath.Join(scratch, "picture.png")
	for _, args := range [][]string{
		{"convert", "-seed", "6", "-size", "400x300", "plasma:steelblue-gold", picture},
		{"xsetroot", "-solid", "#24425c"},
	} {
		if _, err := server.Run(ctx, args[0], args[1:]...); err != nil {
			return err
		}
	}
	if err := server.Spawn("openbox"); err != nil {
		return err
	}
	for _, args := range programs {
		if args[0] == "display" {
			args = append(args[:len(args)-1:len(args)-1], picture)
		}
		// What they leave when they are ended goes with the demo's own files.
		if err := server.Spawn("env", append([]string{"TMPDIR=" + scratch}, args...)...); err != nil {
			return err
		}
	}
	for {
		// xlsclients names the programs that have a window under the window manager.
		out, err := server.Run(ctx, "xlsclients")
		if err != nil {
			return err
		}
		if bytes.Count(out, []byte("\n")) >= len(programs) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the desktop's programs did not show: %w", context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
