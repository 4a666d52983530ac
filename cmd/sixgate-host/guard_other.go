//go:build !linux

package main

import (
	"log/slog"
	"syscall"

	"sixgate/host"
)

// systemCommands are those that only this system has.
func systemCommands() []command { return nil }

// guard has nothing to do: what this process injected ends with it.
func (d display) guard(*slog.Logger) (pid int, stop func()) { return 0, func() {} }

// apart keeps what ends this process's group from a process that is started: nothing does here.
func apart() *syscall.SysProcAttr { return nil }

// panel is where the session bar has its place: nowhere yet.
func (d display) panel(host.Desktop) func() (host.Panel, error) { return nil }
