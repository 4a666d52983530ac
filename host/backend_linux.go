package host

import (
	"log/slog"

	"sixgate/desktop/x11"
)

var _ Windows = (*x11.Desktop)(nil)

// DefaultBackend is the native one.
const DefaultBackend = "x11"

// ReleaseAll lets go of what a host that was killed has held down on a display.
func ReleaseAll(display string) error { return x11.ReleaseAll(display) }

// OpenPanel opens the place for the session bar beside a desktop of the native backend, and its keys.
func OpenPanel(d Desktop) (Panel, error) { return d.(*x11.Desktop).OpenPanel() }

// OpenDesktop opens a display, "" for the one that we are on, with a backend: "x11", or "portable" in a build that has it.
func OpenDesktop(backend, display string, log *slog.Logger) (Desktop, error) {
	if backend != DefaultBackend {
		return openOther(backend, display, log)
	}
	return x11.Open(display, log)
}
