//go:build !portable

package host

import (
	"fmt"
	"log/slog"
)

// openOther opens no desktop: the portable one is not in this build. On Linux it brings D-Bus, whose reflection keeps every method of
// every library in the program, and doubles it.
func openOther(backend, _ string, _ *slog.Logger) (Desktop, error) {
	return nil, fmt.Errorf("there is no backend %q here: use x11, or build with 'go build -tags portable' and use portable", backend)
}
