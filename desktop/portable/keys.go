//go:build cgo

package portable

import "strconv"

var (
	shifts   = []string{"shift", "rshift"}
	commands = []string{"ctrl", "rctrl", "alt", "cmd", "rcmd"} // not the right Alt: on many keyboards it is AltGr
)

// keyNames are robotgo's names of the keys that type nothing, by X11's keysym (X protocol, appendix A).
var keyNames = map[uint32]string{
	0xff08: "backspace", 0xff09: "tab", 0xfe20: "tab", 0xff0d: "enter", 0xff8d: "enter", 0xff1b: "esc", 0xffff: "delete", 0xff9f: "delete",
	0xff50: "home", 0xff51: "left", 0xff52: "up", 0xff53: "right", 0xff54: "down", 0xff55: "pageup", 0xff56: "pagedown", 0xff57: "end",
	0xff95: "home", 0xff96: "left", 0xff97: "up", 0xff98: "right", 0xff99: "down", 0xff9a: "pageup", 0xff9b: "pagedown", 0xff9c: "end",
	0xff63: "insert", 0xff9e: "insert", 0xff61: "printscreen", 0xff67: "menu",
	0xffe1: "shift", 0xffe2: "rshift", 0xffe3: "ctrl", 0xffe4: "rctrl", 0xffe5: "capslock",
	0xffe9: "alt", 0xffea: "ralt", 0xffe7: "alt", 0xffe8: "ralt", 0xffeb: "cmd", 0xffec: "rcmd",
}

func init() {
	const f1, keys = 0xffbe, 24
	for i := range uint32(keys) {
		keyNames[f1+i] = "f" + strconv.Itoa(int(i)+1)
	}
}

// character is what a keysym types, 0 when nothing: Latin-1 keysyms are their own code points, from 0x01000000 on any code
// point, and those of the keypad's digits and signs stand in the order of ASCII.
func character(keysym uint32) rune {
	const padStar, padNine, unicode = 0xffaa, 0xffb9, 0x0100_0000
	switch {
	case keysym >= 0x20 && keysym <= 0x7e, keysym >= 0xa0 && keysym <= 0xff:
		return rune(keysym)
	case keysym >= padStar && keysym <= padNine:
		return rune(keysym - padStar + '*')
	case keysym == 0x20ac: // EuroSign
		return '€'
	case keysym >= unicode+0x100 && keysym <= unicode+0x10ffff:
		return rune(keysym - unicode)
	}
	return 0
}
