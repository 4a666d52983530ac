package gateway

import (
	"runtime"
	"testing"
)

// held logs how much more memory is in use after do than before, here in all nodes together, and sees that it is no more than most.
func held(t *testing.T, most int64, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	for _, m := range []*runtime.MemStats{&before, &after} {
		if m == &after {
			do()
		}
		runtime.GC()
		runtime.GC() // the second empties the pools
		runtime.ReadMemStats(m)
	}
	more := int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)
	t.Logf("%d kB more are held, and may be %d", more>>10, most>>10)
	if more > most {
		t.Errorf("%d kB more are held: more than %d", more>>10, most>>10)
	}
}
