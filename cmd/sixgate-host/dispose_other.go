//go:build !linux

package main

import (
	"context"
	"errors"
	"log/slog"
)

func (c helpCmd) helpAndDispose(context.Context, *slog.Logger) error {
	return errors.New("--dispose is not there on this system yet: start without it, and delete the program's file afterwards")
}
