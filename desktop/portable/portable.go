//go:build cgo

package portable

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kbinani/screenshot"
)

// Desktop is the desktop of this process.
type Desktop struct {
	log     *slog.Logger
	stop    context.CancelFunc
	running sync.WaitGroup

	changed chan struct{}
	wanted  chan struct{} // capacity 1: what was found is taken, look for more
	glance  chan struct{} // capacity 1: look into the clipboard too

	input     input
	clipboard clipboard

	mu      sync.Mutex // of the picture
	screens []image.Rectangle
	frame   image.Rectangle // what Screens told: from (0,0) to the greatest corner of the screens
	origin  image.Point     // of the frame, in kbinani/screenshot's coordinates
	picture picture
	dirty   image.Rectangle // of the picture, since the last Capture
	err     error           // of the last look
}

// opened: there is one Desktop at a time, because robotgo keeps its connection in global variables.
var opened atomic.Bool

var errOpened = errors.New("the portable desktop is open already, and a process has only one: close it first")

// Open takes the desktop that we are on; on X11 display may name another one.
func Open(display string, log *slog.Logger) (*Desktop, error) {
	if !opened.CompareAndSwap(false, true) {
		return nil, errOpened
	}
	ctx, stop := context.WithCancel(context.Background()) // ended by Close
	d := &Desktop{
		log: log, stop: stop,
		changed: make(chan struct{}, 1), wanted: make(chan struct{}, 1), glance: make(chan struct{}, 1),
		clipboard: clipboard{log: log},
	}
	err := connect(display)
	if err == nil {
		err = d.measure()
	}
	if err != nil {
		stop()
		opened.Store(false)
		return nil, err
	}
	d.clipboard.open(ctx)
	signal(d.wanted)
	d.running.Go(func() { d.look(ctx) })
	d.running.Go(func() { d.watchClipboard(ctx) })
	return d, nil
}

// Close lets go of what is held and waits until nobody looks at the screen any more.
func (d *Desktop) Close() error {
	d.stop()
	d.running.Wait()
	d.input.release()
	d.clipboard.clear()
	disconnect()
	opened.Store(false)
	return nil
}

var errNoDisplay = errors.New("no display to share: start in a desktop session or pass --display")

// measure finds out where the monitors are.
func (d *Desktop) measure() error {
	screens := make([]image.Rectangle, screenshot.NumActiveDisplays())
	union := image.Rectangle{}
	for i := range screens {
		screens[i] = screenshot.GetDisplayBounds(i)
		union = union.Union(screens[i])
	}
	if union.Empty() {
		return errNoDisplay
	}
	for i := range screens {
		screens[i] = screens[i].Sub(union.Min)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.screens, d.origin = screens, union.Min
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Changed receives when the picture, the monitors or the clipboard have changed. Then nothing more is looked for until
// Capture is called.
func (d *Desktop) Changed() <-chan struct{} { return d.changed }

// Gone is nil: nobody tells. (On X11 the C libraries end the program with the X server.)
func (d *Desktop) Gone() <-chan struct{} { return nil }

// Name is this machine's.
func (d *Desktop) Name() string {
	name, err := os.Hostname()
	if err != nil {
		return "desktop"
	}
	return name
}

// Screens are the monitors, moved so that the framebuffer begins at (0,0).
func (d *Desktop) Screens() []image.Rectangle {
	d.mu.Lock()
	defer d.mu.Unlock()
	frame := image.Rectangle{}
	for _, s := range d.screens {
		frame = frame.Union(image.Rectangle{Max: s.Max})
	}
	if frame != d.frame {
		d.frame, d.dirty = frame, frame
	}
	return slices.Clone(d.screens)
}

// Capture gives what changed since the last one as rows of the last picture taken, everything the first time and when
// Screens told of another size. Nothing is beyond what Screens told last.
func (d *Desktop) Capture(take func(pieces []piece)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer signal(d.wanted)
	if d.err != nil {
		return d.err
	}
	shown := image.Rectangle{Max: d.picture.size}
	if d.frame.Empty() {
		d.frame = shown
	}
	if r := d.dirty.Intersect(d.frame).Intersect(shown); !r.Empty() {
		take([]piece{{r, d.picture.pix[r.Min.Y*d.picture.size.X+r.Min.X:], d.picture.size.X}})
	}
	d.dirty = image.Rectangle{}
	return nil
}

// Refresh makes the next Capture one of everything.
func (d *Desktop) Refresh() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirty = image.Rectangle{Max: d.picture.size}
}

// Cursor is unknown: neither library can see the pointer's shape.
func (d *Desktop) Cursor() (*image.RGBA, image.Point) { return nil, image.Point{} }

// Pointer is where the pointer is.
func (d *Desktop) Pointer() image.Point { return d.input.location().Sub(d.pointerOrigin()) }

// MovePointer puts the pointer at p with these buttons held.
func (d *Desktop) MovePointer(p image.Point, buttons uint16) {
	d.input.point(p.Add(d.pointerOrigin()), buttons)
}

func (d *Desktop) pointerOrigin() image.Point {
	d.mu.Lock()
	defer d.mu.Unlock()
	return robotOrigin(d.origin)
}

// PushPointer moves the pointer from where it is, with these buttons held.
func (d *Desktop) PushPointer(by image.Point, buttons uint16) { d.input.push(by, buttons) }

// LEDs are unknown: no library tells.
func (d *Desktop) LEDs() int { return -1 }

// Resize cannot.
func (d *Desktop) Resize(image.Point) error { return errors.ErrUnsupported }

// KeyCode presses or releases the key of the keysym: no library takes scancodes.
func (d *Desktop) KeyCode(_, keysym uint32, down bool) { d.Key(keysym, down) }

// Key presses or releases a key; characters are typed at the press.
func (d *Desktop) Key(keysym uint32, down bool) { d.input.key(keysym, down) }

// Clipboard is what others copied last since Open.
func (d *Desktop) Clipboard() string { return d.clipboard.text() }

// SetClipboard makes text what the next paste gives.
func (d *Desktop) SetClipboard(text string) { d.clipboard.set(text) }

// ClearClipboard takes back what SetClipboard set. What was copied on this machine since stays.
func (d *Desktop) ClearClipboard() { d.clipboard.clear() }
