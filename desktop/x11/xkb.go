//go:build linux

package x11

import (
	"fmt"

	"github.com/jezek/xgb"
)

// Requests of the X keyboard extension (The X Keyboard Extension: Protocol Specification, version 1.0, appendix D).
const (
	xkbUseExtension   = 0
	xkbSelectEvents   = 1
	xkbGetState       = 4
	xkbLatchLockState = 5
	xkbGetMap         = 8
	xkbSetMap         = 9
	xkbGetNamedLight  = 15
	xkbGetNames       = 17
)

const (
	xkbCoreKeyboard = 0x100 // a device: the one that clients of the core protocol hear

	xkbKeyTypes    = 1 << 0 // parts of a map
	xkbKeySyms     = 1 << 1
	xkbModifierMap = 1 << 2
	xkbMapParts    = xkbKeyTypes | xkbKeySyms | xkbModifierMap

	xkbKeyNames = 1 << 9 // a part of the names

	xkbNewKeyboard  = 0 // events, in the second byte of XKB's one event number
	xkbMapChanged   = 1
	xkbLightChanged = 4
)

// xkb is the X keyboard extension on one connection, as far as typing needs it: jezek/xgb has none of it.
type xkb struct {
	conn   *xgb.Conn
	opcode byte
	event  byte
}

// extensionEvent is an event of an extension that xgb does not know, as on the wire.
type extensionEvent []byte

func (e extensionEvent) Bytes() []byte  { return e }
func (e extensionEvent) String() string { return fmt.Sprintf("extension event %d", e[0]&127) }

// xgb finds events' constructors in a map that its connections read without a lock, and drops events that are not in
// there. Which number XKB has is known only once a connection is open, so all numbers of extensions are entered before.
func init() {
	for number := 64; number < 128; number++ {
		if _, ok := xgb.NewEventFuncs[number]; !ok {
			xgb.NewEventFuncs[number] = func(wire []byte) xgb.Event { return extensionEvent(wire) }
		}
	}
}

func openXKB(conn *connection) (xkb, error) {
	const name = "XKEYBOARD"
	if err := conn.use(name); err != nil {
		return xkb{}, err
	}
	x := xkb{conn.Conn, conn.Extensions[name], conn.firstEvent[name]}
	reply, err := send(x.conn, append(request(x.opcode, xkbUseExtension), 1, 0, 0, 0)).Reply() // version 1.0
	if err != nil {
		return xkb{}, conn.gone(err)
	}
	if supported := reply[1] != 0; !supported {
		return xkb{}, fmt.Errorf("the X server at %s speaks XKB %d.%d, not 1.0: use a newer one, or pass --backend portable", conn.display, le.Uint16(reply[8:]), le.Uint16(reply[10:]))
	}
	const events = 1<<xkbNewKeyboard | 1<<xkbMapChanged | 1<<xkbLightChanged
	req := x.request(xkbSelectEvents)
	for _, field := range []uint16{events, 0, events, xkbMapParts, xkbMapParts} { // of these, all
		req = le.AppendUint16(req, field)
	}
	tell(x.conn, req)
	return x, nil
}

// mapChanged says whether an event tells that the keymap is no longer what it was.
func (x xkb) mapChanged(e extensionEvent) bool {
	return e[0]&127 == x.event && (e[1] == xkbNewKeyboard || e[1] == xkbMapChanged)
}

// lightChanged says whether an event tells that lights are no longer what they were.
func (x xkb) lightChanged(e extensionEvent) bool {
	return e[0]&127 == x.event && (e[1] == xkbNewKeyboard || e[1] == xkbLightChanged)
}

// request starts a request about the keyboard.
func (x xkb) request(minor byte) []byte {
	return le.AppendUint16(request(x.opcode, minor), xkbCoreKeyboard)
}

// state is what modifies the keys now. Modifiers are the core protocol's eight bits.
type state struct {
	mods   byte // in effect: base, latched and locked together
	base   byte // by keys that are held
	locked byte // CapsLock, NumLock

	group       int // in effect, from 0
	groupOffset int // what base and latches add to the locked group
	lockedGroup int
}

func (x xkb) state() (state, error) {
	r, err := send(x.conn, append(x.request(xkbGetState), 0, 0)).Reply()
	if err != nil {
		return state{}, err
	}
	return state{
		mods: r[8], base: r[9], locked: r[11],
		group: int(r[12]), lockedGroup: int(r[13]),
		groupOffset: int(int16(le.Uint16(r[14:]))) + int(int16(le.Uint16(r[16:]))),
	}, nil
}

// lock sets the locked modifiers in affect to those in mods.
func (x xkb) lock(affect, mods byte) {
	tell(x.conn, append(x.request(xkbLatchLockState), affect, mods&affect, 0, 0, 0, 0, 0, 0, 0, 0))
}

// lockGroup sets the locked group, counted from 0.
func (x xkb) lockGroup(group int) {
	tell(x.conn, append(x.request(xkbLatchLockState), 0, 0, 1, byte(group), 0, 0, 0, 0, 0, 0))
}

// keymap reads types, keysyms, modifiers and names of all keys.
func (x xkb) keymap() (*keymap, error) {
	req := le.AppendUint16(x.request(xkbGetMap), xkbMapParts)
	parts := send(x.conn, append(req, make([]byte, 28-len(req))...))
	names := send(x.conn, le.AppendUint32(append(x.request(xkbGetNames), 0, 0), xkbKeyNames))
	reply, err := parts.Reply()
	if err != nil {
		return nil, err
	}
	m, err := parseKeymap(reply)
	if err != nil {
		return nil, err
	}
	if reply, err = names.Reply(); err != nil {
		return nil, err
	}
	m.scancodes, err = parseKeyNames(reply)
	return m, err
}

// setKey gives a key one group of the type's levels, or nothing at all when syms is empty. Its actions stay as they are.
func (x xkb) setKey(m *keymap, code byte, typ byte, syms []uint32) {
	req := le.AppendUint16(x.request(xkbSetMap), xkbKeySyms)
	req = append(req, 0, 0, m.first, m.last, 0, 0, code, 1)
	req = le.AppendUint16(req, uint16(len(syms)))
	req = append(req, make([]byte, 36-len(req))...)
	groups := byte(min(len(syms), 1))
	req = append(req, typ, typ, typ, typ, groups, byte(len(syms)))
	req = le.AppendUint16(req, uint16(len(syms)))
	for _, sym := range syms {
		req = le.AppendUint32(req, sym)
	}
	tell(x.conn, req)
}
