//go:build race

package conformance

// How the programs are built: as this test is. The detector takes several times the memory.
// The encoders, which start nothing, are left out: looking at each of their pixels would take ten times as long, and the tests of
// rfbserver do, where several goroutines use them.
var buildFlags = []string{"-race", "-gcflags=sixgate/rfb=-race=false"}

const memoryFactor = 10

// stops is how many sessions are stopped.
const stops = 1
