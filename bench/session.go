//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	where           where
}

// where is with which commands the programs begin, in a network namespace perhaps, and how viewers get to the bridge; nil: here.
type where struct {
	gateway, bridge, host []string
	dial                  func(address string) (net.Conn, error)
}

// at is a program that begins with a command.
func at(begin []string, name string, args ...string) (string, []string) {
	all := slices.Concat(begin, []string{name}, args)
	return all[0], all[1:]
}

func openOffice(ctx context.Context, scratch string, p programs) (o *office, err error) {
	return openOfficeAt(ctx, scratch, p, where{}, "127.0.0.1:0", func(address string) string { return address })
}

// openOfficeAt has the gateway listen at an address, and the bridge call it as called says.
func openOfficeAt(ctx context.Context, scratch string, p programs, w where, listen string, called func(address string) string) (o *office, err error) {
	o = &office{host: p.host, where: w}
	data, err := os.MkdirTemp(scratch, "gateway-")
	if err != nil {
		return nil, err
	}
	name, args := at(w.gateway, p.gateway, "serve", "--data", data, "--listen", listen)
	if o.gateway, err = speak(ctx, name, args...); err != nil {
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
	o.address = called(strings.TrimSpace(address))
	out, err := exec.CommandContext(ctx, p.gateway, "operator", "add", "Bench", "--gateway-data", data).Output()
	if err != nil {
		return nil, fmt.Errorf("sixgate-gateway operator add: %w", err)
	}
	var said map[string]any
	if err := json.Unmarshal(out, &said); err != nil {
		return nil, err
	}
	said["gateways"] = []string{o.address}
	if out, err = json.Marshal(said); err != nil {
		return nil, err
	}
	profile := filepath.Join(data, "bench.sixgate")
	if err := os.WriteFile(profile, out, 0o600); err != nil {
		return nil, err
	}
	name, args = at(w.bridge, p.bridge, "serve", "--profile", profile, "--viewer-port", "0", "--no-password", "--events")
	o.bridge, err = speak(ctx, name, args...)
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

// expect takes the next code, and attaches a viewer to the bridge that waits for it to be typed.
func (o *office) expect() (code string, v *viewer, address string, err error) {
	next, err := o.bridge.event("code")
	if err != nil {
		return "", nil, "", err
	}
	viewers, err := o.bridge.event("viewer")
	if err != nil {
		return "", nil, "", err
	}
	dial := o.where.dial
	if dial == nil {
		dial = func(address string) (net.Conn, error) { return net.Dial("tcp", address) }
	}
	conn, err := dial(viewers.Address)
	if err != nil {
		return "", nil, "", err
	}
	if v, err = attach(conn, []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingLastRect, rfb.EncodingDesktopSize}); err != nil {
		return "", nil, "", err
	}
	v.conn.SetDeadline(time.Now().Add(sessionFor))
	if err := v.whole(); err != nil {
		v.close()
		return "", nil, "", fmt.Errorf("the bridge's notice that it waits: %w", err)
	}
	return next.Code, v, viewers.Address, nil
}

// session starts a host that reaches the gateway at an address, and returns when its desktop has reached a viewer.
func (o *office) session(ctx context.Context, gateway string, st *stage) (s *session, err error) {
	code, v, viewers, err := o.expect()
	if err != nil {
		return nil, err
	}
	defer v.close()
	s = &session{viewers: viewers}
	name, args := at(o.where.host, o.host, "--gateway", gateway, "--tty", "--display", st.display.Display)
	if s.host, err = speak(ctx, name, args...); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.host.leave()
		}
	}()
	if err := s.host.asks("Code: "); err != nil { // it is connected to the gateway
		return nil, err
	}
	start := time.Now()
	if _, err := io.WriteString(s.host.in, code+"\n"); err != nil {
		return nil, err
	}
	check, err := o.bridge.event("check")
	if err != nil {
		return nil, err
	}
	if err := s.host.answer("Check digits: ", check.Digits); err != nil {
		return nil, err
	}
	if err := s.host.answer("Allow? [y/N] ", "y+"); err != nil {
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
type event struct{ Event, Code, Digits, Address, Path, Reason string }

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

// answer waits for a question and answers it.
func (p *program) answer(question, answer string) error {
	if err := p.asks(question); err != nil {
		return err
	}
	_, err := io.WriteString(p.in, answer+"\n")
	return err
}

// asks reads up to a question, which ends without a new line.
func (p *program) asks(question string) error {
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
