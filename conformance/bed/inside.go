//go:build linux

package bed

import (
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// Inside calls f in a namespace: sockets that it opens and programs that it starts belong there. What f starts as a
// goroutine does not.
func Inside(space string, f func() error) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and, where the way back fails, for good: the thread then ends with this goroutine
		var here, there *os.File
		if here, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return
		}
		defer here.Close()
		if there, err = os.Open(filepath.Join(namespaces, space)); err != nil {
			return
		}
		defer there.Close()
		if err = enter(there); err != nil {
			return
		}
		err = f()
		if enter(here) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return err
}

func enter(space *os.File) error {
	return os.NewSyscallError("setns", unix.Setns(int(space.Fd()), unix.CLONE_NEWNET))
}

// openTap makes an Ethernet interface in a namespace. What the machine sends there is read from the file, and what is written to
// the file arrives there. The interface goes when the file is closed.
func openTap(space, name string) (*os.File, error) {
	var tap *os.File
	err := Inside(space, func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("open /dev/net/tun", err)
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
			err = os.NewSyscallError("make the interface "+name, unix.IoctlIfreq(fd, unix.TUNSETIFF, request))
		}
		if err != nil {
			unix.Close(fd)
			return err
		}
		tap = os.NewFile(uintptr(fd), name) // not before: what is no interface yet cannot be waited for
		return nil
	})
	return tap, err
}
