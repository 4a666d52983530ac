//go:build linux

package x11

import "testing"

// Scancodes of a PC's keyboard, set 1.
const (
	scan1         = 0x02
	scanQ         = 0x10
	scanY         = 0x15
	scanControlL  = 0x1d
	scanA         = 0x1e
	scanShiftL    = 0x2a
	scanZ         = 0x2c
	scanF11       = 0x57
	scanPad7      = 0x47
	scanPadEnter  = 0x9c
	scanControlR  = 0x9d
	scanAltR      = 0xb8
	scanHome      = 0xc7
	scanLeft      = 0xcb
	scanDelete    = 0xd3
	scanMenu      = 0xdd
	scanLess      = 0x56
	scanPlayPause = 0xa2
)

const (
	symHome     = 0xff50
	symDelete   = 0xffff
	symPadHome  = 0xff95
	symPad7     = 0xffb7
	symPadEnter = 0xff8d
)

// tapCode presses and releases the key of a scancode.
func (term *terminal) tapCode(code, sym uint32) {
	term.keyCode(code, sym, true)
	term.keyCode(code, sym, false)
}

func TestScancodesUnderEveryKindOfKeycodes(t *testing.T) {
	for _, keycodes := range []string{"evdev", "xfree86"} {
		t.Run(keycodes, func(t *testing.T) {
			w := openWitness(t, "us")
			w.run("sh", "-c", "setxkbmap -layout us -print | sed 's/xkb_keycodes .*/xkb_keycodes { include \""+keycodes+"\" };/' | xkbcomp -w0 - $DISPLAY")
			w.seen(false)
			for _, tt := range []struct {
				code, sym uint32
				want      string
			}{
				{scanA, 'a', "a"}, {scanA, 0, "a"}, {scan1, '1', "1"}, {scanF11, symF11, "F11"}, {scanPadEnter, symPadEnter, "KP_Enter"},
				{scanHome, symHome, "Home"}, {scanDelete, symDelete, "Delete"}, {scanControlR, symControlR, "Control_R"},
				{scanLeft, 0, "Left"}, {scanPad7, symPadHome, "KP_Home"}, {scanLess, 0, "less"}, {scanLess, '<', "less"}, // though Shift and comma type it too
			} {
				w.tapCode(tt.code, tt.sym)
				w.saw("+" + tt.want + " -" + tt.want)
			}
		})
	}
}

// Under evdev a keycode is the kernel's number of the key and 8, and those began as the scancodes of set 1.
func TestScancodesAreTheKernelsKeys(t *testing.T) {
	want := map[int]int{ // linux/input-event-codes.h
		scanLess: 86, scanF11: 87, 0x58: 88, 0x59: 117, 0x55: 186, 0x5a: 190, 0x5d: 183, 0x5e: 184, 0x5f: 185, 0x6d: 193, 0x6f: 194,
		0x70: 93, 0x71: 123, 0x72: 122, 0x73: 89, 0x74: 191, 0x79: 92, 0x7b: 94, 0x7d: 124, 0x7e: 121, 0x83: 187, 0x84: 189,
		scanPadEnter: 96, scanControlR: 97, 0xa0: 113, 0xae: 114, 0xb0: 115, 0xb5: 98, 0xb7: 99, scanAltR: 100, 0xc6: 119,
		scanHome: 102, 0xc8: 103, 0xc9: 104, scanLeft: 105, 0xcd: 106, 0xcf: 107, 0xd0: 108, 0xd1: 109, 0xd2: 110, scanDelete: 111,
		0xdb: 125, 0xdc: 126, scanMenu: 127, 0xf7: 188, 0xf9: 192,
	}
	for scan := 1; scan <= 0x53; scan++ {
		want[scan] = scan
	}
	for scan, code := range openServer(t, "us").keymap.scancodes {
		if got := max(0, int(code)-8); got != want[scan] {
			t.Errorf("scancode %#x is the kernel's key %d, want %d", scan, got, want[scan])
		}
	}
}

// A German viewer on an American host: where the keys agree they are pressed, else what was meant is typed.
func TestScancodesWhereLayoutsDiffer(t *testing.T) {
	term := openTerminal(t, "us")
	before := term.condition()
	for _, key := range []struct {
		code uint32
		char rune
	}{{scanZ, 'y'}, {scanY, 'z'}, {scanA, 'a'}, {0x28, 'ä'}, {scan1, '1'}, {0x35, '-'}} {
		term.tapCode(key.code, viewerKeysym(key.char))
	}
	term.expect("yzaä1-")
	term.keyCode(scanShiftL, symShiftL, true)
	term.tapCode(0x08, '/')
	term.tapCode(scanZ, 'Y')
	term.tapCode(scanA, 'A')
	term.keyCode(scanShiftL, symShiftL, false)
	term.expect("/YA")
	term.keyCode(scanAltR, symLevel3Shift, true)
	term.tapCode(scanQ, '@')
	term.keyCode(scanAltR, symLevel3Shift, false)
	term.expect("@")
	term.same("state", before, term.condition())
}

// CapsLock is on at the desk, and the viewer does not know.
func TestScancodesWhereLocksDiffer(t *testing.T) {
	term := openTerminal(t, "us")
	term.tapKey(symCapsLock)
	before := term.condition()
	term.tapCode(scanA, 'a')
	term.tapCode(scanQ, 'q')
	term.keyCode(scanShiftL, symShiftL, true)
	term.tapCode(scanA, 'A')
	term.keyCode(scanShiftL, symShiftL, false)
	term.tapCode(scanPad7, symPad7)
	term.expect("aqA7")
	term.same("state", before, term.condition())
}

func TestScancodeCommandsAndHeldKeys(t *testing.T) {
	w := openWitness(t, "us")
	w.keyCode(scanControlL, symControlL, true)
	w.tapCode(scanA, 'a')
	w.tapCode(scanZ, 'y') // the key with "y" is another one here
	w.keyCode(scanControlL, symControlL, false)
	w.sawStates("+Control_L:0x0 +a:0x4 -a:0x4 +y:0x4 -y:0x4 -Control_L:0x4")
	w.keyCode(scanA, 'a', true)
	w.keyCode(scanA, 'a', true) // again: the server's to repeat
	w.keyCode(scanShiftL, symShiftL, true)
	w.keyCode(scanShiftL, symShiftL, false)
	w.keyCode(scanA, 'A', false) // whatever it is called by now
	w.keyCode(scanA, 'a', false)
	w.keyCode(scanQ, 'q', false) // never pressed
	w.saw("+a +Shift_L -Shift_L -a")
	w.keyCode(scanPlayPause, 0, true) // no name, no keysym
	w.keyCode(scanPlayPause, 0, false)
	w.keyCode(0, 'x', true)
	w.keyCode(0, 'x', false)
	w.tapCode(1<<20, 'y')
	w.saw("+x -x +y -y")
	w.keyCode(scanControlL, 0, true)
	w.keyCode(scanZ, 'y', true)
	w.releaseAll()
	w.saw("+Control_L +y -y -Control_L")
}

// A key is let go where it was pressed, though the layout has changed since.
func TestScancodeReleaseAfterTheLayoutChanged(t *testing.T) {
	w := openWitness(t, "us")
	w.keyCode(scanZ, 'y', true)
	w.keyCode(scanShiftL, symShiftL, true)
	w.setLayout("de")
	w.keyCode(scanShiftL, symShiftL, false)
	w.keyCode(scanZ, 'y', false)
	st, err := w.xkb.state()
	if err != nil || st.mods != 0 || len(w.held) != 0 {
		t.Errorf("state %+v, held %v, %v", st, w.held, err)
	}
}

// stroke is what the keyboard of a viewer sends for one character.
type viewerStroke struct {
	code         uint32
	char         rune
	shift, altGr bool
}

// viewerKeyboard is every character that a keyboard of this layout has on its keys.
func viewerKeyboard(t *testing.T, layout string) (strokes []viewerStroke, altGr uint32) {
	t.Helper()
	m := openServer(t, layout).keymap
	altGr, _, _ = m.typed(m.scancodes[scanAltR], 0, 0)
	seen := make(map[uint32]bool)
	for scan, code := range m.scancodes {
		if code == 0 {
			continue
		}
		for mods := range byte(4) {
			s := viewerStroke{code: uint32(scan), shift: mods&1 != 0, altGr: mods&2 != 0}
			held := mods & modShift
			if s.altGr {
				held |= m.level3
			}
			sym, _, sure := m.typed(code, 0, held)
			if s.char = character(sym); s.char < ' ' || !sure || seen[sym] || s.altGr && altGr != symLevel3Shift {
				continue
			}
			seen[sym] = true
			strokes = append(strokes, s)
		}
	}
	return strokes, altGr
}

// Whatever keyboard the viewer has, and whatever the host: every key types what is printed on it, at full speed.
func TestScancodesOfEveryKey(t *testing.T) {
	layouts := []string{"us", "de", "fr", "gb", "ru"}
	for i, there := range layouts {
		strokes, altGr := viewerKeyboard(t, there)
		if len(strokes) < 66 {
			t.Fatalf("%d characters on a keyboard", len(strokes))
		}
		for _, here := range []string{there, layouts[(i+1)%len(layouts)]} {
			t.Run(there+" on "+here, func(t *testing.T) {
				term := openTerminal(t, here)
				before, want := term.condition(), ""
				for _, s := range strokes {
					if s.shift {
						term.keyCode(scanShiftL, symShiftL, true)
					}
					if s.altGr {
						term.keyCode(scanAltR, altGr, true)
					}
					term.tapCode(s.code, viewerKeysym(s.char))
					if s.altGr {
						term.keyCode(scanAltR, altGr, false)
					}
					if s.shift {
						term.keyCode(scanShiftL, symShiftL, false)
					}
					want += string(s.char)
				}
				term.expect(want)
				term.same("state", before, term.condition())
			})
		}
	}
}
