//go:build linux

package x11

import "github.com/jezek/xgb/xproto"

// spareNote is the property of the root window that lists the borrowed keycodes. A host that was killed gave none back,
// and before long none would be left: the next one does it.
const spareNote = "_SIXGATE_SPARE_KEYS"

// noteSpares writes down which keycodes are borrowed.
func (k *keyboard) noteSpares() {
	codes := make([]byte, len(k.spares.keys))
	for i, s := range k.spares.keys {
		codes[i] = s.code
	}
	if len(codes) == 0 {
		xproto.DeleteProperty(k.conn, k.root, k.note)
		return
	}
	xproto.ChangeProperty(k.conn, xproto.PropModeReplace, k.root, k.note, xproto.AtomCardinal, 8, uint32(len(codes)), codes)
}

// returnLost empties the keycodes that a killed host left behind, as far as they are still as it made them.
func (k *keyboard) returnLost() error {
	atom, err := xproto.InternAtom(k.conn, false, uint16(len(spareNote)), spareNote).Reply()
	if err != nil {
		return err
	}
	k.note = atom.Atom
	const words = 256 / 4 // of a note that lists every keycode
	note, err := xproto.GetProperty(k.conn, true, k.root, k.note, xproto.AtomCardinal, 0, words).Reply()
	if err != nil || note.Format != 8 || len(note.Value) == 0 {
		return err
	}
	typ, levels := k.keymap.spareType()
	for _, code := range note.Value {
		if lost := &k.keymap.keys[code]; lost.groups == 1 && lost.types[0] == typ && lost.width == levels && lost.mods == 0 {
			k.xkb.setKey(k.keymap, code, 0, nil)
		}
	}
	k.keymap, err = k.xkb.keymap()
	return err
}
