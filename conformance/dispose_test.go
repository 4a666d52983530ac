//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sixgate/rfb"
)

// disposable is a copy of the host's program, alone in a folder, as the end user has downloaded it.
type disposable struct {
	dir, file string
	home      string // where a program would leave things, empty
	display   string
	meeting   *meeting
}

func newDisposable(t *testing.T, m *meeting, display string) *disposable {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	d := &disposable{dir, filepath.Join(dir, "sixgate-host"), home, display, m}
	from, err := os.Open(program(t, "sixgate-host"))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(d.file, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

// start starts it by a command, which is a shell's.
func (d *disposable) start(t *testing.T, command string, args ...string) *talk {
	t.Helper()
	args = append([]string{"-c", command + ` "$@"`, "sh", "--gateway", d.meeting.address, "--dispose", "--display", d.display}, args...)
	cmd := exec.Command("sh", args...)
	cmd.Env = append(os.Environ(), "HOME="+d.home, "TMPDIR="+d.home, "XDG_RUNTIME_DIR="+d.home)
	for _, name := range []string{"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		cmd.Env = append(cmd.Env, name+"=")
	}
	return startCommand(t, "sixgate-host", cmd)
}

// left are the files that are still there.
func (d *disposable) left(t *testing.T) (names []string) {
	t.Helper()
	for _, dir := range []string{d.dir, d.home} {
		filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if path != dir {
				names = append(names, filepath.Base(path))
			}
			return err
		})
	}
	return names
}

// However it ends, nothing is left of a host that was started with --dispose, and it says what it looked for.
func TestDispose(t *testing.T) {
	t.Parallel()
	d := newDisplay(t, "640x480x24")
	screen := openScreen(t, d.Display)
	held := func(want int) func() error {
		return func() error {
			keys, buttons, err := screen.Held()
			if err == nil && keys+buttons != want {
				err = fmt.Errorf("%d keys and %d buttons are down", keys, buttons)
			}
			return err
		}
	}
	m := meet(t, "", "127.0.0.1", "", "--no-password")
	const looked = "Nothing is left on this computer."
	for _, tt := range []struct {
		name   string
		start  func(t *testing.T, d *disposable) string // what the shell runs
		play   func(t *testing.T, host *talk)           // to the end
		page   bool                                     // not the terminal
		met    bool                                     // there was a session
		status int
		left   []string
		said   string
	}{
		{name: "refused", play: func(t *testing.T, host *talk) {
			host.answer(t, "Code: ", m.code)
			host.answer(t, "Check digits: ", m.bridge.event(t, "check").Digits)
			host.answer(t, "Allow? [y/N] ", "")
		}, met: true, said: looked},
		{name: "Ctrl-C in a session, started by a link", start: func(t *testing.T, d *disposable) string {
			link := filepath.Join(d.dir, "link")
			if err := os.Symlink("sixgate-host", link); err != nil {
				t.Fatal(err)
			}
			return "exec " + link
		}, play: func(t *testing.T, host *talk) {
			m.allow(t, host)
			host.cmd.Process.Signal(os.Interrupt)
		}, met: true, left: []string{"link"}, said: looked},
		{name: "stopped while the page is open", page: true, play: func(t *testing.T, host *talk) {
			address := regexp.MustCompile(`http://\S+`).FindString(host.until(t, "\n"))
			response, err := http.Get(address)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("the page: %v, %v", response, err)
			}
			response.Body.Close()
			host.cmd.Process.Signal(os.Interrupt)
			<-host.left
			if _, err := http.Get(address); err == nil {
				t.Error("the page still answers")
			}
		}, said: looked},
		{name: "an error", play: func(t *testing.T, host *talk) {
			host.answer(t, "Code: ", "000000")
			host.answer(t, "Code: ", "hello")
			host.until(t, "Code: ")
			host.keys.(io.Closer).Close()
		}, status: 1, said: looked},
		{name: "a folder that cannot be written", start: func(t *testing.T, d *disposable) string {
			return fmt.Sprintf("exec unshare --mount sh -c 'mount --bind %[1]s %[1]s && mount -o remount,bind,ro %[1]s && exec %[2]s \"$@\"' sh", d.dir, d.file)
		}, play: func(t *testing.T, host *talk) {
			m.allow(t, host)
			host.cmd.Process.Signal(os.Interrupt)
		}, met: true, status: 1, left: []string{"sixgate-host"}, said: "read-only file system"},
		{name: "a second name", start: func(t *testing.T, d *disposable) string {
			if err := os.Link(d.file, filepath.Join(d.dir, "second")); err != nil {
				t.Fatal(err)
			}
			return "exec " + d.file
		}, play: func(t *testing.T, host *talk) {
			host.until(t, "Code: ")
			host.cmd.Process.Signal(os.Interrupt)
		}, status: 1, left: []string{"second"}, said: "LEFT: the file has 1 more names"},
		{name: "another file in its place", start: func(t *testing.T, d *disposable) string {
			return fmt.Sprintf("exec 9<%[1]s && rm %[1]s && echo mine >%[1]s && exec /proc/self/fd/9", d.file)
		}, play: func(t *testing.T, host *talk) {}, status: 1, left: []string{"sixgate-host"}},
		{name: "killed in a drag", play: func(t *testing.T, host *talk) {
			m.allow(t, host)
			v, err := rfb.NewClient(m.viewers.dial(t), rfb.ClientOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(v.Key(0xffe3, true), v.Pointer(image.Pt(99, 99), 1)); err != nil {
				t.Fatal(err)
			}
			eventually(t, held(2))
			host.cmd.Process.Kill()
			eventually(t, held(0))
		}, status: -1}, // the last one: for the bridge its session may come back
	} {
		t.Run(tt.name, func(t *testing.T) {
			copied := newDisposable(t, m, d.Display)
			command := "exec " + copied.file
			if tt.start != nil {
				command = tt.start(t, copied)
			}
			var args []string
			if !tt.page {
				args = append(args, "--tty")
			}
			host := copied.start(t, command, args...)
			tt.play(t, host)
			if status := host.exit(t); status != tt.status {
				t.Errorf("it left with %d, want %d: %s", status, tt.status, host.log.String())
			}
			if left := copied.left(t); strings.Join(left, " ") != strings.Join(tt.left, " ") {
				t.Errorf("left are %q, want %q", left, tt.left)
			}
			if host.mu.Lock(); !strings.Contains(string(host.said), tt.said) {
				t.Errorf("it says %q, not %q", host.said, tt.said)
			}
			host.mu.Unlock()
			if tt.met {
				m.nextCode(t)
			}
		})
	}
}
