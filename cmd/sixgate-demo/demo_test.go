//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"image"
	"image/color"
	"image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const testVersion = "v1.2.3-test"

// build makes the four programs, side by side as `make build` does.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-ldflags", "-X main.version="+testVersion, "-o", bin, "../sixgate-gateway", "../sixgate-bridge", "../sixgate-host", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func TestPrograms(t *testing.T) {
	bin := build(t)
	t.Run("help and version", func(t *testing.T) { testHelpAndVersion(t, bin) })
	t.Run("port in use", func(t *testing.T) { testPortInUse(t, bin) })
	t.Run("closing its terminal ends everything", func(t *testing.T) { testHangUp(t, bin) })
	t.Run("the shot shows the desktop and leaves nothing", func(t *testing.T) { testShot(t, bin) })
}

func testHelpAndVersion(t *testing.T, bin string) {
	for name, flags := range map[string][]string{
		"sixgate-gateway": {"serve", "operator add"},
		"sixgate-bridge":  {"serve --profile"},
		"sixgate-host":    {"--gateway", "--code", "--tty", "--dispose", "--display", "--backend", "vnc"},
		"sixgate-demo":    {"--shot", "--tty"},
	} {
		out, err := exec.Command(filepath.Join(bin, name), "--version").Output()
		if err != nil || string(out) != testVersion+"\n" {
			t.Errorf("%s --version: %q, %v", name, out, err)
		}
		out, err = exec.Command(filepath.Join(bin, name), "--help").Output()
		for _, flag := range flags {
			if err != nil || !strings.Contains(string(out), flag) {
				t.Errorf("%s --help does not show %s: %v\n%s", name, flag, err, out)
			}
		}
	}
}

func testPortInUse(t *testing.T, bin string) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sixgate-demo"), "--viewer-port", port)
	cmd.Env = append(os.Environ(), "DISPLAY=", "BROWSER=")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "port "+port+" is in use") {
		t.Errorf("%v\n%s", err, out)
	}
}

func testHangUp(t *testing.T, bin string) {
	scratch, mark := t.TempDir(), "SIXGATE_DEMO_TEST="+rand.Text()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sixgate-demo"), "--viewer-port", "0", "--picture", filepath.Join(t.TempDir(), "demo.png"))
	cmd.Env = append(os.Environ(), "DISPLAY=", "BROWSER=", "TMPDIR="+scratch, mark)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "Ctrl-C ends everything." {
			ready = true
			cmd.Process.Signal(syscall.SIGHUP)
		}
	}
	if err := cmd.Wait(); err != nil || !ready {
		t.Errorf("ready: %v, then it left with %v", ready, err)
	}
	if left := running(t, mark); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
	if files, _ := os.ReadDir(scratch); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
}

func testShot(t *testing.T, bin string) {
	shot, scratch := filepath.Join(t.TempDir(), "shot.png"), t.TempDir()
	mark := "SIXGATE_DEMO_TEST=" + rand.Text()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sixgate-demo"), "--shot", shot, "--viewer-port", "0")
	cmd.Env = append(os.Environ(), "DISPLAY=", "BROWSER=", "TMPDIR="+scratch, mark)
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
