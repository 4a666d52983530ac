//go:build !race

package conformance

var buildFlags []string

const memoryFactor = 1

// stops is how many sessions are stopped.
const stops = 3
