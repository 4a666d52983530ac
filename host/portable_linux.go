//go:build portable

package host

import (
	"fmt"
	"log/slog"

	"sixgate/desktop/portable"
)

// openOther opens a desktop that is not the native one.
func openOther(backend, display string, log *slog.Logger) (Desktop, error) {
	if backend != "portable" {
		return nil, fmt.Errorf("there is no backend %q here: use x11 or portable", backend)
	}
	return portable.Open(display, log)
}
