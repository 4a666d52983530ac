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

// sessionFor is how long one may take to begin.
const sessionFor = 30 * time.Second

// measureSession takes the time from the code to the first picture of the host's desktop that a viewer on the bridge has, over the
// relay on loopback. The end user's part is answered at once, so what is left is ours.
func measureSession(ctx context.Context, scratch string, p programs, st *stage) (took []time.Duration, err error) {
	o, err := openOffice(ctx, scratch, p)
	if err != nil {
		return nil, err
	}
	defer o.close()
	for range sessions {
		s, err := o.session(ctx, o.address, st)
		if err != nil {
			return took, err
		}
		s.host.leave()
		took = append(took, s.took)
	}
	return took, nil
}

// office is a gateway with one supporter's bridge.
type office struct {
	host            string // the program
	gateway, bridge *program
	address         string // of the gateway
}

func openOffice(ctx context.Context, scratch string, p programs) (o *office, err error) {
	o = &office{host: p.host}
	data, err := os.MkdirTemp(scratch, "gateway-")
	if err != nil {
		return nil, err
	}
	if o.gateway, err = speak(ctx, p.gateway, "serve", "--data", data, "--listen", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	address, err := o.gateway.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("sixgate-gateway named no address: %w", err)
	}
	o.address = strings.TrimSpace(address)
	out, err := exec.CommandContext(ctx, p.gateway, "operator", "add", "Bench", "--gateway-data", data).Output()
	if err != nil {
		return nil, fmt.Errorf("sixgate-gateway operator add: %w", err)
	}
	profile := filepath.Join(data, "bench.sixgate")
	if err := os.WriteFile(profile, out, 0o600); err != nil {
		return nil, err
	}
	o.bridge, err = speak(ctx, p.bridge, "serve", "--profile", profile, "--viewer-port", "0", "--no-password", "--events")
	return o, err
}

func (o *office) close() {
	if o.bridge != nil {
		o.bridge.leave()
	}
	o.gateway.leave()
}

// session is a host that is shown through a bridge.
type session struct {
	host    *program
	viewers string        // where viewers connect
	took    time.Duration // from the code to the first picture
}

// session starts a host that reaches the gateway at an address, and returns when its desktop has reached a viewer.
func (o *office) session(ctx context.Context, gateway string, st *stage) (s *session, err error) {
	code, err := o.bridge.event("code")
	if err != nil {
		return nil, err
	}
	at, err := o.bridge.event("viewer")
	if err != nil {
		return nil, err
	}
	v, err := dial(at.Address, []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingLastRect, rfb.EncodingDesktopSize})
	if err != nil {
		return nil, err
	}
	defer v.close()
	v.conn.SetDeadline(time.Now().Add(sessionFor))
	if err := v.whole(); err != nil {
		return nil, fmt.Errorf("the bridge's notice that it waits: %w", err)
	}
	s = &session{viewers: at.Address}
	if s.host, err = speak(ctx, o.host, "--gateway", gateway, "--tty", "--display", st.display.Display); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.host.leave()
		}
	}()
	start := time.Now()
	if err := s.host.answer("Code: ", code.Code); err != nil {
		return nil, err
	}
	check, err := o.bridge.event("check")
	if err != nil {
		return nil, err
	}
	if err := s.host.answer("Check digits: ", check.Digits); err != nil {
		return nil, err
	}
	if err := s.host.answer("Allow? [y/N] ", "y"); err != nil {
		return nil, err
	}
	if err = v.until(st.size); err != nil {
		err = fmt.Errorf("the host's first picture: %w", err)
	}
	s.took = time.Since(start)
	return s, err
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

// answer reads up to a question, which ends without a new line, and answers it.
func (p *program) answer(question, answer string) error {
	var said strings.Builder
	for !strings.HasSuffix(said.String(), question) {
		b, err := p.ReadByte()
		if err != nil {
			return fmt.Errorf("sixgate-host said %q and left before it asked %q: %w", said.String(), question, err)
		}
		said.WriteByte(b)
	}
	_, err := io.WriteString(p.in, answer+"\n")
	return err
}
