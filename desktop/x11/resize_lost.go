//go:build linux

package x11

import (
	"image"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// sizeNote is the property of the root window that tells what Resize has changed: a host that was killed gave it back to
// nobody, and a user may not know how to.
const sizeNote = "_SIXGATE_SIZE"

const configWords = 8 // of a config in the note

func (c config) words() []uint32 {
	return []uint32{uint32(c.screen.X), uint32(c.screen.Y), uint32(c.crtc), uint32(c.output), uint32(c.mode), uint32(c.at.X), uint32(c.at.Y), uint32(c.rotation)}
}

// configOf is the config that words were made of.
func configOf(w []uint32) config {
	return config{image.Pt(int(w[0]), int(w[1])), randr.Crtc(w[2]), randr.Output(w[3]), randr.Mode(w[4]), image.Pt(int(w[5]), int(w[6])), uint16(w[7])}
}

// write writes down what was changed.
func (m *monitor) write() {
	atom, err := m.note()
	if err != nil {
		return
	}
	if !m.changed {
		xproto.DeleteProperty(m.conn.Conn, m.conn.screen.Root, atom)
		return
	}
	var note []byte
	for _, word := range append(m.before.words(), m.now.words()...) {
		note = le.AppendUint32(note, word)
	}
	xproto.ChangeProperty(m.conn.Conn, xproto.PropModeReplace, m.conn.screen.Root, atom, xproto.AtomCardinal, 32, 2*configWords, note)
}

// restoreLost gives the monitor the size back that a killed host took from it.
func (m *monitor) restoreLost() error {
	atom, err := m.note()
	if err != nil {
		return m.conn.gone(err)
	}
	note, err := xproto.GetProperty(m.conn.Conn, false, m.conn.screen.Root, atom, xproto.AtomCardinal, 0, 2*configWords).Reply()
	if err != nil {
		return m.conn.gone(err)
	}
	if note.Format != 32 || len(note.Value) != 2*configWords*4 {
		return nil
	}
	var words []uint32
	for i := range 2 * configWords {
		words = append(words, le.Uint32(note.Value[4*i:]))
	}
	m.changed, m.before, m.now = true, configOf(words), configOf(words[configWords:])
	return m.restore()
}

func (m *monitor) note() (xproto.Atom, error) {
	reply, err := xproto.InternAtom(m.conn.Conn, false, uint16(len(sizeNote)), sizeNote).Reply()
	if err != nil {
		return 0, err
	}
	return reply.Atom, nil
}
