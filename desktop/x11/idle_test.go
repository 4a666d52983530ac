//go:build linux

package x11

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Nothing happens on the screen, and nothing in us: no event, no timer.
func TestIdle(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d, m := p.open(), &mirror{}
	d.SetClipboard("text")
	m.follow(d, p)
	settle(d)
	before := cpuTime(t)
	select {
	case <-d.Changed():
		t.Error("Changed while nothing did")
	case <-time.After(time.Second):
	}
	if used := cpuTime(t) - before; used > 50*time.Millisecond { // polling at 60 Hz takes more, and so does the race detector's own work
		t.Errorf("%v of processor time in a second of nothing", used)
	} else {
		t.Logf("%v of processor time in a second", used)
	}
}

// settle takes what the server still had to say, until it has been silent for a while.
func settle(d *Desktop) {
	for {
		select {
		case <-d.Changed():
			(&mirror{}).capture(d)
			d.Cursor()
		case <-time.After(200 * time.Millisecond):
			return
		}
	}
}

func cpuTime(t *testing.T) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sharedMemory lists the permissions of the System V segments that this process made.
func sharedMemory(t *testing.T) (perms []string) {
	t.Helper()
	table, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line) // key shmid perms size cpid …
		if fields[4] == strconv.Itoa(os.Getpid()) {
			perms = append(perms, fields[2])
		}
	}
	return perms
}

func TestSharedMemoryIsOursAloneAndLeavesWithUs(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d, m := p.open(), &mirror{}
	m.follow(d, p)
	const destroyedWhenDetached = "1"
	if got := sharedMemory(t); len(got) != 1 || got[0] != destroyedWhenDetached+"600" {
		t.Errorf("segments with permissions %v", got)
	}
	d.Close()
	for end := time.Now().Add(20 * time.Second); len(sharedMemory(t)) > 0; { // until the server has noticed
		if time.Now().After(end) {
			t.Fatalf("segments with permissions %v after Close", sharedMemory(t))
		}
	}
}
