//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/p2p"
	"sixgate/rfb"
	"sixgate/session"
)

// rogue is a supporter's program that does as it likes: it speaks with the host without asking what it may.
type rogue struct {
	*p2p.Call
	t *testing.T
}

// rogue has a host that plays plays join a bridge of another operator of the gateway, who wants a mode.
func (m *meeting) rogue(t *testing.T, mode session.Mode, play func(code string)) rogue {
	t.Helper()
	out, err := exec.Command(program(t, "sixgate-gateway"), "operator", "add", "Eve", "--gateway-data", filepath.Join(filepath.Dir(m.profile), "gateway")).Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "eve.sixgate")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	profile, err := p2p.LoadProfile(path)
	if err != nil {
		t.Fatal(err)
	}
	node, err := p2p.DialBridge(t.Context(), p2p.BridgeOptions{Profile: profile, Mode: mode, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	code, err := node.NewCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go play(code.Digits)
	call, err := node.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rogue{call, t}
}

// hears waits for a notice that the session is live, with a mode and permissions.
func (r rogue) hears(mode session.Mode, allowed session.Permissions) {
	r.t.Helper()
	var last p2p.Notice
	for end := time.After(patience); ; {
		select {
		case n, ok := <-r.Notices():
			if n.State.Live() && n.Mode == mode && n.Permissions == allowed {
				return
			}
			if last = n; ok {
				continue
			}
		case <-end:
		}
		r.t.Fatalf("told last of %v: %v", last.Mode, last.Permissions)
	}
}

// screen opens the host's desktop.
func (r rogue) screen() *rfb.Client {
	r.t.Helper()
	conn, err := r.Open(r.t.Context(), p2p.RFB)
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize}})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := c.Request(false, image.Rect(0, 0, 1, 1)); err != nil { // tells the screens
		r.t.Fatal(err)
	}
	if _, err := c.Next(); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// TestModes lets a supporter who keeps to nothing do all they can, in each mode that the end user lets them have.
func TestModes(t *testing.T) {
	t.Parallel()
	m := meet(t, "", "127.0.0.1", "")
	for _, tt := range []struct {
		wants   session.Mode
		answer  string
		mode    session.Mode
		allowed session.Permissions
	}{
		{session.ModeGuidance, "y", session.ModeGuidance, session.View | session.Clipboard},
		{session.ModeActive, "v", session.ModeMonitor, session.View},
	} {
		t.Run(fmt.Sprint(tt.wants, " ", tt.answer), func(t *testing.T) {
			d := &desk{Server: newDisplay(t, "640x480x24")}
			d.screen = openScreen(t, d.Display)
			d.copies(t, "the end user's own")
			d.pastes(t, "the end user's own")
			host := m.host(t, "", d.Display)
			eve := m.rogue(t, tt.wants, func(code string) { host.keys.Write([]byte(code + "\n")) })
			host.answer(t, "Check digits: ", eve.CheckDigits())
			host.answer(t, "Allow? [y/N] ", tt.answer)
			eve.hears(tt.mode, tt.allowed)
			v := eve.screen()
			before, err := d.screen.Pointer()
			if err != nil {
				t.Fatal(err)
			}
			err = errors.Join(v.Pointer(image.Pt(33, 44), 0), v.Pointer(image.Pt(55, 66), 1), v.Key(0xffe1, true), v.KeyCode(0x1d, 0xffe3, true),
				v.Push(image.Pt(5, 5), 1), v.CutText("the supporter's"), v.SetDesktopSize(image.Pt(320, 240)), v.Request(false, image.Rect(0, 0, 1, 1)))
			if err != nil {
				t.Fatal(err)
			}
			for refused := false; !refused; { // the answer to the last wish
				event, err := v.Next()
				if err != nil {
					t.Fatal(err)
				}
				u, ok := event.(*rfb.Update)
				refused = ok && u.Refused
				if ok && u.Resized {
					t.Fatal("the screen's size was changed")
				}
				if ok && !refused { // it was sent before the wish was looked at: the answer comes with another
					if err := v.Request(false, image.Rect(0, 0, 1, 1)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if at, err := d.screen.Pointer(); err != nil || at != before {
				t.Errorf("the pointer went from %v to %v, %v", before, at, err)
			}
			if keys, buttons, err := d.screen.Held(); err != nil || keys != 0 || buttons != 0 {
				t.Errorf("%d keys and %d buttons are held, %v", keys, buttons, err)
			}
			if tt.allowed.Has(session.Clipboard) {
				d.pastes(t, "the supporter's")
			} else {
				d.pastes(t, "the end user's own")
			}
			d.run(t, "xdotool", "key", "F12") // does nothing here: control is not theirs to give any more
			d.run(t, "xdotool", "key", "F10")
			<-eve.Done()
			if eve.Err() != session.ByUser {
				t.Errorf("ended with %v", eve.Err())
			}
			for n := range eve.Notices() {
				t.Errorf("after F12, the supporter is told %+v", n)
			}
			if status := host.exit(t); status != 0 {
				t.Errorf("the host left with %d", status)
			}
		})
	}

	// A mode of another version: both say why there is no session, and nobody is asked anything.
	d := newDisplay(t, "320x240x24")
	host := m.host(t, "", d.Display)
	eve := m.rogue(t, 77, func(code string) { host.keys.Write([]byte(code + "\n")) })
	<-eve.Done()
	if eve.Err() != session.NoMode {
		t.Errorf("ended with %v", eve.Err())
	}
	if status := host.exit(t); status != 1 || !strings.Contains(host.log.String(), session.NoMode.Error()) {
		t.Errorf("the host left with %d, and said %s", status, last(host.log.String(), 500))
	}
	host.mu.Lock()
	defer host.mu.Unlock()
	if strings.Contains(string(host.said), "Check digits") {
		t.Errorf("the end user was asked: %s", host.said)
	}
}

// TestBridgeHears has a host that says what it likes tell the bridge of modes and alerts.
func TestBridgeHears(t *testing.T) {
	t.Parallel()
	m := meet(t, "", "127.0.0.1", "", "--mode=guidance")
	node, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{m.address}, Self: p2p.Hello{Name: "pc"}})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	call, err := node.Join(t.Context(), m.code)
	if err != nil {
		t.Fatal(err)
	}
	if call.Peer().Mode != session.ModeGuidance {
		t.Errorf("the bridge wants %v", call.Peer().Mode)
	}
	tells := func(n p2p.Notice, state, mode, allowed string) {
		t.Helper()
		if err := call.Tell(n); err != nil {
			t.Fatal(err)
		}
		if e := m.bridge.event(t, "state"); e.State != state || e.Mode != mode || strings.Join(e.Allowed, " ") != allowed {
			t.Errorf("%+v is reported as %+v", n, e)
		}
	}
	tells(p2p.Notice{State: session.Asking, Mode: session.ModeMonitor}, "asking the user", "", "")
	tells(p2p.Notice{State: session.Relayed, Permissions: session.View | session.Control}, "connected by relay", "active", "view control")
	tells(p2p.Notice{State: session.Relayed, Mode: session.ModeGuidance, Permissions: session.View}, "connected by relay", "guidance", "view")
	tells(p2p.Notice{State: session.Relayed, Mode: 99, Permissions: session.View | 1<<7}, "connected by relay", "unknown", "view")
	for _, tt := range []struct {
		alert       p2p.Alert
		kind, title string
	}{
		{p2p.Alert{Kind: p2p.AlertBlocked, Title: "Unlock\nkeyring\x1b[2J"}, "blocked", "Unlock keyring[2J"},
		{p2p.Alert{Kind: p2p.AlertFree}, "free", ""},
	} {
		if err := call.Alert(tt.alert); err != nil {
			t.Fatal(err)
		}
		if e := m.bridge.event(t, "alert"); e.Kind != tt.kind || e.Title != tt.title {
			t.Errorf("%+q is reported as %q, %+q", tt.alert, e.Kind, e.Title)
		}
	}
	call.End(session.ByUser)
	if e := m.bridge.event(t, "end"); e.Reason != session.ByUser.Error() {
		t.Errorf("the bridge says %q", e.Reason)
	}
	m.nextCode(t)
}

// TestFloods has a supporter say all there is to say, as fast as they can. The page, the end user's keys and the end are as always.
func TestFloods(t *testing.T) {
	t.Parallel() // it waits most of the time
	m := meet(t, "", "127.0.0.1", "")
	d := &desk{Server: newDisplay(t, "640x480x24")}
	d.screen = openScreen(t, d.Display)
	host, address := m.hostOnPage(t, "", d.Display)
	web := newTabs(t, "")
	web.do(t, "open", "a", address)
	web.do(t, "wait", "a", ".digits")
	eve := m.rogue(t, session.ModeActive, func(code string) { web.do(t, "paste", "a", code) })
	web.do(t, "wait", "a", ".card")
	web.do(t, "type", "a", eve.CheckDigits())
	web.do(t, "wait", "a", "#allow:not(:disabled)")
	web.do(t, "click", "a", "#allow")
	const all = session.View | session.Control | session.Clipboard
	eve.hears(session.ModeActive, all)
	v := eve.screen()

	before := memory(t, host.cmd.Process.Pid, "VmRSS")
	var flood sync.WaitGroup
	flood.Go(func() {
		for eve.Tell(p2p.Notice{State: session.Checking}) == nil {
		}
	})
	flood.Go(func() {
		for i := 0; v.Pointer(image.Pt(i%600, i%400), uint16(i&1)) == nil; i++ {
		}
	})
	flood.Go(func() {
		for i := 0; v.Request(i&1 == 0, image.Rect(0, 0, 640, 480)) == nil; i++ {
		}
	})
	flood.Go(func() {
		for {
			if _, err := v.Next(); err != nil {
				return
			}
		}
	})
	time.Sleep(time.Second) // of flood
	d.run(t, "xdotool", "key", "F12")
	eve.hears(session.ModeActive, all&^session.Control)
	web.do(t, "wait", "a", "input[name=control]:not(:checked)")
	web.do(t, "click", "a", "input[name=clipboard]")
	eve.hears(session.ModeActive, session.View)
	web.do(t, "click", "a", "#step")
	web.do(t, "click", "a", "#step-monitor")
	eve.hears(session.ModeMonitor, session.View)
	if after := memory(t, host.cmd.Process.Pid, "VmRSS"); after > before+(64<<20) {
		t.Errorf("the host has %d MiB, and had %d before the flood", after>>20, before>>20)
	}
	pressed := time.Now()
	d.run(t, "xdotool", "key", "F10")
	<-eve.Done()
	if took := time.Since(pressed); eve.Err() != session.ByUser || took > 10*time.Second {
		t.Errorf("stopped after %v with %v", took, eve.Err())
	}
	flood.Wait()
	web.do(t, "wait", "a", "dl")
	if text := fmt.Sprint(web.do(t, "text", "a", "dl")); !slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool { return strings.HasSuffix(line, "Only watches: See my screen") }) {
		t.Errorf("the receipt says %q", text)
	}
	if status := host.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
}
