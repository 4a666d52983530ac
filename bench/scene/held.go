//go:build linux

package scene

import (
	"math/bits"

	"github.com/jezek/xgb/xproto"
)

// Held counts the keys and the buttons that are down.
func (s *Screen) Held() (keys, buttons int, err error) {
	down, err := xproto.QueryKeymap(s.conn).Reply()
	if err != nil {
		return 0, 0, err
	}
	for _, eight := range down.Keys {
		keys += bits.OnesCount8(eight)
	}
	pointer, err := xproto.QueryPointer(s.conn, s.root).Reply()
	if err != nil {
		return 0, 0, err
	}
	return keys, bits.OnesCount16(pointer.Mask >> 8), nil
}
