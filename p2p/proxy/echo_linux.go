package proxy

import (
	"os"

	"golang.org/x/sys/unix"
)

// Quiet has a terminal not show what is typed, until show is called. It does nothing to what is no terminal.
func Quiet(terminal *os.File) (show func()) {
	fd := int(terminal.Fd())
	was, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	quiet := *was
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return func() {}
	}
	return func() { unix.IoctlSetTermios(fd, unix.TCSETS, was) }
}
