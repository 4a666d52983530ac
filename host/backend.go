package host

import "sixgate/rfbserver"

// Desktop is the screen that is shared, and can be let go of again.
type Desktop interface {
	rfbserver.Desktop
	Refresh()              // the next Capture is of the whole screen
	ClearClipboard()       // takes back what SetClipboard set, and nothing else
	Gone() <-chan struct{} // closed when there is nothing to share any more; nil where that cannot be known
	Close() error
}
