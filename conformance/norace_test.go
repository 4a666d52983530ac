//go:build !race

package conformance

var buildFlags []string

const memoryFactor = 1
