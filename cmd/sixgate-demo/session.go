//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopFor is how long a program may take to leave when it is asked to.
const stopFor = 5 * time.Second

// session is the three programs at work.
type session struct {
	viewer viewer
	ended  <-chan error // receives when one of the programs leaves
	close  func()       // ends and awaits them
}

// viewer is where a VNC viewer attaches, as the bridge's event says it.
type viewer struct{ Address, Password string }

// vncviewer is the address as TigerVNC and TightVNC want it: host::port.
func (v viewer) vncviewer() string { return strings.Replace(v.Address, ":", "::", 1) }

// errDone is a program's end after which nothing is amiss.
var errDone = errors.New("exit status 0")

// startSession starts the programs and takes them to a live session, with the end user on the page or, with --tty, playing them.
func startSession(ctx context.Context, scratch, display string, f flags) (*session, error) {
	p := &cast{ended: make(chan error, 3)}
	s := &session{ended: p.ended, close: sync.OnceFunc(p.stop)}
	defer context.AfterFunc(ctx, s.close)()
	err := p.play(ctx, s, scratch, display, f)
	if errors.Is(err, io.EOF) {
		err = <-p.ended // what a program said when it left tells more
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// wait returns when ctx or the session ends, or with an error when a program left before.
func (s *session) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errDone) {
			fmt.Println("The session is over.")
			return nil
		}
		return err
	}
}

// cast is the programs that are running.
type cast struct {
	ended chan error

	mu      sync.Mutex
	stopped bool
	stops   []func() // end and await a program each, in the order in which they were started
}

// stop ends the programs, the host first: then the session's end is the end user's, as in life.
func (p *cast) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for _, stop := range slices.Backward(p.stops) {
		stop()
	}
}

func (p *cast) play(ctx context.Context, s *session, scratch, display string, f flags) error {
	data, profile := filepath.Join(scratch, "gateway"), filepath.Join(scratch, "demo.sixgate")

	gateway, _, err := p.start("sixgate-gateway", "serve", "--data", data, "--listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address, err := gateway.ReadString('\n')
	if err != nil {
		return fmt.Errorf("sixgate-gateway named no address: %w", err)
	}
	address = strings.TrimSpace(address)
	out, err := program(ctx, "sixgate-gateway", "operator", "add", "Demo Supporter", "--gateway-data", data).Output()
	if err != nil {
		return fmt.Errorf("sixgate-gateway operator add: %w", err)
	}
	if err := os.WriteFile(profile, out, 0o600); err != nil {
		return err
	}

	args := []string{"serve", "--profile", profile, "--viewer-port", fmt.Sprint(f.ViewerPort), "--events"}
	if f.Shot != "" {
		args = append(args, "--no-password") // gvnccapture would ask for it on a terminal
	}
	bridge, _, err := p.start("sixgate-bridge", args...)
	if err != nil {
		return err
	}
	events := json.NewDecoder(bridge)
	code, err := next(events, "code")
	if err != nil {
		return err
	}
	fmt.Println(readsCode, code.Code)
	view, err := next(events, "viewer")
	if err != nil {
		return err
	}
	s.viewer = viewer{view.Address, view.Password}

	if f.TTY || f.Shot != "" {
		err = p.playEndUser(events, code, "--gateway", address, "--display", display, "--tty")
	} else {
		err = p.showPage(events, "--gateway", address, "--display", display)
	}
	go io.Copy(io.Discard, bridge)
	return err
}

const (
	readsCode   = "The supporter reads out the code:        "
	readsDigits = "The supporter reads out the check digits:"
)

// showPage starts the host, whose page the end user has, and returns when they have allowed the session.
func (p *cast) showPage(events *json.Decoder, args ...string) error {
	host, _, err := p.start("sixgate-host", args...)
	if err != nil {
		return err
	}
	where, err := host.ReadString('\n')
	if err != nil {
		return fmt.Errorf("sixgate-host named no page: %w", err)
	}
	go io.Copy(io.Discard, host)
	fmt.Println("You are the end user: type it on the page that opens in your browser.")
	fmt.Print(where)
	check, err := next(events, "check")
	if err != nil {
		return err
	}
	fmt.Println(readsDigits, check.Digits)
	fmt.Println("Type them on the page, and allow what you like.")
	_, err = next(events, "path") // the desktop is there
	return err
}

// playEndUser starts the host, and answers what it asks on its terminal.
func (p *cast) playEndUser(events *json.Decoder, code event, args ...string) error {
	host, keyboard, err := p.start("sixgate-host", args...)
	if err != nil {
		return err
	}
	if err := answer(host, keyboard, "Code: ", code.Code); err != nil {
		return err
	}
	check, err := next(events, "check")
	if err != nil {
		return err
	}
	fmt.Println(readsDigits, check.Digits)
	if err := answer(host, keyboard, "Check digits: ", check.Digits); err != nil {
		return err
	}
	if err := answer(host, keyboard, "Allow? [y/N] ", "y"); err != nil {
		return err
	}
	fmt.Println("The end user typed both in and allowed the session. (This demo plays both people.)")
	go io.Copy(io.Discard, host)
	_, err = next(events, "path")
	return err
}

// event is any of the bridge's events, as far as the demo reads them.
type event struct{ Event, Code, Digits, Address, Password, Reason string }

// next skips events up to the wanted one.
func next(events *json.Decoder, want string) (e event, err error) {
	for e.Event != want {
		e = event{}
		if err := events.Decode(&e); err != nil {
			return e, fmt.Errorf("sixgate-bridge left before its event %q: %w", want, err)
		}
		if e.Event == "end" {
			return e, errors.New("the session ended: " + e.Reason)
		}
	}
	return e, nil
}

// program is one of ours, from the folder that this one lies in.
func program(ctx context.Context, name string, args ...string) *exec.Cmd {
	path := name
	if self, err := os.Executable(); err == nil {
		path = filepath.Join(filepath.Dir(self), name)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C on the terminal is ours to pass on
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopFor
	return cmd
}

// start runs a program until it is stopped and gives both ends of its talk.
func (p *cast) start(name string, args ...string) (says *bufio.Reader, hears io.Writer, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return nil, nil, context.Canceled
	}
	life, end := context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			end()
		}
	}()
	cmd := program(life, name, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	// A pipe of our own: Wait would close exec's while it is still being read.
	stdout, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &log
	err = cmd.Start()
	w.Close()
	if err != nil {
		stdout.Close()
		return nil, nil, fmt.Errorf("start %s: %w (make build)", name, err)
	}
	var running sync.WaitGroup
	p.stops = append(p.stops, func() { end(); running.Wait() })
	running.Go(func() {
		err := cmd.Wait()
		stdout.Close()
		if err == nil {
			err = errDone
		}
		p.ended <- fmt.Errorf("%s left: %w\n%s", name, err, log.Bytes())
	})
	return bufio.NewReader(stdout), stdin, nil
}

// answer waits for a prompt, which ends without a new line, and types the answer.
func answer(r *bufio.Reader, w io.Writer, prompt, text string) error {
	var said strings.Builder
	for !strings.HasSuffix(said.String(), prompt) {
		b, err := r.ReadByte()
		if err != nil {
			return fmt.Errorf("sixgate-host said %q and left before asking %q: %w", said.String(), prompt, err)
		}
		said.WriteByte(b)
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}
