//go:build linux

// Package xvfb starts real X servers that have no hardware, Xvfb and TigerVNC's: for tests, for measurements and for the demo.
package xvfb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopFor is how long a program may take to leave after it was asked to.
const stopFor = 5 * time.Second

// Server is an X server and the programs that were started on it.
type Server struct {
	Display string // ":99"

	server   *exec.Cmd
	stop     context.CancelFunc // ends the programs, then the server
	life     context.Context    // of the programs; a field because they are started one by one, for as long as the server lives
	programs sync.WaitGroup
	ended    chan struct{}
}

// Start runs Xvfb with one screen, "1280x800x24", on a display number that it finds free, and returns when clients can
// connect: those of this user, and of nobody else. The server and everything spawned on it ends with ctx or with Close.
func Start(ctx context.Context, screen string, args ...string) (*Server, error) {
	return start(ctx, "xvfb", "Xvfb", append([]string{"-screen", "0", screen}, args...))
}

// StartXvnc runs TigerVNC's X server in its place, with one monitor that can have any size, at first this one,
// "1280x800". It serves no viewers.
func StartXvnc(ctx context.Context, size string, args ...string) (*Server, error) {
	return start(ctx, "tigervnc-standalone-server", "Xtigervnc", append([]string{"-geometry", size, "-depth", "24", "-SecurityTypes", "None", "-rfbport", "-1"}, args...))
}

// start runs the program of a Debian package.
func start(ctx context.Context, debian, program string, args []string) (*Server, error) {
	ready, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	authority, cookie, err := cookieFile()
	if err != nil {
		w.Close()
		return nil, err
	}
	defer os.Remove(authority)
	var complaint strings.Builder
	cmd := exec.Command(program, append([]string{"-displayfd", "3", "-nolisten", "tcp", "-noreset", "-auth", authority}, args...)...)
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stderr = &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C on the terminal is ours to pass on
	err = cmd.Start()
	w.Close()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w (install the Debian package %s)", program, err, debian)
	}
	number, err := bufio.NewReader(ready).ReadString('\n')
	number = strings.TrimSpace(number)
	if err == nil {
		err = admitUser(number, cookie)
	}
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, fmt.Errorf("no display from %s: %w %s", program, err, complaint.String())
	}
	s := &Server{Display: ":" + number, server: cmd, ended: make(chan struct{})}
	s.life, s.stop = context.WithCancel(ctx)
	go func() {
		defer close(s.ended)
		<-s.life.Done()
		s.programs.Wait()
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait() // ended by our signal: its exit status says nothing
	}()
	return s, nil
}

// Process is the X server's, to stop or to kill.
func (s *Server) Process() *os.Process { return s.server.Process }

// Close ends the programs and the server, and waits for them.
func (s *Server) Close() {
	s.stop()
	<-s.ended
}

// Command prepares a program on this display. When ctx ends its process group gets a SIGTERM, and the program a SIGKILL
// where that was not enough.
func (s *Server) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.Display)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = stopFor
	return cmd
}

// Spawn starts a program that stays on this display until it leaves by itself or the server is closed.
func (s *Server) Spawn(name string, args ...string) error {
	cmd := s.Command(s.life, name, args...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	s.programs.Go(func() { cmd.Wait() })
	return nil
}

// Run runs a program on this display to its end and returns what it printed on standard output.
func (s *Server) Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := s.Command(ctx, name, args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
