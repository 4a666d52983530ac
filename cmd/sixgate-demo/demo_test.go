//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build makes the four programs, side by side as `make build` does.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-o", bin, "../sixgate-gateway", "../sixgate-bridge", "../sixgate-host", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func TestShotShowsTheDesktopAndLeavesNothing(t *testing.T) {
	bin, shot, scratch := build(t), filepath.Join(t.TempDir(), "shot.png"), t.TempDir()
	mark := "SIXGATE_DEMO_TEST=" + rand.Text()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sixgate-demo"), "--shot", shot, "--viewer-port", "0")
	cmd.Env = append(os.Environ(), "DISPLAY=", "TMPDIR="+scratch, mark)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if colours := countColours(t, shot); colours < 1000 { // the wallpaper and the picture have many
		t.Errorf("the shot has %d colours", colours)
	}
	if left := running(t, mark); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
	if files, _ := os.ReadDir(scratch); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
}

func countColours(t *testing.T, file string) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if want := image.Rect(0, 0, 1280, 800); m.Bounds() != want {
		t.Fatalf("the shot is %v, want %v", m.Bounds(), want)
	}
	colours := map[color.Color]bool{}
	for y := range 800 {
		for x := range 1280 {
			colours[m.At(x, y)] = true
		}
	}
	return len(colours)
}

// running finds the processes that inherited mark.
func running(t *testing.T, mark string) (left []string) {
	t.Helper()
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range environs {
		if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(mark)) {
			cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
			left = append(left, strings.ReplaceAll(string(cmdline), "\x00", " "))
		}
	}
	return left
}
