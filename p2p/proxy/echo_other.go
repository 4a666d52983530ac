//go:build !linux && !windows

package proxy

import "os"

// Quiet would have a terminal not show what is typed. It cannot, on this system yet.
func Quiet(*os.File) (show func()) { return func() {} }
