//go:build cgo

package portable

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-vgo/robotgo"
	"github.com/kbinani/screenshot"
)

const (
	quickest = time.Second / 20       // between two looks while the screen changes
	slowest  = 500 * time.Millisecond // and when it has not changed for a while
)

// Desktop is the desktop of this process. There is one at a time: the libraries keep it in global variables.
type Desktop struct {
	log     *slog.Logger
	changed chan struct{}
	wanted  chan struct{} // capacity 1: somebody has taken the last picture and waits for a newer one
	stop    chan struct{}
	looker  sync.WaitGroup

	input input

	mu      sync.Mutex
	screens []image.Rectangle
	origin  image.Point // of the screens, in the system's own coordinates
	picture picture
	dirty   image.Rectangle
	clip    string // what was last seen in the clipboard, or put there by us
	copied  string // what somebody else put there
}

// picture is what the screens showed at the last look.
type picture struct {
	pix  []uint32
	size image.Point
}

// Open takes the desktop that we are on; on X11 display may name another one.
func Open(display string, log *slog.Logger) (*Desktop, error) {
	if display != "" {
		if err := os.Setenv("DISPLAY", display); err != nil { // where both libraries look
			return nil, err
		}
	}
	d := &Desktop{log: log, changed: make(chan struct{}, 1), wanted: make(chan struct{}, 1), stop: make(chan struct{})}
	if err := d.measure(); err != nil {
		return nil, err
	}
	robotgo.KeySleep, robotgo.MouseSleep = 0, 0
	d.clip, _ = robotgo.ReadAll() // without xclip or xsel on X11 there is none
	d.input.held = map[string]bool{}
	d.want()
	d.looker.Go(d.look)
	return d, nil
}

var errNoDisplay = errors.New("no display to share: start in a desktop session, or name one with --display")

// measure finds out where the screens are.
func (d *Desktop) measure() error {
	n := screenshot.NumActiveDisplays()
	if n == 0 {
		return errNoDisplay
	}
	screens := make([]image.Rectangle, n)
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

// Close lets go of what is held and waits until nobody looks at the screen any more.
func (d *Desktop) Close() error {
	d.input.release()
	close(d.stop)
	d.looker.Wait()
	return nil
}

// look takes pictures while somebody waits for a change, the more seldom the longer nothing changes.
func (d *Desktop) look() {
	for pause := quickest; ; {
		select {
		case <-d.stop:
			return
		case <-d.wanted:
		}
		for {
			news, err := d.lookOnce()
			if err != nil {
				d.log.Warn("look at the screen", "err", err)
			}
			if news {
				pause = quickest
				signal(d.changed)
			} else {
				pause = min(pause*5/4, slowest)
			}
			select {
			case <-d.stop:
				return
			case <-time.After(pause):
			}
			if news {
				break // until this one was taken
			}
		}
	}
}

// lookOnce takes a picture and the clipboard and tells whether one of them is new.
func (d *Desktop) lookOnce() (news bool, err error) {
	if err := d.measure(); err != nil {
		return false, err
	}
	text, clipErr := robotgo.ReadAll()
	d.mu.Lock()
	defer d.mu.Unlock()
	if clipErr == nil && text != d.clip {
		d.clip, d.copied = text, text
		news = true
	}
	size := image.Rectangle{}
	for _, s := range d.screens {
		size = size.Union(s)
	}
	shot, err := screenshot.CaptureRect(size.Add(d.origin))
	if err != nil {
		return news, fmt.Errorf("capture the screen: %w", err)
	}
	changed := d.picture.take(shot)
	d.dirty = d.dirty.Union(changed)
	return news || !changed.Empty(), nil
}

// take makes shot the picture and gives the rectangle around the rows that changed.
func (p *picture) take(shot *image.RGBA) (changed image.Rectangle) {
	size := shot.Rect.Size()
	if size != p.size {
		*p = picture{make([]uint32, size.X*size.Y), size}
		changed = image.Rectangle{Max: size}
	}
	row := make([]uint32, size.X)
	for y := range size.Y {
		src := shot.Pix[y*shot.Stride:][:4*size.X]
		for x := range row {
			s := src[4*x:][:3]
			row[x] = uint32(s[0])<<16 | uint32(s[1])<<8 | uint32(s[2])
		}
		if old := p.pix[y*size.X:][:size.X]; !slices.Equal(old, row) {
			copy(old, row)
			changed = changed.Union(image.Rect(0, y, size.X, y+1))
		}
	}
	return changed
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (d *Desktop) want() { signal(d.wanted) }

// Changed receives when the picture or the clipboard has changed.
func (d *Desktop) Changed() <-chan struct{} { return d.changed }

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
	return slices.Clone(d.screens)
}

// Capture gives the rows that changed since the last one, and asks for newer ones.
func (d *Desktop) Capture(each func(r image.Rectangle, pix []uint32, stride int)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.dirty; !r.Empty() {
		each(r, d.picture.pix[r.Min.Y*d.picture.size.X:], d.picture.size.X)
	}
	d.dirty = image.Rectangle{}
	d.want()
	return nil
}

// Cursor is unknown: neither library can see the pointer's shape. Where the system draws it into screenshots it is there.
func (d *Desktop) Cursor() (*image.RGBA, image.Point) { return nil, image.Point{} }

// Pointer is where the pointer is.
func (d *Desktop) Pointer() image.Point {
	x, y := robotgo.Location()
	d.mu.Lock()
	defer d.mu.Unlock()
	return image.Pt(x, y).Sub(d.origin)
}

// Clipboard is what somebody else copied since Open.
func (d *Desktop) Clipboard() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copied
}

// SetClipboard makes text what the next paste gives.
func (d *Desktop) SetClipboard(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := robotgo.WriteAll(text); err != nil {
		d.log.Warn("set the clipboard", "err", err)
		return
	}
	d.clip = text
}

// MovePointer puts the pointer at p with these buttons held.
func (d *Desktop) MovePointer(p image.Point, buttons uint16) {
	d.mu.Lock()
	p = p.Add(d.origin)
	d.mu.Unlock()
	d.input.point(p, buttons)
}

// Key presses or releases a key.
func (d *Desktop) Key(keysym uint32, down bool) { d.input.key(keysym, down) }
