package rfbserver

import (
	"slices"
	"sync"

	"sixgate/rfb"
)

// crowd is all viewers that take part, for what they say to each other: the newest text that was copied anywhere.
type crowd struct {
	mu      sync.Mutex // a viewer's own may be taken inside, never the other way
	viewers []*viewer
	text    string
}

func (c *crowd) join(v *viewer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.viewers = append(c.viewers, v)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clip.text = c.text
}

func (c *crowd) leave(v *viewer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.viewers = slices.DeleteFunc(c.viewers, func(o *viewer) bool { return o == v })
}

// copied tells everyone of a text; by is the viewer that it is from, nil: the desktop.
func (c *crowd) copied(by *viewer, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = text
	for _, v := range c.viewers {
		v.copied(text, v == by)
	}
}

// clip is what a viewer knows of the clipboard. Texts do not wait for requests.
type clip struct {
	peer rfb.ClipboardPeer
	text string // the newest there is
	own  bool   // and it is the viewer's
	news bool   // and the viewer has not been told

	// Answers that are due, in the extended clipboard.
	provide, notice, request bool
}

// copied says that text was copied. What the viewer was to be told before is old now.
func (v *viewer) copied(text string, own bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !own && v.clip.own && v.clip.text == text { // it comes back
		return
	}
	v.clip.text, v.clip.own, v.clip.news = text, own, !own && text != ""
	v.signal()
}

// cut takes over what was copied on the viewer's side.
func (v *viewer) cut(text string) {
	v.server.Desktop.SetClipboard(text)
	v.server.crowd.copied(v, text)
}

// clipboard takes over what the viewer says in the extended clipboard, if it said that it knows it.
func (v *viewer) clipboard(m rfb.Clipboard) {
	if m.Flags&(rfb.ClipboardCaps|rfb.ClipboardProvide) == rfb.ClipboardProvide && v.knowsClipboard() {
		v.cut(m.Text)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.wishes.clipboard {
		return
	}
	if m.Flags&rfb.ClipboardCaps != 0 {
		v.clip.peer.Heard(m)
		return
	}
	if answer, ok := v.clip.peer.Answer(m, v.clip.text); ok {
		v.clip.provide = v.clip.provide || answer.Flags&rfb.ClipboardProvide != 0
		v.clip.notice = v.clip.notice || answer.Flags&rfb.ClipboardNotify != 0
		v.clip.request = v.clip.request || answer.Flags&rfb.ClipboardRequest != 0
		v.signal()
	}
}

func (v *viewer) knowsClipboard() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.wishes.clipboard
}

// nextTexts adds to m what is to be said of the clipboard. v.mu is held.
func (v *viewer) nextTexts(m *message) {
	c := &v.clip
	if c.news {
		c.news = false
		if !v.wishes.clipboard {
			m.text = c.text
		} else if offer, ok := c.peer.Offer(c.text); ok {
			m.clips = append(m.clips, offer)
		}
	}
	if c.notice {
		m.clips = append(m.clips, c.peer.Notice(c.text))
	}
	if c.provide && c.text != "" {
		m.clips = append(m.clips, rfb.Clipboard{Flags: rfb.ClipboardProvide | rfb.ClipboardText, Text: c.text})
	}
	if c.request {
		m.clips = append(m.clips, rfb.Clipboard{Flags: rfb.ClipboardRequest | rfb.ClipboardText})
	}
	c.notice, c.provide, c.request = false, false, false
}

// appendTexts adds what m says of the clipboard.
func (m *message) appendTexts(b []byte) []byte {
	if m.text != "" {
		b = rfb.AppendServerCutText(b, m.text)
	}
	for _, c := range m.clips {
		b = rfb.AppendServerClipboard(b, c)
	}
	return b
}
