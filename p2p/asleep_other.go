//go:build !linux

package p2p

import "time"

var began = time.Now()

// sinceBoot counts sleep on Windows, whose clock for timers goes on, and not on macOS.
func sinceBoot() time.Duration { return time.Since(began) }
