//go:build linux

package x11

import (
	"errors"
	"image"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xfixes"
)

// Desktop is one X screen with its pointer, keyboard and selections. The methods that look (Screens, Capture, Cursor,
// Pointer) exclude one another; all methods may be called concurrently.
type Desktop struct {
	log       *slog.Logger
	display   string
	conn      *connection // the picture's
	input     *input
	clipboard *clipboard
	watcher   sync.WaitGroup

	changed  chan struct{}
	gone     chan struct{}
	resizing chan struct{} // holds one while Resize is at work

	mu      sync.Mutex // of the picture, from here on
	screens []image.Rectangle
	frame   image.Rectangle // what Screens told: from (0,0) to the greatest corner of the screens
	root    image.Rectangle // the root window, as far as known
	moved   atomic.Bool     // since Screens asked, monitors or the root window may have changed

	layout    layout // of an image that the server sends
	segment   *segment
	noShare   bool              // MIT-SHM was tried, and cannot be used
	scratch   []uint32          // pixels of a foreign layout, converted
	pieces    []piece           // of the last Capture
	converted int               // pixels of scratch that pieces have
	damage    damage.Damage     // of the root window
	region    xfixes.Region     // where the damage goes to be read
	damaged   []image.Rectangle // working memory of fetchDamage
	rects     []image.Rectangle // what it plans to capture
	whole     bool              // the next Capture is of everything

	survey

	cursor  cursor
	stir    stir
	stirred atomic.Bool // the pointer was moved since Pointer asked
	pointer image.Point // where it was last
}

// Open connects to a display, $DISPLAY when it is empty.
func Open(display string, log *slog.Logger) (*Desktop, error) {
	if display == "" {
		display = os.Getenv("DISPLAY")
	}
	conn, err := dial(display)
	if err != nil {
		return nil, err
	}
	d := &Desktop{log: log, display: display, conn: conn, changed: make(chan struct{}, 1), gone: make(chan struct{}), resizing: make(chan struct{}, 1)}
	if err := d.open(); err != nil {
		conn.Close()
		d.watch() // until it is closed
		return nil, err
	}
	d.watcher.Go(d.watch)
	if d.input, err = openInput(display, log, d.signal); err == nil {
		d.clipboard, err = openClipboard(display, log, d.signal)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// open readies the picture's connection.
func (d *Desktop) open() (err error) {
	d.openSurvey()
	if d.layout, err = d.conn.imageLayout(); err != nil {
		return err
	}
	if err := d.openDamage(); err != nil {
		return err
	}
	if err := d.conn.use("MIT-SHM"); err != nil {
		d.sendPixels(err)
	}
	d.watchCursor()
	d.watchPointer()
	d.watchScreens()
	if err := d.conn.refuseXwayland(); err != nil {
		return err
	}
	if err := d.readScreens(); err != nil {
		return err
	}
	d.warm()
	return nil
}

// Close lets go of every key and button, gives the monitor's size, the selections and the shared memory back, and
// disconnects.
func (d *Desktop) Close() error {
	var err error
	if d.input != nil {
		d.resizing <- struct{}{}
		defer func() { <-d.resizing }()
		err = errors.Join(d.input.monitor.restore(), d.input.close())
	}
	if d.clipboard != nil {
		d.clipboard.close()
	}
	d.conn.Close() // a Capture that waits for the server ends now
	d.watcher.Wait()
	d.wake.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.segment != nil {
		d.segment.close()
		d.segment = nil
	}
	return err
}

// Name is the display's, with the name of this machine when it is on it: "reception:0".
func (d *Desktop) Name() string {
	if !strings.HasPrefix(d.display, ":") {
		return d.display
	}
	host, err := os.Hostname()
	if err != nil {
		return d.display
	}
	return host + d.display
}

// Changed receives when the picture, the pointer's shape or place, the monitors, the keyboard's lights or the clipboard may
// have changed since they were last asked for, and when the X server is gone.
func (d *Desktop) Changed() <-chan struct{} { return d.changed }

// Gone is closed when the X server has ended, or Close was called.
func (d *Desktop) Gone() <-chan struct{} { return d.gone }

func (d *Desktop) signal() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// MovePointer puts the pointer at p with these buttons held: bit 0 left, 1 middle, 2 right, 3 to 6 wheel up, down, left
// and right, 7 and 8 back and forward.
func (d *Desktop) MovePointer(p image.Point, buttons uint16) { d.input.movePointer(p, buttons) }

// PushPointer moves the pointer by this much, as far as the screen reaches, with these buttons held. Programs that hold the
// pointer, as games do, get the whole of it.
func (d *Desktop) PushPointer(by image.Point, buttons uint16) { d.input.pushPointer(by, buttons) }

// Key presses or releases the key that types an X11 keysym.
func (d *Desktop) Key(keysym uint32, down bool) { d.input.key(keysym, down) }

// KeyCode presses or releases the key of an XT scancode, bit 7 of it for the prefix 0xe0, where that key means the keysym
// here too, or none is told; else the key that types the keysym.
func (d *Desktop) KeyCode(code, keysym uint32, down bool) { d.input.keyCode(code, keysym, down) }

// LEDs are the keyboard's lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
func (d *Desktop) LEDs() int { return d.input.leds() }

// Clipboard is the text last selected or copied by others since Open, "" when there was none.
func (d *Desktop) Clipboard() string { return d.clipboard.text() }

// SetClipboard makes text what the next paste gives, from the clipboard and from the primary selection.
func (d *Desktop) SetClipboard(text string) { d.clipboard.set(text) }

// ClearClipboard takes back what SetClipboard set. What was copied on this machine since stays.
func (d *Desktop) ClearClipboard() { d.clipboard.clear() }
