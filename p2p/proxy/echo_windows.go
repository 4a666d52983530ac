package proxy

import (
	"os"

	"golang.org/x/sys/windows"
)

// Quiet has a terminal not show what is typed, until show is called. It does nothing to what is no terminal.
func Quiet(terminal *os.File) (show func()) {
	console := windows.Handle(terminal.Fd())
	var was uint32
	if windows.GetConsoleMode(console, &was) != nil || windows.SetConsoleMode(console, was&^windows.ENABLE_ECHO_INPUT) != nil {
		return func() {}
	}
	return func() { windows.SetConsoleMode(console, was) }
}
