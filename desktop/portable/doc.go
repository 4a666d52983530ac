// Package portable is a desktop for systems that have no native one here: monitors and pixels by kbinani/screenshot, input
// and clipboard by go-vgo/robotgo. Neither tells of changes, so it looks at the screen, up to 25 times a second while that
// changes and twice a second while it does not; not at all while nobody takes what it found.
//
// Robotgo is C, so this needs cgo, and a C compiler with the libraries of the system that it is built for. Without cgo the
// package builds everywhere, and Open says what is missing. From Linux the whole builds for Windows with mingw-w64
// (CGO_ENABLED=1 GOOS=windows CC=x86_64-w64-mingw32-gcc), and not for macOS, which wants Apple's SDK. On neither has it
// ever run.
//
// What the native desktops do and this cannot: the pointer's shape, buttons 7 and 8, keys beyond what robotgo knows,
// characters that it cannot type, keys by their scancode, the keyboard's lights, another size for the screen, and news of
// the pointer's place when nothing else changes. On X11 it types what robotgo finds in the keymap, and puts other characters onto one key
// in turn; xclip must be there for the clipboard; and the process ends when the X server does, as Xlib has it.
package portable

import "image"

// piece is a rectangle of captured pixels, 0x00RRGGBB; rows are Stride pixels apart.
type piece = struct {
	Rect   image.Rectangle
	Pix    []uint32
	Stride int
}
