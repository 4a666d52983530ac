//go:build linux

package conformance

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// against lets a server that is known to be good stand in for ours, to see whether a failure is the test's.
var against = flag.String("against", "sixgate", "the server that the viewers look at: sixgate, x11vnc or X0tigervnc")

// patience is how long anything that happens by itself may take on a busy machine.
var patience = 30 * time.Second

// tools are the programs the tests run, and the Debian packages they are in.
var tools = map[string]string{
	"Xvfb": "xvfb", "xterm": "xterm", "xrandr": "x11-xserver-utils", "xclip": "xclip", "xdotool": "xdotool", "gcc": "gcc", "ip": "iproute2", "nft": "nftables", "sysctl": "procps", "nmap": "nmap",
	"gvnccapture": "gvncviewer", "vncsnapshot": "vncsnapshot", "xtigervncviewer": "tigervnc-viewer",
	"xtightvncviewer": "xtightvncviewer", "x11vnc": "x11vnc", "X0tigervnc": "tigervnc-scraping-server", "tcpdump": "tcpdump",
	"chromium": "chromium", "node": "nodejs", "openbox": "openbox", "tinyproxy": "tinyproxy", "squid": "squid",
}

// built is the folder of what TestMain builds.
var built string

func TestMain(m *testing.M) {
	flag.DurationVar(&patience, "patience", patience, "how long to wait for what must happen")
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	missing := map[string]bool{}
	for tool, debian := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing[debian] = true
		}
	}
	if _, err := os.Stat("/usr/include/rfb/rfbclient.h"); err != nil {
		missing["libvncserver-dev"] = true
	}
	for _, dir := range []string{"testdata/novnc", "../web"} {
		if _, err := os.Stat(dir + "/node_modules"); err != nil {
			fmt.Fprintf(os.Stderr, "These tests need what npm ci in conformance/%s installs: make install-test\n", dir)
			return 1
		}
	}
	if len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "These tests need Debian packages:", strings.Join(slices.Sorted(maps.Keys(missing)), " "))
		return 1
	}
	os.Setenv("BROWSER", "true") // what sixgate-host would open its page in
	var err error
	if built, err = os.MkdirTemp("", "sixgate-conformance-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(built)
	return m.Run()
}

// program builds one of our commands, once.
var program = memo(func(name string) (string, error) {
	bin := filepath.Join(built, name)
	args := append([]string{"build", "-o", bin}, buildFlags...)
	out, err := exec.Command("go", append(args, "../cmd/"+name)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return bin, err
})

// memo makes f answer from memory when it is asked the same again; others wait while f works.
func memo(f func(string) (string, error)) func(*testing.T, string) string {
	var m sync.Mutex
	known := map[string]func() (string, error){}
	return func(t *testing.T, key string) string {
		t.Helper()
		m.Lock()
		once, ok := known[key]
		if !ok {
			once = sync.OnceValues(func() (string, error) { return f(key) })
			known[key] = once
		}
		m.Unlock()
		value, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// server is a VNC server on a display of ours.
type server struct {
	port     int
	password string // "" when it asks for none
	pid      int
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// display is the address for viewers that count displays, not ports.
func (s *server) display() string { return fmt.Sprintf("127.0.0.1:%d", s.port-5900) }

// dial connects to the server; the connection is closed with the test.
func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// share starts the server under test on a display, without a password.
func share(t *testing.T, d *desk) *server {
	t.Helper()
	switch *against {
	case "sixgate":
		return shareOurs(t, d, "--no-password")
	default:
		return sharePeer(t, d, *against)
	}
}

// shareOurs starts sixgate-host vnc and waits until it says where it listens. At the end of the test it is asked to
// leave, and must do so without a complaint.
func shareOurs(t *testing.T, d *desk, args ...string) *server {
	t.Helper()
	args = append([]string{"vnc", "--port", "0", "--display", d.Display}, args...)
	cmd := exec.Command(program(t, "sixgate-host"), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var log strings.Builder
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("sixgate-host left with %v", err)
		}
		if t.Failed() || strings.Contains(log.String(), "panic") || strings.Contains(log.String(), "DATA RACE") {
			t.Errorf("sixgate-host said:\n%s", last(log.String(), 8000))
		}
	})
	s := &server{pid: cmd.Process.Pid}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if password, ok := strings.CutPrefix(lines.Text(), "password: "); ok {
			s.password = password
		}
		if at, ok := strings.CutPrefix(lines.Text(), "listening on 127.0.0.1:"); ok {
			fmt.Sscan(at, &s.port)
			return s
		}
	}
	t.Fatalf("sixgate-host does not listen:\n%s", log.String())
	return nil
}

// sharePeer starts a VNC server that others wrote and waits until it answers.
func sharePeer(t *testing.T, d *desk, name string) *server {
	t.Helper()
	s := &server{port: freePort(t)}
	port := fmt.Sprint(s.port)
	args := map[string][]string{
		"x11vnc":     {"-display", d.Display, "-rfbport", port, "-localhost", "-nopw", "-forever", "-shared", "-quiet", "-noxrecord"},
		"X0tigervnc": {"-display", d.Display, "-rfbport", port, "-localhost=1", "-SecurityTypes", "None", "-AlwaysShared=1"},
	}[name]
	ctx, stop := context.WithCancel(context.Background())
	cmd := d.Command(ctx, name, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); cmd.Wait() })
	s.pid = cmd.Process.Pid
	eventually(t, func() error {
		conn, err := net.Dial("tcp", s.addr())
		if err == nil {
			conn.Close()
		}
		return err
	})
	return s
}

// freePort names a port for servers that cannot take 0; it was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// errEnded is an answer that will not get better by asking again.
var errEnded = errors.New("it has ended")

// eventually asks until the answer is nil, and fails with the last answer when patience or the matter is at its end.
func eventually(t *testing.T, ask func() error) {
	t.Helper()
	end := time.After(patience)
	for again := time.NewTicker(50 * time.Millisecond); ; {
		err := ask()
		if err == nil {
			again.Stop()
			return
		}
		if errors.Is(err, errEnded) {
			t.Fatal(err)
		}
		select {
		case <-end:
			t.Fatalf("after %v: %v", patience, err)
		case <-again.C:
		}
	}
}

// last cuts text to its last n bytes.
func last(text string, n int) string { return text[max(0, len(text)-n):] }
