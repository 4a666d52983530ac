package main

import (
	"log/slog"
	"os"
	"os/exec"
	"syscall"

	"sixgate/host"
)

// systemFlags are the commands that only this system has.
type systemFlags struct {
	Release releaseCmd `cmd:"" hidden:""`
}

// guard starts a second process that lets go of all keys and buttons if this one is killed: an X server does not do that by itself.
// The function that it returns ends that process.
func (d display) guard(log *slog.Logger) (stop func()) {
	if d.Backend != host.DefaultBackend {
		return func() {}
	}
	cmd := exec.Command("/proc/self/exe", "release", "--display", d.Display)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // what ends this process's group does not end it
	life, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		log.Warn("if this program is killed while the supporter holds a key, it stays down", "err", err)
		return func() {}
	}
	return func() {
		life.Write([]byte{0}) // nothing is held
		life.Close()
		cmd.Wait()
	}
}

// panel is where the session bar has its place.
func (d display) panel() func() (host.Panel, error) {
	if d.Backend != host.DefaultBackend {
		return nil
	}
	return func() (host.Panel, error) { return host.OpenPanel(d.Display) }
}

// releaseCmd is that process.
type releaseCmd struct {
	Display string `env:"DISPLAY"`
}

func (c releaseCmd) Run() error {
	if n, _ := os.Stdin.Read(make([]byte, 1)); n > 0 {
		return nil
	}
	return host.ReleaseAll(c.Display)
}
