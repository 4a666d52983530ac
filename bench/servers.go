//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sixgate/desktop/xvfb"
)

// server is a VNC server that shares the display.
type server struct {
	name    string
	version string
	port    int
	cmd     *exec.Cmd
	stop    func() // ends and awaits it
	log     strings.Builder

	bridge *program // where ours is reached through it
	gate   *relay   // between our host and the gateway then
}

// spending is what a server has used since it began.
type spending struct {
	cpu, bridge time.Duration
	carried     int64 // from the host to the gateway
}

func (s *server) spent() spending {
	now := spending{cpu: cpu(s.cmd.Process.Pid)}
	if s.bridge != nil {
		now.bridge = cpu(s.bridge.cmd.Process.Pid)
		now.carried = s.gate.sent.Load()
	}
	return now
}

// stopFor is how long a server may take to leave.
const stopFor = 5 * time.Second

// start runs one of the servers on the display and returns when it listens.
func start(ctx context.Context, name, host string, display *xvfb.Server) (*server, error) {
	if name == "ours" {
		return startOurs(ctx, host, display)
	}
	peer, ok := map[string]struct{ program, args, version string }{
		"x0vncserver": {"X0tigervnc", "-display %s -SecurityTypes None -rfbport %d -localhost=1 -AlwaysShared=1", "-version"},
		"x11vnc":      {"x11vnc", "-display %s -rfbport %d -localhost -nopw -forever -shared -quiet", "-version"},
	}[name]
	if !ok {
		return nil, fmt.Errorf("no server is called %q: there are ours, x0vncserver and x11vnc", name)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{name: name, port: port, version: versionOf(ctx, peer.program, peer.version)}
	ctx, cancel := context.WithCancel(ctx)
	s.cmd = display.Command(ctx, peer.program, strings.Fields(fmt.Sprintf(peer.args, display.Display, port))...)
	if err := s.cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("start %s: %w (make install-bench)", name, err)
	}
	s.stop = func() { cancel(); s.cmd.Wait() }
	for range 100 {
		if conn, err := net.Dial("tcp", s.addr()); err == nil {
			conn.Close()
			return s, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("%s does not listen on port %d", name, port)
}

func startOurs(ctx context.Context, host string, display *xvfb.Server) (*server, error) {
	s := &server{name: "ours", version: versionOf(ctx, "git", "describe", "--tags", "--always", "--dirty")}
	ctx, cancel := context.WithCancel(ctx)
	s.cmd = display.Command(ctx, host, "vnc", "--port", "0", "--no-password", "--display", display.Display)
	s.cmd.Stderr = &s.log
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	s.stop = func() { cancel(); s.cmd.Wait() }
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "listening on 127.0.0.1:"); ok {
			_, err := fmt.Sscan(at, &s.port)
			return s, err
		}
	}
	s.stop()
	return nil, errors.New("sixgate-host left before it listened: " + s.log.String())
}

// startBridged runs our gateway, bridge and host, with a path between the host and the gateway.
func startBridged(ctx context.Context, p programs, st *stage, over path) (s *server, err error) {
	o, err := openOffice(ctx, st.scratch, p)
	if err != nil {
		return nil, err
	}
	bridged := &server{name: "ours, bridged", stop: o.close, bridge: o.bridge}
	defer func() {
		if err != nil {
			bridged.stop()
		}
	}()
	parts := strings.Split(o.address, "/") // /ip4/127.0.0.1/tcp/PORT/p2p/…
	if len(parts) < 7 || parts[1] != "ip4" || parts[3] != "tcp" {
		return nil, fmt.Errorf("the gateway's address %s names no TCP port", o.address)
	}
	if bridged.gate, err = newRelay(ctx, over, net.JoinHostPort(parts[2], parts[4])); err != nil {
		return nil, err
	}
	bridged.stop = func() { bridged.gate.close(); o.close() }
	_, parts[4], _ = net.SplitHostPort(bridged.gate.addr())
	session, err := o.session(ctx, strings.Join(parts, "/"), st)
	if err != nil {
		return nil, err
	}
	bridged.stop = func() { session.host.leave(); bridged.gate.close(); o.close() }
	bridged.cmd = session.host.cmd
	_, port, _ := net.SplitHostPort(session.viewers)
	bridged.port, err = strconv.Atoi(port)
	return bridged, err
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// freePort names a port that was free a moment ago, for servers that cannot take 0.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// versionOf is the first thing a program says about itself that looks like a version.
func versionOf(ctx context.Context, program string, args ...string) string {
	out, _ := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if program == "git" {
		return strings.TrimSpace(string(out))
	}
	return regexp.MustCompile(`\d+\.\d+(\.\d+)?`).FindString(string(out))
}
