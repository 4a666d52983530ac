package p2p

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is how long this computer has been on, asleep or not. The clock of Go's timers stands still while it sleeps.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0 // then no sleep is seen
	}
	return time.Duration(t.Nano())
}
