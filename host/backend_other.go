//go:build !linux

package host

import (
	"fmt"
	"log/slog"

	"sixgate/desktop/portable"
)

// DefaultBackend is the only one until this system has a native one.
const DefaultBackend = "portable"

// OpenDesktop opens the desktop that we are on.
func OpenDesktop(backend, display string, log *slog.Logger) (Desktop, error) {
	if backend != "portable" {
		return nil, fmt.Errorf("there is no backend %q here: use portable", backend)
	}
	return portable.Open(display, log)
}
