//go:build cgo

package portable

import (
	"fmt"
	"image"
	"sync"

	"github.com/go-vgo/robotgo"
)

// input is what is held on the pointer and the keyboard.
type input struct {
	mu      sync.Mutex
	buttons uint16
	held    map[string]bool // robotgo's names of keys
}

// buttonNames are robotgo's, for bits 0 to 2; bits 3 to 6 are the wheel.
var buttonNames = [...]string{"left", "center", "right"}

// wheel is how far bits 3 to 6 scroll: up, down, left, right.
var wheel = [...]image.Point{{Y: 1}, {Y: -1}, {X: 1}, {X: -1}}

func (in *input) point(p image.Point, buttons uint16) {
	in.mu.Lock()
	defer in.mu.Unlock()
	robotgo.Move(p.X, p.Y)
	in.press(buttons)
}

// press makes buttons the ones that are held. The caller holds mu.
func (in *input) press(buttons uint16) {
	turned := in.buttons ^ buttons
	in.buttons = buttons
	for i, name := range buttonNames {
		if turned&(1<<i) != 0 {
			robotgo.Toggle(name, upDown(buttons&(1<<i) != 0))
		}
	}
	for i, by := range wheel {
		if bit := uint16(1) << (3 + i); turned&buttons&bit != 0 {
			robotgo.Scroll(by.X, by.Y)
		}
	}
}

func upDown(down bool) string {
	if down {
		return "down"
	}
	return "up"
}

// keyNames are robotgo's names of the keysyms that type nothing (X11's keysymdef.h).
var keyNames = map[uint32]string{
	0xff08: "backspace", 0xff09: "tab", 0xff0d: "enter", 0xff8d: "enter", 0xff1b: "esc", 0xffff: "delete",
	0xff50: "home", 0xff51: "left", 0xff52: "up", 0xff53: "right", 0xff54: "down",
	0xff55: "pageup", 0xff56: "pagedown", 0xff57: "end", 0xff63: "insert", 0xff61: "printscreen",
	0xffe1: "shift", 0xffe2: "rshift", 0xffe3: "ctrl", 0xffe4: "rctrl", 0xffe5: "capslock",
	0xffe9: "alt", 0xffea: "ralt", 0xffeb: "cmd", 0xffec: "rcmd", 0xff67: "menu",
}

func init() {
	for i := range uint32(24) {
		keyNames[0xffbe+i] = fmt.Sprintf("f%d", i+1)
	}
}

// chords are the keys with which a letter is a command and not text.
var chords = []string{"ctrl", "rctrl", "alt", "cmd", "rcmd"}

func (in *input) key(keysym uint32, down bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	name, special := keyNames[keysym]
	char := character(keysym)
	switch {
	case special:
	case char == 0:
		return
	case in.held[string(char)] && !down: // pressed as part of a chord
		name = string(char)
	case !in.chord():
		if down {
			robotgo.Type(string(char))
		}
		return
	default:
		name = string(char)
	}
	if !down && !in.held[name] {
		return
	}
	if down {
		in.held[name] = true
	} else {
		delete(in.held, name)
	}
	robotgo.KeyToggle(name, upDown(down))
}

func (in *input) chord() bool {
	for _, name := range chords {
		if in.held[name] {
			return true
		}
	}
	return false
}

// character is what a keysym types: Latin-1 keysyms are their own code points, from 0x01000000 on any code point.
func character(keysym uint32) rune {
	switch {
	case keysym >= 0x20 && keysym <= 0x7e, keysym >= 0xa0 && keysym <= 0xff:
		return rune(keysym)
	case keysym >= 0x01000100 && keysym <= 0x0110ffff:
		return rune(keysym - 0x01000000)
	}
	return 0
}

// release lets go of everything.
func (in *input) release() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.press(0)
	for name := range in.held {
		robotgo.KeyToggle(name, "up")
	}
	clear(in.held)
}
