// Package portable is a desktop for systems that have no native one here: pixels by kbinani/screenshot, input and clipboard
// by go-vgo/robotgo. It sees changes by looking, a few times a second and only while somebody waits for them; it types what
// a US keyboard has, and other characters as well as the system lets it.
//
// Robotgo is C, so this needs cgo and the C libraries of the system that it is built for. Without cgo, and so in every
// cross-compilation from here (Windows and macOS want their own compilers and SDKs), Open says so and nothing else works.
package portable
