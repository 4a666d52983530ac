package gateway

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes f for this process, until f is closed or the process dies, however it dies.
func lock(f *os.File) error {
	const exclusively = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), exclusively, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
