// Package x11 is the desktop of an X server, local or remote: its pixels by MIT-SHM where the server shares memory with us,
// what changed of them by DAMAGE, the pointer's shape and the selections by XFIXES, the pointer's moves by SYNC, the monitors
// and their sizes by RANDR, pointer and keyboard by XTEST and XKB. It exists on Linux only; elsewhere the package is empty.
//
// Windows may be hidden: they are hatched in every picture, and input that would go to them is dropped.
//
// A Desktop talks to the server over three connections: one for the picture, one for input and one for the selections, so
// that none waits for another. While nothing happens on the screen it does nothing at all.
package x11
