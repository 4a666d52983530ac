package rfbserver

import (
	"bufio"
	"image"
	"slices"
	"sync"
	"time"

	"sixgate/rfb"
)

// maxHeld is how many keys a viewer holds at most: more than anyone has fingers, fewer than would matter.
const maxHeld = 64

// held is what a viewer holds down.
type held struct {
	keys    []uint32 // keysyms, the oldest first
	buttons uint16
	at      image.Point
}

// input is the desktop's one keyboard and one pointer, as all viewers share them.
type input struct {
	desktop Desktop

	mu      sync.Mutex
	keys    map[uint32]int // how many viewers hold a key
	buttons map[*viewer]uint16
}

func (in *input) init(d Desktop) {
	in.desktop = d
	in.keys = make(map[uint32]int)
	in.buttons = make(map[*viewer]uint16)
}

// read does what the viewer says until it leaves.
func (v *viewer) read(br *bufio.Reader) error {
	began := time.Now()
	if _, err := br.Peek(1); err == nil {
		v.greeted(time.Since(began))
	}
	for r := rfb.NewClientReader(br); ; {
		m, err := r.Next()
		if err != nil {
			return err
		}
		v.hear(m)
	}
}

// obey does what a message says.
func (v *viewer) obey(m rfb.ClientMessage) {
	switch m := m.(type) {
	case rfb.KeyEvent:
		v.typed()
		v.key(m.Keysym, m.Down)
	case rfb.PointerEvent:
		v.typed()
		v.point(m.Pos, uint16(m.Buttons))
	case rfb.ClientCutText:
		v.server.Desktop.SetClipboard(string(m))
	case rfb.FramebufferUpdateRequest:
		v.request(m)
	case rfb.SetEncodings:
		v.setEncodings(m)
	case rfb.SetPixelFormat:
		v.setFormat(m.Format)
	case rfb.SetDesktopSize:
		v.refuseSize()
	case rfb.Fence:
		v.fence(m)
	case rfb.EnableContinuousUpdates:
		v.setContinuous(m)
	}
}

// key presses or releases a key. A release that belongs to no press goes on to the desktop, which knows
// better: "A" may be pressed and "a" released when Shift was let go first.
func (v *viewer) key(keysym uint32, down bool) {
	in := &v.server.input
	i := slices.Index(v.held.keys, keysym)
	switch {
	case down && i < 0:
		if len(v.held.keys) == maxHeld {
			v.key(v.held.keys[0], false)
		}
		v.held.keys = append(v.held.keys, keysym)
		in.count(keysym, 1)
	case !down:
		others := 0
		if i >= 0 {
			v.held.keys = slices.Delete(v.held.keys, i, i+1)
			others = in.count(keysym, -1)
		} else {
			others = in.count(keysym, 0)
		}
		if others > 0 {
			return
		}
	}
	in.desktop.Key(keysym, down)
}

// count adds n to the number of viewers that hold the key, and returns it.
func (in *input) count(keysym uint32, n int) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	n += in.keys[keysym]
	if in.keys[keysym] = n; n <= 0 {
		delete(in.keys, keysym)
	}
	return n
}

// point moves the pointer, with the buttons that this viewer or another one holds.
func (v *viewer) point(p image.Point, buttons uint16) {
	in := &v.server.input
	size := v.server.picture.size()
	v.held.at = image.Pt(min(p.X, size.X-1), min(p.Y, size.Y-1))
	v.held.buttons = buttons
	in.desktop.MovePointer(v.held.at, in.press(v, buttons))
}

// press notes which buttons v holds, and returns all that are held.
func (in *input) press(v *viewer, buttons uint16) (all uint16) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.buttons[v] = buttons; buttons == 0 {
		delete(in.buttons, v)
	}
	for _, b := range in.buttons {
		all |= b
	}
	return all
}

// release lets go of everything that the viewer holds.
func (v *viewer) release() {
	for len(v.held.keys) > 0 {
		v.key(v.held.keys[len(v.held.keys)-1], false)
	}
	if v.held.buttons != 0 {
		v.point(v.held.at, 0)
	}
}
