//go:build linux

package bed

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// namespaces are where iproute2 keeps their names.
const namespaces = "/run/netns"

// internet is the network that all see. Its addresses must be such that programs take them for public ones, which the blocks that are
// reserved for documentation and tests are not.
var internet = netip.MustParsePrefix("20.0.0.0/16")

// made counts the machines of this process: their names are unique on the real machine.
var made atomic.Uint32

// Bed is one internet. Its methods may be called by many goroutines at once.
type Bed struct {
	between wire

	mu     sync.Mutex
	spaces []string
	last   netip.Addr // the last public address that was given away
	sites  int
}

// New makes an empty internet, and removes what runs that were killed have left.
func New() (*Bed, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces can be made by root only: run this as root")
	}
	if err := sweep(); err != nil {
		return nil, err
	}
	return &Bed{last: internet.Addr()}, nil
}

// Close removes all machines. Programs that still run in one are killed.
func (b *Bed) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, space := range b.spaces {
		errs = append(errs, remove(space))
	}
	b.spaces = nil
	b.between.close()
	return errors.Join(errs...)
}

// space makes a namespace without a way out. Its name begins with the process that made it.
func (b *Bed) space(name string) (string, error) {
	space := fmt.Sprintf("bed%d-%d-%s", os.Getpid(), made.Add(1), name)
	if err := run("ip", "netns", "add", space); err != nil {
		return "", err
	}
	b.mu.Lock()
	b.spaces = append(b.spaces, space)
	b.mu.Unlock()
	return space, Inside(space, func() error {
		return errors.Join(run("ip", "link", "set", "lo", "up"),
			os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0o644), // no address is made up, and no neighbour asked
			os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0o644))
	})
}

// public gives the next address away.
func (b *Bed) public() netip.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = b.last.Next()
	return b.last
}

// sweep removes the namespaces of processes that are gone.
func sweep() error {
	left, err := filepath.Glob(filepath.Join(namespaces, "bed*-*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range left {
		space := filepath.Base(path)
		owner, _, _ := strings.Cut(strings.TrimPrefix(space, "bed"), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			errs = append(errs, remove(space))
		}
	}
	return errors.Join(errs...)
}

// remove kills what runs in a namespace, and removes that.
func remove(space string) error {
	out, err := exec.Command("ip", "netns", "pids", space).Output()
	if err != nil {
		return fmt.Errorf("ip netns pids %s: %w", space, err)
	}
	for _, field := range strings.Fields(string(out)) {
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return run("ip", "netns", "del", space)
}

func run(name string, args ...string) error { return feed("", name, args...) }

// feed runs a program to its end, with text on its standard input.
func feed(text, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
