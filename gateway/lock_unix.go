//go:build unix

package gateway

import (
	"errors"
	"os"
	"syscall"
)

// lock takes f for this process, until f is closed or the process dies, however it dies.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}
