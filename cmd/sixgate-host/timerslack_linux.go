//go:build cgo

package main

// While anything runs, a thread of Go's runtime wakes every 20 µs and, with the kernel's 50 µs of slack, some ten times in
// a millisecond: a tenth of what a video costs us. A fifth of a millisecond of slack spares half of that, and our timers can bear
// it. The thread is there before any Go code runs, and threads take over the slack of the one that starts them; so it has
// to be set before the runtime starts, which a constructor of C is (prctl(2), PR_SET_TIMERSLACK).

/*
#include <sys/prctl.h>

static __attribute__((constructor)) void sixgate_slack(void) { prctl(PR_SET_TIMERSLACK, 200000UL, 0, 0, 0); }
*/
import "C"
