//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sixgate/rfb"
)

// sessions is how many are started, one after the other: each needs a new code.
const sessions = 5

// sessionFor is how long one may take.
const sessionFor = 30 * time.Second

// measureSession takes the time from the code to the first picture of the host's desktop that a viewer on the bridge has, over the
// relay on loopback. The end user's part is answered at once, so what is left is ours.
func measureSession(ctx context.Context, scratch string, p programs, st *stage) (took []time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	data, profile := filepath.Join(scratch, "gateway"), filepath.Join(scratch, "bench.sixgate")
	gateway, err := speak(ctx, p.gateway, "serve", "--data", data, "--listen", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer gateway.leave()
	address, err := gateway.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("sixgate-gateway named no address: %w", err)
	}
	out, err := exec.CommandContext(ctx, p.gateway, "operator", "add", "Bench", "--gateway-data", data).Output()
	if err != nil {
		return nil, fmt.Errorf("sixgate-gateway operator add: %w", err)
	}
	if err := os.WriteFile(profile, out, 0o600); err != nil {
		return nil, err
	}
	bridge, err := speak(ctx, p.bridge, "serve", "--profile", profile, "--viewer-port", "0", "--no-password", "--events")
	if err != nil {
		return nil, err
	}
	defer bridge.leave()
	for range sessions {
		d, err := oneSession(ctx, bridge, p.host, strings.TrimSpace(address), st)
		if err != nil {
			return took, err
		}
		took = append(took, d)
	}
	return took, nil
}

// oneSession starts a host, and ends it when its desktop has reached a viewer.
func oneSession(ctx context.Context, bridge *program, hostProgram, gateway string, st *stage) (time.Duration, error) {
	ctx, stop := context.WithTimeout(ctx, sessionFor)
	defer stop()
	code, err := bridge.event("code")
	if err != nil {
		return 0, err
	}
	at, err := bridge.event("viewer")
	if err != nil {
		return 0, err
	}
	v, err := dial(at.Address, append(lossless.encodings[:len(lossless.encodings):len(lossless.encodings)], rfb.EncodingDesktopSize))
	if err != nil {
		return 0, err
	}
	defer v.close()
	v.conn.SetDeadline(time.Now().Add(sessionFor))
	if err := v.whole(); err != nil { // the bridge's notice that it waits
		return 0, err
	}
	host, err := speak(ctx, hostProgram, "--gateway", gateway, "--tty", "--display", st.display.Display)
	if err != nil {
		return 0, err
	}
	defer host.leave()
	if err := host.prompt("Code: "); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := host.say(code.Code); err != nil {
		return 0, err
	}
	check, err := bridge.event("check")
	if err != nil {
		return 0, err
	}
	if err := host.prompt("Check digits: "); err != nil {
		return 0, err
	}
	if err := host.say(check.Digits); err != nil {
		return 0, err
	}
	if err := host.prompt("Allow? [y/N] "); err != nil {
		return 0, err
	}
	if err := host.say("y"); err != nil {
		return 0, err
	}
	if err := v.until(st.size); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

// program is one of ours at work, with both ends of its talk.
type program struct {
	*bufio.Reader
	events *json.Decoder
	in     io.Writer
	cmd    *exec.Cmd
}

func speak(ctx context.Context, name string, args ...string) (*program, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopFor
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(out)
	return &program{r, json.NewDecoder(r), in, cmd}, cmd.Start()
}

// leave asks the program to go, and waits until it has.
func (p *program) leave() {
	p.cmd.Process.Signal(os.Interrupt)
	io.Copy(io.Discard, p)
	p.cmd.Wait()
}

// event is one of the bridge's, as far as it is needed here.
type event struct{ Event, Code, Digits, Address, Reason string }

// event skips the bridge's events up to the wanted one.
func (p *program) event(want string) (e event, err error) {
	for e.Event != want {
		e = event{}
		if err := p.events.Decode(&e); err != nil {
			return e, fmt.Errorf("sixgate-bridge left before its event %q: %w", want, err)
		}
	}
	return e, nil
}

// prompt reads up to a question, which ends without a new line.
func (p *program) prompt(question string) error {
	var said strings.Builder
	for !strings.HasSuffix(said.String(), question) {
		b, err := p.ReadByte()
		if err != nil {
			return fmt.Errorf("sixgate-host said %q and left before it asked %q: %w", said.String(), question, err)
		}
		said.WriteByte(b)
	}
	return nil
}

func (p *program) say(answer string) error {
	_, err := io.WriteString(p.in, answer+"\n")
	return err
}
