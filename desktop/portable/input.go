//go:build cgo

package portable

import (
	"image"
	"slices"
	"strings"
	"sync"

	"github.com/go-vgo/robotgo"
)

// input is what is held on the pointer and the keyboard. Its mutex guards robotgo, which is not for concurrent use.
type input struct {
	mu      sync.Mutex
	buttons uint16
	held    []string // robotgo's names of keys
}

// buttonNames are robotgo's, for bits 0 to 2; it has none for back and forward.
var buttonNames = [...]string{"left", "center", "right"}

// wheel is how far bits 3 to 6 scroll: up, down, left, right.
var wheel = [...]image.Point{{Y: 1}, {Y: -1}, {X: 1}, {X: -1}}

func (in *input) location() image.Point {
	in.mu.Lock()
	defer in.mu.Unlock()
	return image.Pt(robotgo.Location())
}

func (in *input) point(p image.Point, buttons uint16) {
	in.mu.Lock()
	defer in.mu.Unlock()
	robotgo.Move(p.X, p.Y)
	in.press(buttons)
}

// push moves the pointer by so much; robotgo asks where it is and adds to that.
func (in *input) push(by image.Point, buttons uint16) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if by != (image.Point{}) {
		robotgo.MoveRelative(by.X, by.Y)
	}
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
			robotgo.Scroll(by.X, by.Y, 0)
		}
	}
}

func upDown(down bool) string {
	if down {
		return "down"
	}
	return "up"
}

func (in *input) key(keysym uint32, down bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	name, special := keyNames[keysym]
	char := character(keysym)
	switch {
	case special:
		in.toggle(name, down)
	case char == 0:
	case !down:
		if name := plainKey(char); slices.Contains(in.held, name) { // pressed as part of a command
			in.toggle(name, false)
		}
	case in.command():
		if name := plainKey(char); name != "" {
			in.toggle(name, true)
		}
	default:
		in.typeText(string(char))
	}
}

func (in *input) toggle(name string, down bool) {
	robotgo.KeyToggle(name, upDown(down))
	in.held = slices.DeleteFunc(in.held, func(h string) bool { return h == name })
	if down {
		in.held = append(in.held, name)
	}
}

// typeText types what Shift and a key made on the viewer's keyboard; here that may take Shift or not.
func (in *input) typeText(text string) {
	for _, shift := range shifts {
		if slices.Contains(in.held, shift) {
			robotgo.KeyToggle(shift, "up")
			defer robotgo.KeyToggle(shift, "down")
		}
	}
	robotgo.Type(text)
}

// command says whether a key that is held makes a command of a letter.
func (in *input) command() bool {
	return slices.ContainsFunc(in.held, func(h string) bool { return slices.Contains(commands, h) })
}

// plainKey is robotgo's name of the key with an ASCII character, without the Shift that it would hold by itself.
func plainKey(char rune) string {
	if char > '~' {
		return ""
	}
	if key, ok := robotgo.Special[string(char)]; ok {
		return key
	}
	return strings.ToLower(string(char))
}

// release lets go of everything.
func (in *input) release() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.press(0)
	for _, name := range in.held {
		robotgo.KeyToggle(name, "up")
	}
	in.held = nil
}
