//go:build !linux

package main

import (
	"log/slog"

	"sixgate/host"
)

// systemFlags are the commands that only another system has.
type systemFlags struct{}

// guard has nothing to do: what this process injected ends with it.
func (d display) guard(*slog.Logger) (stop func()) { return func() {} }

// panel is where the session bar has its place: nowhere yet.
func (d display) panel() func() (host.Panel, error) { return nil }
