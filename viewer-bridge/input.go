package viewerbridge

import (
	"errors"
	"image"
	"time"

	"sixgate/rfb"
	"sixgate/session"
)

// Input goes straight to the host, without waiting for its pictures, as far as its user allows: a host that was given no
// permission learns nothing of what a viewer types or copies. An error there is the path's, and ends follow.

// to is the host, if it may have what needs a permission.
func (m *mirror) to(needs session.Permissions) *rfb.Client {
	if !session.Permissions(m.allowed.Load()).Has(needs) {
		return nil
	}
	return m.host.Load()
}

// isBlind reports whether what is pressed now would be pressed when the connection is back, by somebody who could not see what
// for. What is let go of still goes to the host.
func (m *mirror) isBlind() bool { return m.broken.Load() }

// toPointer is the host, if it may have the pointer: to work with, or to show it to the user, who looks where it points.
func (m *mirror) toPointer() *rfb.Client {
	if m.points.Load() {
		return m.to(session.View)
	}
	return m.to(session.Control)
}

func (m *mirror) MovePointer(p image.Point, buttons uint16) {
	host := m.toPointer()
	if host == nil || m.isBlind() && (buttons != 0 || m.held.Load() == 0) {
		return
	}
	m.held.Store(uint32(buttons))
	host.Pointer(p, buttons)
	m.pointer.Store(&p)
	m.signal()
}

// keyF10 and codeF10 are the key that ends a session whose connection is broken: it is the end user's as well.
const (
	keyF10  = 0xffc7
	codeF10 = 0x44
)

// stop ends the session.
func (m *mirror) stop() {
	select {
	case m.stops <- struct{}{}:
	default:
	}
}

func (m *mirror) Key(keysym uint32, down bool) {
	if down && keysym == keyF10 && m.isBlind() {
		m.stop()
	}
	if host := m.to(session.Control); host != nil && !(down && m.isBlind()) {
		host.Key(keysym, down)
	}
}

// PushPointer moves the pointer from where it was last.
func (m *mirror) PushPointer(d image.Point, buttons uint16) {
	host := m.toPointer()
	if host == nil || m.isBlind() && (buttons != 0 || m.held.Load() == 0) {
		return
	}
	m.held.Store(uint32(buttons))
	host.Push(d, buttons)
	if p := *m.pointer.Load(); p != nowhere {
		size := m.size()
		p = p.Add(d)
		m.pointer.Store(&image.Point{min(max(p.X, 0), size.X-1), min(max(p.Y, 0), size.Y-1)})
		m.signal()
	}
}

func (m *mirror) KeyCode(code, keysym uint32, down bool) {
	if down && (keysym == keyF10 || code == codeF10) && m.isBlind() {
		m.stop()
	}
	if host := m.to(session.Control); host != nil && !(down && m.isBlind()) {
		host.KeyCode(code, keysym, down)
	}
}

// resizeFor is how long a host may take to change the size of its screen.
const resizeFor = 5 * time.Second

var errNoResize = errors.New("the host did not change the size of its screen: it may not be able to")

// Resize asks the host, and waits for what it says.
func (m *mirror) Resize(size image.Point) error {
	host := m.to(session.Control)
	if host == nil {
		return errors.ErrUnsupported
	}
	if size == m.size() {
		return nil
	}
	select {
	case <-m.resizes: // of another time
	default:
	}
	if err := host.SetDesktopSize(size); err != nil {
		return err
	}
	select {
	case err := <-m.resizes:
		return err
	case <-time.After(resizeFor):
		return errNoResize
	}
}

// answer is the host's to a wish for another size, if there was one.
func (m *mirror) answer(u *rfb.Update) {
	var err error
	if u.Refused {
		err = errors.ErrUnsupported
	}
	select {
	case m.resizes <- err:
	default:
	}
}

func (m *mirror) SetClipboard(text string) {
	if host := m.to(session.Clipboard); host != nil {
		host.CutText(text)
	}
}
