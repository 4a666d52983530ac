package rfbserver

import (
	"bufio"
	"image"
	"sync"
	"time"

	"sixgate/rfb"
)

// held is what a viewer holds down.
type held struct {
	keys    []key // the oldest first
	buttons uint16
	at      image.Point
}

// input is the desktop's one keyboard and one pointer, as all viewers share them.
type input struct {
	desktop Desktop

	mu      sync.Mutex
	keys    map[uint32]int // how many viewers hold a key, by key.shared
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
		v.press(key{keysym: m.Keysym}, m.Down)
	case rfb.KeyCodeEvent:
		v.typed()
		v.press(key{m.Code, m.Keysym}, m.Down)
	case rfb.PointerEvent:
		v.typed()
		v.point(m.Pos, uint16(m.Buttons))
	case rfb.ExtendedPointerEvent:
		v.typed()
		v.point(m.Pos, m.Buttons)
	case rfb.ClientCutText:
		v.cut(string(m))
	case rfb.Clipboard:
		v.clipboard(m)
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

// release lets go of everything that the viewer holds.
func (v *viewer) release() {
	for len(v.held.keys) > 0 {
		v.press(v.held.keys[len(v.held.keys)-1], false)
	}
	if v.held.buttons != 0 {
		v.point(v.held.at, 0)
	}
}
