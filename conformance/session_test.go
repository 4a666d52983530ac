//go:build linux

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sixgate/rfb"
	"sixgate/session"
)

// talk is one of our programs at work, and what it has said on its standard output.
type talk struct {
	name string
	cmd  *exec.Cmd
	keys interface{ Write([]byte) (int, error) }
	left chan struct{} // closed when the program has left

	mu   sync.Mutex
	said []byte // not yet read
	more chan struct{}
	log  notes // standard error
}

// notes are what a program writes while others read.
type notes struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(b)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func (p *talk) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, b...)
	close(p.more)
	p.more = make(chan struct{})
	return len(b), nil
}

// start runs one of our programs, in a network namespace unless that is "". At the end of the test it is asked to leave.
func start(t *testing.T, namespace, name string, args ...string) *talk {
	t.Helper()
	args = append([]string{program(t, name)}, args...)
	if namespace != "" {
		args = append([]string{"ip", "netns", "exec", namespace}, args...)
	}
	return startCommand(t, name, exec.Command(args[0], args[1:]...))
}

func startCommand(t *testing.T, name string, cmd *exec.Cmd) *talk {
	t.Helper()
	p := &talk{name: name, cmd: cmd, left: make(chan struct{}), more: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = p, &p.log
	keys, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.keys = keys
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.left) }()
	t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(10*time.Second, func() { p.cmd.Process.Kill() })
		<-p.left
		if !kill.Stop() {
			t.Errorf("%s had to be killed", name)
		}
		if t.Failed() || strings.Contains(p.log.String(), "panic") {
			t.Logf("%s said:\n%s", name, last(p.log.String(), 8000))
		}
	})
	return p
}

// until waits for the program to say text, and returns what it said up to the end of that.
func (p *talk) until(t *testing.T, text string) string {
	t.Helper()
	for end := time.After(patience); ; {
		p.mu.Lock()
		before, rest, found := strings.Cut(string(p.said), text)
		if found {
			p.said = []byte(rest)
		}
		more := p.more
		p.mu.Unlock()
		if found {
			return before + text
		}
		select {
		case <-more:
		case <-p.left:
			t.Fatalf("%s left before it said %q: %s", p.name, text, before)
		case <-end:
			t.Fatalf("%s did not say %q in %v: %s", p.name, text, patience, before)
		}
	}
}

// event is one of the bridge's, as far as tests read them.
type event struct {
	Event, Code, Digits, Address, Password, Path, State, Mode, Kind, Title, Reason string
	Allowed                                                                        []string
	Since, Until                                                                   time.Time
	Sent, Received                                                                 int
	Transport, Proxy                                                               string
	Failed                                                                         []struct{ Transport, Proxy, Reason, Remedy string }
}

// event waits for one of the bridge's events.
func (p *talk) event(t *testing.T, kind string) (e event) {
	t.Helper()
	for e.Event != kind {
		e = p.anyEvent(t)
	}
	return e
}

// anyEvent waits for the next.
func (p *talk) anyEvent(t *testing.T) (e event) {
	t.Helper()
	if err := json.Unmarshal([]byte(p.until(t, "\n")), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// answer types a line when the program asks for it.
func (p *talk) answer(t *testing.T, prompt, line string) {
	t.Helper()
	p.until(t, prompt)
	if _, err := p.keys.Write([]byte(line + "\n")); err != nil {
		t.Fatal(err)
	}
}

// exit waits until the program has left by itself, and returns its exit status.
func (p *talk) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.left:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("%s has not left after %v", p.name, patience)
		return 0
	}
}

// meeting is a gateway and a bridge with a code.
type meeting struct {
	gateway, bridge *talk
	address         string // of the gateway; of several, one after the other
	profile         string // the bridge's
	code            string
	path            string // when the first picture came
	viewers         *server
}

// meet starts a gateway that listens on host:0, and a bridge; each in a namespace unless that is "".
func meet(t *testing.T, gatewaySpace, host, bridgeSpace string, args ...string) *meeting {
	t.Helper()
	dir := t.TempDir()
	data, profile := filepath.Join(dir, "gateway"), filepath.Join(dir, "ada.sixgate")
	m := &meeting{profile: profile, gateway: start(t, gatewaySpace, "sixgate-gateway", "serve", "--data", data, "--listen", host+":0")}
	m.address = strings.TrimSpace(m.gateway.until(t, "\n"))
	out, err := exec.Command(program(t, "sixgate-gateway"), "operator", "add", "Ada", "--organisation", "Example", "--gateway-data", data).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(profile, out, 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"serve", "--profile", profile, "--viewer-port", "0", "--events"}, args...)
	m.bridge = start(t, bridgeSpace, "sixgate-bridge", args...)
	m.nextCode(t)
	return m
}

// nextCode takes the code and the viewers' address of a session that begins.
func (m *meeting) nextCode(t *testing.T) {
	t.Helper()
	m.code = m.bridge.event(t, "code").Code
	view := m.bridge.event(t, "viewer")
	m.viewers = &server{password: view.Password}
	if _, err := fmt.Sscanf(view.Address, "127.0.0.1:%d", &m.viewers.port); err != nil {
		t.Fatal(err)
	}
}

// host starts the end user's program.
func (m *meeting) host(t *testing.T, namespace, display string) *talk {
	t.Helper()
	args := []string{"--tty", "--display", display}
	for _, a := range strings.Fields(m.address) {
		args = append(args, "--gateway", a)
	}
	return start(t, namespace, "sixgate-host", args...)
}

// allow plays both people up to the desktop. Windows that open later are shown: few tests are about those.
func (m *meeting) allow(t *testing.T, host *talk) {
	t.Helper()
	m.allowAs(t, host, "y+")
}

// allowAs does so with an answer of the end user's.
func (m *meeting) allowAs(t *testing.T, host *talk, answer string) {
	t.Helper()
	host.answer(t, "Code: ", m.code)
	host.answer(t, "Check digits: ", m.bridge.event(t, "check").Digits)
	if asked := host.until(t, "Allow? [y/N] "); !strings.Contains(asked, "Ada of Example") {
		t.Errorf("the question does not say who asks: %q", asked)
	}
	host.keys.Write([]byte(answer + "\n"))
	m.path = m.bridge.event(t, "path").Path
}

// noticePaper is the colour of a notice in place of the desktop.
var noticePaper = color.RGBA{0x1b, 0x24, 0x30, 0xff}

func TestSession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	early := follow(t, m.viewers, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize, rfb.EncodingCursor}})
	eventually(t, func() error { _, err := early.picture(); return err }) // a notice
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	if m.path != "relay" {
		t.Errorf("the path is %q", m.path)
	}

	watch(t, d, early.picture, same)
	got, judge := gvnccapture(t, m.viewers)
	if err := judge(d.look(t), got); err != nil {
		keep(t, "gvnccapture", got)
		t.Error(err)
	}
	typed := filepath.Join(t.TempDir(), "typed")
	if err := d.Spawn("xterm", "-geometry", "40x5+500+500", "-e", "sh", "-c", "read line; echo \"$line\" > "+typed); err != nil {
		t.Fatal(err)
	}
	if err := early.Pointer(image.Pt(560, 530), 0); err != nil { // no window manager: the keyboard follows the pointer
		t.Fatal(err)
	}
	watch(t, d, early.picture, same)
	eventually(t, func() error { // until the terminal reads
		for _, r := range "Ab\r" {
			keysym := uint32(r)
			if r == '\r' {
				keysym = 0xff0d
			}
			if err := errors.Join(early.Key(keysym, true), early.Key(keysym, false)); err != nil {
				return err
			}
		}
		text, err := os.ReadFile(typed)
		if err == nil && strings.TrimSpace(string(text)) != "Ab" {
			t.Fatalf("typed %q", text)
		}
		return err
	})

	// The end user leaves: the same words on both ends, viewers see them and are sent away, and a new code is there.
	host.cmd.Process.Signal(os.Interrupt)
	if status := host.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
	host.until(t, "Ended by user.")
	if reason := m.bridge.event(t, "end").Reason; reason != "ended by user" {
		t.Errorf("the bridge says %q", reason)
	}
	eventually(t, func() error {
		early.mu.Lock()
		defer early.mu.Unlock()
		if early.err == nil {
			return fmt.Errorf("the viewer is still attached")
		}
		return nil
	})
	early.mu.Lock()
	if corner, paper := early.seen.RGBAAt(0, 0), noticePaper; corner != paper {
		t.Errorf("what the viewer saw last has the colour %v in its corner, not a notice's %v", corner, paper)
	}
	early.mu.Unlock()
	old := m.code
	m.nextCode(t)
	if m.code == old {
		t.Error("the code was used twice")
	}
	again := m.host(t, "", d.Display)
	m.allow(t, again)
	watch(t, d, ours(rfb.EncodingZRLE)(t, m.viewers), same) // until all of the mirror is there
	got, judge = gvnccapture(t, m.viewers)
	if err := judge(d.look(t), got); err != nil {
		t.Error(err)
	}
	// The supporter leaves.
	m.bridge.cmd.Process.Signal(os.Interrupt)
	if status := again.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
	again.until(t, "Ended by supporter.")
}

func TestSessionsThatEndEarly(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, "320x240x24")
	m := meet(t, "", "127.0.0.1", "")
	for _, tt := range []struct {
		name   string
		play   func(t *testing.T, host *talk)
		status int
		reason string
		waits  bool // the next code, after two that nobody consented to
	}{
		{"refused", func(t *testing.T, host *talk) {
			host.answer(t, "Code: ", m.code)
			host.answer(t, "Check digits: ", m.bridge.event(t, "check").Digits)
			host.answer(t, "Allow? [y/N] ", "")
		}, 0, "ended by user: the request was refused", false},
		{"wrong digits", func(t *testing.T, host *talk) {
			host.answer(t, "Code: ", m.code)
			right := m.bridge.event(t, "check").Digits
			for range 3 {
				host.answer(t, "Check digits: ", string('0'+(right[0]-'0'+1)%10)+right[1:])
			}
		}, 1, "the check digits were wrong three times", true},
		{"display gone", func(t *testing.T, host *talk) {
			m.allow(t, host)
			d.Close()
		}, 1, "the desktop that was shown is gone", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := m.host(t, "", d.Display)
			tt.play(t, host)
			if status := host.exit(t); status != tt.status {
				t.Errorf("the host left with %d, want %d: %s", status, tt.status, host.log.String())
			}
			if reason := m.bridge.event(t, "end").Reason; !strings.Contains(reason, tt.reason) {
				t.Errorf("the bridge says %q, want %q", reason, tt.reason)
			}
			if tt.waits {
				if until := m.bridge.event(t, "wait").Until; time.Until(until).Abs() > time.Minute {
					t.Errorf("the next code comes at %v", until)
				}
			}
			m.nextCode(t)
		})
	}
}

// state waits for the bridge to say that the session stands so.
func (m *meeting) state(t *testing.T, want session.State) {
	t.Helper()
	for m.bridge.event(t, "state").State != want.String() {
	}
}

// A host that is killed may as well be one whose network is gone: the supporter sees that, and waits, or leaves.
func TestHostKilled(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	viewer := follow(t, m.viewers, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize}})
	watch(t, d, viewer.picture, same)
	host.cmd.Process.Kill()
	m.state(t, session.Broken)
	eventually(t, func() error {
		viewer.mu.Lock()
		defer viewer.mu.Unlock()
		if viewer.err != nil {
			t.Fatalf("the viewer was sent away: %v", viewer.err)
		}
		if corner := viewer.seen.RGBAAt(0, 0); corner != noticePaper {
			return fmt.Errorf("the viewer sees %v in the corner, not a notice", corner)
		}
		return nil
	})
	m.bridge.keys.Write([]byte("end\n"))
	if e := m.bridge.event(t, "traffic"); e.Path != "relay" || e.Received < 1000 || e.Sent == 0 {
		t.Errorf("the bridge says that %+v has passed", e)
	}
	if reason := m.bridge.event(t, "end").Reason; reason != "ended by supporter" {
		t.Errorf("the bridge says %q", reason)
	}
	m.bridge.cmd.Process.Signal(os.Interrupt)
	if status := m.bridge.exit(t); status != 0 {
		t.Errorf("the bridge left with %d", status)
	}
}

// A gateway that is killed takes no session with it: another one on the same port brings it back, and viewers never leave.
func TestGatewayKilled(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	host := m.host(t, "", d.Display)
	m.allow(t, host)
	viewer := follow(t, m.viewers, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize}})
	watch(t, d, viewer.picture, same)
	m.gateway.cmd.Process.Kill()
	lost := m.bridge.event(t, "gateway")
	for len(lost.Failed) == 0 {
		lost = m.bridge.event(t, "gateway")
	}
	if f := lost.Failed[0]; lost.State != "not reached" || f.Transport == "" || !strings.Contains(f.Reason, "refuses") || f.Remedy == "" {
		t.Errorf("the bridge says of the gateway: %+v", lost)
	}
	m.state(t, session.Broken)
	if err := d.Spawn("xterm", "-geometry", "20x3+300+300", "-e", "sleep", "600"); err != nil {
		t.Fatal(err)
	}
	<-m.gateway.left
	at := strings.Split(m.address, "/")
	m.gateway = start(t, "", "sixgate-gateway", "serve", "--data", filepath.Join(filepath.Dir(m.profile), "gateway"), "--listen", "127.0.0.1:"+at[4])
	if found := m.bridge.event(t, "gateway"); found.State != "reached" || found.Transport == "" {
		t.Errorf("the bridge says of the gateway: %+v", found)
	}
	m.state(t, session.Relayed)
	watch(t, d, viewer.picture, same)
	host.until(t, "The connection is back.")

	// The end user ends it while nothing passes: at once, and the bridge hears of it when the network is back.
	m.broken(t, func() {
		host.until(t, "Connection broken, trying again.\nNothing has come from your supporter since ")
		host.cmd.Process.Signal(os.Interrupt)
		host.until(t, "Ended by user.")
	})
	if reason := m.bridge.event(t, "end").Reason; reason != "ended by user" {
		t.Errorf("the bridge says %q", reason)
	}
}

// A server on a display that ends leaves, whether or not somebody looks at it.
func TestDisplayGoneUnseen(t *testing.T) {
	d := newDisplay(t, "320x240x24")
	host := start(t, "", "sixgate-host", "vnc", "--port", "0", "--no-password", "--display", d.Display)
	host.until(t, "listening on")
	d.Close()
	if status := host.exit(t); status != 1 {
		t.Errorf("it left with %d", status)
	}
	if said := host.log.String(); !strings.Contains(said, "the desktop that was shown is gone") {
		t.Errorf("it said %q", said)
	}
}

// Each error is said once, with cause and remedy, and the program leaves with a status that is not 0.
func TestErrors(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, "320x240x24")
	m := meet(t, "", "127.0.0.1", "")
	const nobody = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
	lost := filepath.Join(t.TempDir(), "lost.sixgate")
	copied, err := os.ReadFile(m.profile)
	if err != nil {
		t.Fatal(err)
	}
	var profile map[string]any
	if err := json.Unmarshal(copied, &profile); err != nil {
		t.Fatal(err)
	}
	profile["gateways"] = []string{nobody}
	if copied, err = json.Marshal(profile); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lost, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := string('0'+(m.code[0]-'0'+5)%10) + m.code[1:]
	port := fmt.Sprint(m.viewers.port)
	gatewayAt := "127.0.0.1:" + strings.Split(m.address, "/")[4]
	for _, tt := range []struct {
		name    string
		program string
		args    []string
		typed   string // standard input
		want    []string
	}{
		{"wrong code", "sixgate-host", []string{"--gateway", m.address, "--tty", "--display", d.Display, "--code", wrong}, "",
			[]string{"wrong, has expired or was used", "ask your supporter for a new one"}},
		{"not a code", "sixgate-host", []string{"--gateway", m.address, "--tty", "--display", d.Display}, "hello\n",
			[]string{"six digits"}},
		{"gateway unreachable", "sixgate-host", []string{"--gateway", nobody, "--tty", "--display", d.Display}, "",
			[]string{"the gateway cannot be reached", "check its address"}},
		{"gateway unreachable", "sixgate-bridge", []string{"serve", "--profile", lost, "--viewer-port", "0"}, "",
			[]string{"the gateway cannot be reached", "check its address"}},
		{"no display", "sixgate-host", []string{"--gateway", m.address, "--tty", "--display", ":7654"}, "",
			[]string{"no X display at :7654", "pass --display"}},
		{"no display", "sixgate-host", []string{"vnc", "--port", "0", "--display", ":7654"}, "",
			[]string{"no X display at :7654", "pass --display"}},
		{"port in use", "sixgate-bridge", []string{"serve", "--profile", m.profile, "--viewer-port", port}, "",
			[]string{port + " is in use", "choose another port"}},
		{"port in use", "sixgate-host", []string{"vnc", "--port", port, "--display", d.Display}, "",
			[]string{port + " is in use", "choose another port"}},
		{"port in use", "sixgate-gateway", []string{"serve", "--data", filepath.Join(t.TempDir(), "another"), "--listen", "127.0.0.1:" + port}, "",
			[]string{port, "in use"}},
		{"port in use by a gateway", "sixgate-gateway", []string{"serve", "--data", filepath.Join(t.TempDir(), "another"), "--listen", gatewayAt}, "",
			[]string{gatewayAt, "in use"}},
		{"another address", "sixgate-bridge", []string{"serve", "--profile", m.profile, "--viewer-port", "0.0.0.0:5901"}, "",
			[]string{"this machine only", "ssh -L"}},
		{"no profile", "sixgate-bridge", []string{"serve", "--profile", "/nonexistent"}, "",
			[]string{"/nonexistent"}},
		{"no such backend", "sixgate-host", []string{"vnc", "--backend", "magic", "--display", d.Display}, "",
			[]string{"magic", "use x11"}},
	} {
		t.Run(tt.program+"/"+tt.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			cmd := exec.CommandContext(ctx, program(t, tt.program), tt.args...)
			cmd.Stdin = strings.NewReader(tt.typed)
			out, err := cmd.CombinedOutput()
			if exit, ok := errors.AsType[*exec.ExitError](err); !ok || !exit.Exited() {
				t.Errorf("it left with %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(string(out), m.code) {
				t.Errorf("it says the code:\n%s", out)
			}
		})
	}
}
