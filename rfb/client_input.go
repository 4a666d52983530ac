package rfb

import (
	"image"
)

// input is what a Client knows of how the server takes its input. Client.mu guards it.
type input struct {
	buttons  bool // more than eight of them
	codes    bool // scancodes
	relative bool // the pointer's movements, not its places
	at       image.Point
	size     image.Point // of the framebuffer

	text     string // that was copied here
	extended bool   // the server takes it in UTF-8
	peer     ClipboardPeer

	screen Screen // the first one, for SetDesktopSize
}

// Pointer says where the pointer is and which buttons are held: bit 0 is button 1. Buttons from 9 on are left out where
// the server does not know them. A server that wants movements gets the way from where the pointer was last.
func (c *Client) Pointer(p image.Point, buttons uint16) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := p.Sub(c.input.at)
	c.input.at = p
	return c.pointer(p, d, buttons)
}

// Push moves the pointer by d, with these buttons held. A server that does not want movements gets the place where the
// pointer is after it.
func (c *Client) Push(d image.Point, buttons uint16) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.input.at.Add(d)
	c.input.at = image.Pt(min(max(p.X, 0), c.input.size.X-1), min(max(p.Y, 0), c.input.size.Y-1))
	return c.pointer(c.input.at, d, buttons)
}

// pointer says either of the two. mu is held.
func (c *Client) pointer(p, d image.Point, buttons uint16) error {
	if c.input.relative {
		p = Moved(d)
	}
	if buttons>>7 != 0 && c.input.buttons {
		return c.write(ExtendedPointerEvent{buttons, p})
	}
	return c.write(PointerEvent{uint8(buttons), p})
}

// Key presses or releases the key of an X11 keysym.
func (c *Client) Key(keysym uint32, down bool) error { return c.send(KeyEvent{down, keysym}) }

// KeyCode presses or releases the key of an XT scancode, as KeyCodeEvent has it; keysym is what a server gets that knows
// keysyms only.
func (c *Client) KeyCode(code, keysym uint32, down bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.input.codes {
		return c.write(KeyCodeEvent{down, keysym, code})
	}
	if keysym == 0 {
		return nil
	}
	return c.write(KeyEvent{down, keysym})
}

// CutText says what was copied here: in UTF-8 where the server knows the extended clipboard and was told that the
// client does, and else in Latin-1.
func (c *Client) CutText(text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.input.text = text
	if !c.input.extended {
		return c.write(ClientCutText(text))
	}
	if m, ok := c.input.peer.Offer(text); ok {
		return c.write(m)
	}
	return nil
}

// clipboard does what a message of the server's extended clipboard wants, and returns the text that it brings.
func (c *Client) clipboard(m Clipboard) (Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case m.Flags&ClipboardCaps != 0:
		c.input.extended = true
		c.input.peer.Heard(m)
		return nil, c.write(c.input.peer.Caps())
	case m.Flags&ClipboardProvide != 0:
		return CutText{m.Text}, nil
	}
	if answer, ok := c.input.peer.Answer(m, c.input.text); ok {
		return nil, c.write(answer)
	}
	return nil, nil
}

// Power asks for a power action. The server must have offered them, and answers no more than PowerFailed.
func (c *Client) Power(a PowerAction) error { return c.send(Power{a}) }

// SetDesktopSize asks for another size of the framebuffer, with one screen on all of it. The server must have told its
// screens, and answers with an Update that is Resized or Refused.
func (c *Client) SetDesktopSize(size image.Point) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	screen := Screen{ID: c.input.screen.ID, Flags: c.input.screen.Flags, Rect: image.Rectangle{Max: size}}
	return c.write(SetDesktopSize{size, []Screen{screen}})
}
