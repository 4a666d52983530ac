package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"syscall"

	"sixgate/host"
)

// systemCommands are those that only this system has.
func systemCommands() []command {
	var release releaseCmd
	return []command{{name: "release", flags: release.flags, run: release.run}}
}

// A shell waits for the end of its input in a twentieth of the memory that this program would.
const waitThenRelease = `read -r line || exec /proc/self/fd/3 release --display "$0"`

// guard starts a second process that lets go of all keys and buttons if this one is killed: an X server does not do that by itself.
// It returns that process's id, 0 where there is none, and a function that ends it.
func (d display) guard(log *slog.Logger) (pid int, stop func()) {
	if d.Backend != host.DefaultBackend {
		return 0, func() {}
	}
	pid, stop, err := d.startGuard()
	if err != nil {
		log.Warn("if this program is killed while the supporter holds a key, it stays down", "err", err)
		return 0, func() {}
	}
	return pid, stop
}

func (d display) startGuard() (pid int, stop func(), err error) {
	self, err := os.Open("/proc/self/exe") // which is there also when its name is not
	if err != nil {
		return 0, nil, err
	}
	defer self.Close()
	cmd := exec.Command("/bin/sh", "-c", waitThenRelease, d.Display)
	cmd.ExtraFiles = []*os.File{self}
	cmd.SysProcAttr = apart()
	life, err := cmd.StdinPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	return cmd.Process.Pid, func() {
		io.WriteString(life, "\n") // nothing is held
		life.Close()
		cmd.Wait()
	}, nil
}

// apart keeps what ends this process's group, such as a Ctrl-C on its terminal, from a process that is started.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// panel is where the session bar has its place.
func (d display) panel(desktop host.Desktop) func() (host.Panel, error) {
	if d.Backend != host.DefaultBackend {
		return nil
	}
	return func() (host.Panel, error) { return host.OpenPanel(desktop) }
}

// releaseCmd is what that process does then.
type releaseCmd struct {
	Display string
}

func (c *releaseCmd) flags(f *flag.FlagSet) {
	f.StringVar(&c.Display, "display", os.Getenv("DISPLAY"), "")
}

func (c *releaseCmd) run(context.Context, *slog.Logger) error { return host.ReleaseAll(c.Display) }
