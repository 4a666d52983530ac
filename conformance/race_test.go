//go:build race

package conformance

// How the programs are built: as this test is. The detector takes several times the memory.
var buildFlags = []string{"-race"}

const memoryFactor = 10
