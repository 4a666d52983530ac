package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sixgate/host"
)

// settleFor is how long what was closed may take to be gone.
const settleFor = 2 * time.Second

// residue is what might be left of this program when all is over.
type residue struct {
	out       io.Writer
	display   display
	file      string // of the program
	undeleted error
	before    []string // what was open when the program began
	traces
}

// check looks for it, says what it found, and returns an error where that is anything.
func (r residue) check() error {
	fmt.Fprintln(r.out, "Looking for what may be left of this program:")
	left := false
	for _, c := range []struct {
		what, gone string
		look       func() error
	}{
		{"program file", "deleted, " + r.file, r.programFile},
		{"files and connections", "none is open, so no window, key or clipboard is ours", settled(r.opened)},
		{"shared memory", "none is left", settled(sharedMemory)},
		{"keys and mouse buttons", "none is held by a program", r.held},
		{"guard process", "has left", r.guardProcess},
		{"page for the browser", "does not answer any more", r.pageAddress},
	} {
		found := c.gone
		if err := c.look(); err != nil {
			found, left = "LEFT: "+err.Error(), true
		}
		fmt.Fprintf(r.out, "  %-23s %s\n", c.what+":", found)
	}
	if left {
		return errLeft
	}
	fmt.Fprintln(r.out, "Nothing is left on this computer.")
	return nil
}

// settled looks until nothing is there, or settleFor is over: the X server frees a moment later what our connection to it had.
func settled(look func() error) func() error {
	return func() error {
		for end := time.Now().Add(settleFor); ; time.Sleep(10 * time.Millisecond) {
			if err := look(); err == nil || time.Now().After(end) {
				return err
			}
		}
	}
}

func (r residue) programFile() error {
	if r.undeleted != nil {
		return fmt.Errorf("%s: %w", r.file, r.undeleted)
	}
	running, err := os.Stat(runningProgram)
	if err != nil {
		return err
	}
	if names := running.Sys().(*syscall.Stat_t).Nlink; names > 0 {
		return fmt.Errorf("the file has %d more names, as hard links", names)
	}
	return nil
}

// opened finds the files and connections that were not open at the beginning. What goes with a connection to the display are our
// windows, our grabs of keys and what we own of the clipboard.
func (r residue) opened() error {
	now, err := openFiles()
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(now, func(f string) bool { return slices.Contains(r.before, f) })
	if len(left) > 0 {
		return errors.New(strings.Join(left, ", "))
	}
	return nil
}

// openFiles are the files and sockets that this process has open, without what Go's runtime reads of the kernel.
func openFiles() ([]string, error) {
	all, err := filepath.Glob("/proc/self/fd/*")
	var open []string
	for _, fd := range all {
		file, err := os.Readlink(fd)
		kernel := strings.HasPrefix(file, "/proc/") || strings.HasPrefix(file, "/sys/") || strings.HasPrefix(file, "/dev/null")
		if err == nil && !kernel && (strings.HasPrefix(file, "/") || strings.HasPrefix(file, "socket:")) {
			open = append(open, file)
		}
	}
	return open, err
}

// sharedMemory finds segments that this process has made (proc(5), /proc/sysvipc/shm).
func sharedMemory() error {
	f, err := os.Open("/proc/sysvipc/shm")
	if err != nil {
		return err
	}
	defer f.Close()
	const cpid = 4 // the column of the process that made it
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if columns := strings.Fields(lines.Text()); len(columns) > cpid && columns[cpid] == strconv.Itoa(os.Getpid()) {
			return fmt.Errorf("the segment %s", columns[1])
		}
	}
	return nil
}

// held lets go once more, of what should be up: what is down after that is held on a real keyboard or mouse.
func (r residue) held() error {
	if r.display.Backend != host.DefaultBackend {
		return nil
	}
	return host.ReleaseAll(r.display.Display)
}

func (r residue) guardProcess() error {
	if r.guard != 0 && !errors.Is(syscall.Kill(r.guard, 0), syscall.ESRCH) {
		return fmt.Errorf("process %d", r.guard)
	}
	return nil
}

func (r residue) pageAddress() error {
	if r.page == "" {
		return nil
	}
	conn, err := net.DialTimeout("tcp", r.page, settleFor)
	if err != nil {
		return nil
	}
	conn.Close()
	return fmt.Errorf("%s answers", r.page)
}
