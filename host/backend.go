package host

import "sixgate/rfbserver"

// Desktop is the screen that is shared, and can be let go of again.
type Desktop interface {
	rfbserver.Desktop
	Close() error
}
