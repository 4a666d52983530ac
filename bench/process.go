//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cpu is the time that a process and those below it have spent on a processor since they began; 0 when it has left. The scheduler's own
// account is exact to the nanosecond where utime and stime of /proc/PID/stat count ticks; it forgets threads that ended.
func cpu(pid int) time.Duration {
	var sum time.Duration
	for _, pid := range family(pid) {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, name := range threads {
			b, _ := os.ReadFile(name) // nothing when it has just ended
			var ran time.Duration
			fmt.Sscan(string(b), &ran)
			sum += ran
		}
	}
	return sum
}

// resident is the memory of a process and those below it, in bytes: VmRSS, which counts the pages of the program's file too.
func resident(pid int) int { return memory(pid, "status", "VmRSS:") }

// private is what of the memory no other process has.
func private(pid int) int { return memory(pid, "smaps_rollup", "Private_Clean:", "Private_Dirty:") }

// memory sums lines of a file in /proc/PID, which count KiB, over a process and those below it, in bytes.
func memory(pid int, file string, lines ...string) int {
	sum := 0
	for _, pid := range family(pid) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		for _, line := range lines {
			_, after, _ := strings.Cut(string(text), line)
			kib := 0
			fmt.Sscan(after, &kib)
			sum += kib << 10
		}
	}
	return sum
}

// family is a process and all those below it.
func family(pid int) []int {
	pids := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range lists {
		b, _ := os.ReadFile(name)
		for _, child := range strings.Fields(string(b)) {
			var n int
			fmt.Sscan(child, &n)
			pids = append(pids, family(n)...)
		}
	}
	return pids
}
