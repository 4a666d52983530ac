//go:build linux

package conformance

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sixgate/conformance/bed"
	"sixgate/rfb"
)

// doctor starts a program's doctor in a namespace. What is returned waits for what it says, and its exit status.
func doctor(t *testing.T, space, name string, args ...string) func() (says string, status int) {
	t.Helper()
	args = append([]string{"netns", "exec", space, program(t, name), "doctor"}, args...)
	cmd := exec.CommandContext(t.Context(), "ip", args...)
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (string, int) {
		cmd.Wait()
		return out.String(), cmd.ProcessState.ExitCode()
	}
}

// tinyproxy serves on the router of a place, which alone reaches the internet. It asks for the name ada and the password sesame.
func tinyproxy(t *testing.T, at place) (hostPort string) {
	t.Helper()
	return proxyOn(t, at, "tinyproxy", "-d", "-c", "Port 3128\nConnectPort 443\nBasicAuth ada sesame\nTimeout 600\n")
}

// squid is the same with Digest. It does not run as root, and shares memory under a name.
func squid(t *testing.T, at place) (hostPort string) {
	t.Helper()
	passwords := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(passwords, []byte("ada:sesame\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(passwords); dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return proxyOn(t, at, "squid", "-N", "-n", fmt.Sprint("sg", os.Getpid()), "-f", "http_port 3128\npid_filename none\naccess_log none\ncache_log /dev/null\n"+
		"pinger_enable off\nshutdown_lifetime 0 seconds\nnetdb_filename none\nmemory_cache_shared off\n"+
		"auth_param digest program /usr/lib/squid/digest_file_auth "+passwords+"\nauth_param digest realm test\nauth_param digest children 1\n"+
		"acl known proxy_auth REQUIRED\nhttp_access allow CONNECT known\nhttp_access deny all\n")
}

func proxyOn(t *testing.T, at place, name string, args ...string) (hostPort string) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "conf")
	if err := os.WriteFile(conf, []byte(args[len(args)-1]), 0o600); err != nil {
		t.Fatal(err)
	}
	args[len(args)-1] = conf
	cmd := exec.Command("ip", append([]string{"netns", "exec", at.site.Router.Space, name}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	hostPort = net.JoinHostPort(at.Out.String(), "3128")
	eventually(t, func() error {
		c, err := dialFrom(at.Space, hostPort)
		if err == nil {
			c.Close()
		}
		return err
	})
	return hostPort
}

// TestDoctor has both doctors look at networks that are broken in one way each.
func TestDoctor(t *testing.T) {
	t.Parallel()
	n := newInternet(t).serve(t, bed.Line{})
	ada := filepath.Join(t.TempDir(), "ada.sixgate")
	profile, err := exec.Command(program(t, "sixgate-gateway"), "operator", "add", "Ada", "--gateway-data", n.data).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ada, profile, 0o600); err != nil {
		t.Fatal(err)
	}
	other := newInternet(t)
	other.Bed = n.Bed
	other = other.serve(t, bed.Line{})
	_, id, _ := strings.Cut(n.address, "/p2p/")
	_, otherID, _ := strings.Cut(other.address, "/p2p/")
	at := n.machine.Address.String()
	eve := filepath.Join(t.TempDir(), "eve.sixgate")
	profile, err = exec.Command(program(t, "sixgate-gateway"), "operator", "add", "Eve", "--gateway-data", other.data).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(eve, []byte(strings.NewReplacer(otherID, id, other.machine.Address.String(), at).Replace(string(profile))), 0o600); err != nil {
		t.Fatal(err)
	}
	homes := map[bed.Policy]place{} // one for each policy
	for _, p := range []bed.Policy{0, bed.NoUDP, bed.Only443, bed.Closed} {
		homes[p] = n.place(t, "home", bed.Line{}, p)
	}
	proxy := tinyproxy(t, homes[bed.Closed])
	for _, tt := range []struct {
		name   string
		policy bed.Policy
		gate   string // address of the gateway; "": a bridge's doctor with profile
		extra  []string
		status int
		says   []string // patterns of lines
	}{
		{"whole", 0, n.address, nil, 0, []string{"ok +tcp +" + at + ":443 answers", "ok +quic ", "ok +websocket ", "ok +proxy +none", "ok +gateway +connected by tcp", "ok +relay ", "ok +clock "}},
		{"bridge", 0, "", []string{"--profile", ada}, 0, []string{"ok +gateway ", "ok +relay ", "ok +profile +the gateway knows Ada"}},
		{"stranger's bridge", 0, "", []string{"--profile", eve}, 1, []string{"ok +gateway ", "FAIL +profile .*does not know.*To do: .*operator add"}},
		{"no name server", 0, "/dns4/gateway.example.com/tcp/443/p2p/" + id, nil, 1, []string{"no +name +gateway.example.com cannot be looked up: no name server.*To do: .*--proxy", "FAIL +gateway"}},
		{"UDP blocked", bed.NoUDP, n.address, nil, 0, []string{"ok +tcp", "no +quic .*does not answer.*nothing, for another way works", "ok +gateway"}},
		{"only 443", bed.Only443, n.address, nil, 0, []string{"ok +tcp", "no +quic", "ok +websocket", "ok +gateway"}},
		{"nothing passes", bed.Closed, n.address, nil, 1, []string{"no +tcp .*does not answer.*To do: .*ask the network's administrator", "FAIL +gateway", "FAIL +relay +not asked"}},
		{"another program", 0, other.address[:strings.Index(other.address, "/p2p/")] + "/p2p/" + id, nil, 1,
			[]string{"no +tcp .*another key.*To do: .*do not go on", "no +quic .*another key", "no +websocket .*another key", "FAIL +gateway .*another key"}},
		{"gateway down", 0, "/ip4/" + at + "/tcp/444/p2p/" + id, nil, 1, []string{"no +tcp +" + at + ":444 refuses.*To do: see that", "no +quic .*refuses", "FAIL +gateway", "ok +clock +it cannot be compared"}},
		{"proxy", bed.Closed, n.address, []string{"http://ada:sesame@"}, 0, []string{"no +tcp", "ok +proxy .*3128 leads to", "ok +gateway +connected by tcp .* by proxy", "ok +clock +as the"}},
		{"proxy, no credentials", bed.Closed, n.address, []string{"http://"}, 1, []string{"no +proxy +the proxy asks for a name.*To do: give them with --proxy", "FAIL +gateway"}},
		{"proxy, wrong credentials", bed.Closed, n.address, []string{"http://ada:wrong@"}, 1, []string{"no +proxy +the proxy does not take this name", "FAIL +gateway"}},
	} {
		name, args := "sixgate-bridge", tt.extra
		if tt.gate != "" {
			name, args = "sixgate-host", []string{"--gateway", tt.gate}
			if tt.extra != nil {
				args = append(args, "--proxy", tt.extra[0]+proxy)
			}
		}
		found := doctor(t, homes[tt.policy].Space, name, args...)
		defer func() { // when all have begun
			says, status := found()
			if status != tt.status {
				t.Errorf("%s: it leaves with %d", tt.name, status)
			}
			for _, want := range tt.says {
				if !regexp.MustCompile("(?m)^" + want).MatchString(says) {
					t.Errorf("%s: no line is like %q", tt.name, want)
				}
			}
			if strings.Contains(says, "sesame") || strings.Contains(says, "wrong") {
				t.Errorf("%s: it says the password", tt.name)
			}
			if t.Failed() {
				t.Logf("%s:\n%s", tt.name, says)
			}
		}()
	}
}

// TestOnlyProxy has sessions where a proxy is the only way out for both ends: one with Basic, one with Digest.
func TestOnlyProxy(t *testing.T) {
	n := newInternet(t).serve(t, bed.Line{})
	home, office := n.place(t, "home", bed.Line{}, bed.Closed), n.place(t, "office", bed.Line{}, bed.Closed)
	t.Setenv("ALL_PROXY", "http://ada:sesame@"+squid(t, office)) // the bridge's, from the environment
	m := n.attend(t, office)
	os.Unsetenv("ALL_PROXY")
	d := smallDesk(t)
	conn, err := dialFrom(office.Space, m.viewers.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	viewer := followOn(t, conn, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize}})
	basic := tinyproxy(t, home)
	host := start(t, home.Space, "sixgate-host", "--gateway", m.address, "--tty", "--display", d.Display, "--proxy", "http://ada:sesame@"+basic)
	asked, page := m.hostOnPage(t, home.Space, d.Display, "--proxy", "http://"+basic)
	web := newTabs(t, home.Space) // which takes its time to start
	m.allow(t, host)
	watch(t, d, viewer.picture, same)

	// On the page the end user is asked for what the proxy wants.
	web.do(t, "open", "a", page, "de-DE")
	typed := func(name, password string) {
		t.Helper()
		web.do(t, "wait", "a", "#proxy-name:focus")
		web.do(t, "type", "a", name)
		web.do(t, "press", "a", "Tab")
		web.do(t, "type", "a", password)
		if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
			web.do(t, "shot", "a", filepath.Join(dir, "proxy "+password+".png"))
		}
		if bad := web.do(t, "evaluate", "a", "("+lookOver+")()"); bad != "" {
			t.Error(bad)
		}
		web.do(t, "press", "a", "Enter")
	}
	typed("ada", "wrong")
	web.do(t, "wait", "a", ".problem")
	typed("ada", "sesame")
	web.do(t, "wait", "a", ".digits")
	if at := fmt.Sprint(web.do(t, "evaluate", "a", "location.href + performance.getEntries().map((e) => e.name).join()")); strings.Contains(at, "sesame") || strings.Contains(at, "wrong") {
		t.Errorf("an address has the password: %s", at)
	}
	for _, p := range []*talk{host, asked, m.bridge} {
		if log := p.log.String(); strings.Contains(log, "sesame") || !strings.Contains(log, "by proxy 10.") {
			t.Errorf("%s logs the proxy's password, or has come without a proxy:\n%s", p.name, log)
		}
	}
}
