//go:build linux

package x11

import (
	"image"
	"maps"
	"math"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb/xproto"
)

// curtain keeps input out of hidden windows. Which window gets it the X server knows best, so it is asked each time, while
// anything can be hidden at all: a tenth of a millisecond for each move and each key.
type curtain struct {
	conn  *connection
	drawn atomic.Bool // something can be hidden

	mu     sync.Mutex
	hidden map[xproto.Window]bool          // every known window on the root window
	menu   bool                            // one of a hidden window is open: it may have taken the keyboard
	tops   map[xproto.Window]xproto.Window // on the root window, of windows that had the focus
}

// draw takes over what is hidden.
func (c *curtain) draw(s *stack) {
	hidden, menu := make(map[xproto.Window]bool, len(s.windows)), false
	for _, w := range s.windows {
		hidden[w.id] = w.hidden
		menu = menu || w.hidden && w.hiddenPopup && w.mapped
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.menu = menu; !maps.Equal(c.hidden, hidden) {
		c.hidden, c.tops = hidden, make(map[xproto.Window]xproto.Window)
	}
	c.drawn.Store(s.hides())
}

// hides tells of a window on the root window. One that is too new to be known is hidden.
func (c *curtain) hides(top xproto.Window) bool {
	if top == xproto.WindowNone {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	hidden, known := c.hidden[top]
	return hidden || !known
}

// at tells whether a press at a place of the screen would go to a hidden window.
func (c *curtain) at(p image.Point) bool {
	if !c.drawn.Load() {
		return false
	}
	root := c.conn.screen.Root
	x, y := int16(max(0, min(p.X, math.MaxInt16))), int16(max(0, min(p.Y, math.MaxInt16)))
	reply, err := xproto.TranslateCoordinates(c.conn.Conn, root, root, x, y).Reply()
	return err != nil || c.hides(reply.Child)
}

// pushed tells whether a press would go to a hidden window after a move by so much.
func (c *curtain) pushed(by image.Point) bool {
	if !c.drawn.Load() {
		return false
	}
	at, err := xproto.QueryPointer(c.conn.Conn, c.conn.screen.Root).Reply()
	if err != nil || by == (image.Point{}) {
		return err != nil || c.hides(at.Child)
	}
	size := image.Rect(0, 0, int(c.conn.screen.WidthInPixels), int(c.conn.screen.HeightInPixels))
	to := image.Pt(int(at.RootX), int(at.RootY)).Add(by)
	return c.at(image.Pt(max(size.Min.X, min(to.X, size.Max.X-1)), max(size.Min.Y, min(to.Y, size.Max.Y-1))))
}

// typed tells whether a key would go to a hidden window.
func (c *curtain) typed() bool {
	if !c.drawn.Load() {
		return false
	}
	c.mu.Lock()
	menu := c.menu
	c.mu.Unlock()
	if menu {
		return true
	}
	focus, err := xproto.GetInputFocus(c.conn.Conn).Reply()
	switch {
	case err != nil:
		return true
	case focus.Focus == xproto.InputFocusNone:
		return false
	case focus.Focus == xproto.InputFocusPointerRoot, focus.Focus == c.conn.screen.Root:
		return c.pushed(image.Point{}) // what is under the pointer gets it
	}
	return c.hides(c.top(focus.Focus))
}

// maxDepth is how deep a window with the focus may be inside others.
const maxDepth = 32

// top finds the window on the root window that another is in.
func (c *curtain) top(w xproto.Window) xproto.Window {
	c.mu.Lock()
	top, known := c.tops[w]
	tops := c.tops
	c.mu.Unlock()
	if known {
		return top
	}
	top = w
	for range maxDepth {
		tree, err := xproto.QueryTree(c.conn.Conn, top).Reply()
		if err != nil {
			return w // gone by now
		}
		if tree.Parent == tree.Root || tree.Parent == xproto.WindowNone {
			break
		}
		top = tree.Parent
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	tops[w] = top
	return top
}
