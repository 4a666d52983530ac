package scene

import (
	"errors"
	"slices"

	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// Press presses and releases the key of a keysym, as a hand would.
func (s *Screen) Press(keysym uint32) error {
	if err := xtest.Init(s.conn); err != nil {
		return err
	}
	setup := xproto.Setup(s.conn)
	count := byte(setup.MaxKeycode - setup.MinKeycode + 1)
	keys, err := xproto.GetKeyboardMapping(s.conn, setup.MinKeycode, count).Reply()
	if err != nil {
		return err
	}
	i := slices.Index(keys.Keysyms, xproto.Keysym(keysym))
	if i < 0 {
		return errors.New("the keyboard has no such key")
	}
	key := byte(setup.MinKeycode) + byte(i/int(keys.KeysymsPerKeycode))
	xtest.FakeInput(s.conn, xproto.KeyPress, key, 0, s.root, 0, 0, 0)
	return xtest.FakeInputChecked(s.conn, xproto.KeyRelease, key, 0, s.root, 0, 0, 0).Check()
}
