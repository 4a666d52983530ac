//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cpu is the time that a process and those below it have spent on a processor since they began. The scheduler's own
// account is exact to the nanosecond where utime and stime of /proc/PID/stat count ticks; it forgets threads that ended.
func cpu(pid int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range family(pid) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err != nil {
			return 0, err
		}
		for _, name := range threads {
			b, err := os.ReadFile(name)
			if err != nil {
				continue // it has just ended
			}
			var ran time.Duration
			if _, err := fmt.Sscan(string(b), &ran); err != nil {
				return 0, fmt.Errorf("%s: %w", name, err)
			}
			sum += ran
		}
	}
	return sum, nil
}

// memory sums a line of /proc/PID/status, VmRSS or VmHWM, over a process and those below it, in bytes.
func memory(pid int, line string) int {
	sum := 0
	for _, pid := range family(pid) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, after, _ := strings.Cut(string(status), line+":")
		kib := 0
		fmt.Sscan(after, &kib)
		sum += kib << 10
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
