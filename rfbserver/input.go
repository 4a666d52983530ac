package rfbserver

import (
	"bufio"
	"context"
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
	pushes  bool // it has moved the pointer last, and not put it at
}

// input is the desktop's one keyboard and one pointer, as all viewers share them.
type input struct {
	desktop Desktop

	mu      sync.Mutex
	keys    map[uint32]int // how many viewers hold a key, by key.shared
	buttons map[*viewer]uint16
	put     places // where viewers put the pointer
	moves   int    // how often they did
}

func (in *input) init(d Desktop) {
	in.desktop = d
	in.keys = make(map[uint32]int)
	in.buttons = make(map[*viewer]uint16)
}

// read does what the viewer says until it leaves.
func (v *viewer) read(ctx context.Context, br *bufio.Reader) error {
	began := time.Now()
	if _, err := br.Peek(1); err == nil {
		v.greeted(max(time.Since(began), v.away()))
	}
	for r := rfb.NewClientReader(br); ; {
		m, err := r.Next()
		if err != nil {
			return err
		}
		v.hear(ctx, m)
	}
}

// obey does what a message says.
func (v *viewer) obey(ctx context.Context, m rfb.ClientMessage) {
	switch m := m.(type) {
	case rfb.KeyEvent:
		v.typed()
		v.press(key{keysym: m.Keysym}, m.Down)
	case rfb.KeyCodeEvent:
		v.typed()
		v.press(key{m.Code, m.Keysym}, m.Down)
	case rfb.PointerEvent:
		v.pointed(m.Pos, uint16(m.Buttons))
	case rfb.ExtendedPointerEvent:
		v.pointed(m.Pos, m.Buttons)
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
		v.setDesktopSize(ctx, m)
	case rfb.Fence:
		v.fence(m)
	case rfb.EnableContinuousUpdates:
		v.setContinuous(m)
	case rfb.Power:
		v.power(ctx, m.Action)
	case rfb.TextChat:
		v.chat(m)
	}
}

// release lets go of everything that the viewer holds.
func (v *viewer) release() {
	for len(v.held.keys) > 0 {
		v.press(v.held.keys[len(v.held.keys)-1], false)
	}
	if v.held.buttons != 0 && v.held.pushes {
		v.push(image.Point{}, 0)
	} else if v.held.buttons != 0 {
		v.point(v.held.at, 0)
	}
}

// chat closes the window of UltraVNC's chat as soon as it opens: nobody would read there.
func (v *viewer) chat(m rfb.TextChat) {
	if m.State == rfb.ChatOpen {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.say(rfb.TextChat{State: rfb.ChatClose}.Append(nil)...)
	}
}
