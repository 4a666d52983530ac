// Package session holds what both ends of a session must agree on: permissions, modes, states, reasons, codes and check
// digits. It is pure: it reads no clock, opens nothing and starts nothing.
package session

import (
	"slices"
	"strings"
)

// Permissions says what a supporter may do now, one bit for each thing. Zero allows nothing, and no value means
// everything: a permission added later is one that the user was never asked for.
type Permissions uint8

const (
	View      Permissions = 1 << iota // see the screen
	Control                           // pointer and keyboard
	Files                             // read and write files
	Clipboard                         // read and set the clipboard
	Tunnel                            // reach network services through the host
)

var permissionNames = [...]string{"view", "control", "files", "clipboard", "tunnel"}

// Has reports whether p holds every permission in q. Nobody has "nothing".
func (p Permissions) Has(q Permissions) bool { return q != 0 && p&q == q }

// Names are the permissions' names, in order.
func (p Permissions) Names() []string {
	var names []string
	for i, name := range permissionNames {
		if p.Has(1 << i) {
			names = append(names, name)
		}
	}
	return names
}

// ParsePermission is the permission of a name; false when there is none.
func ParsePermission(name string) (Permissions, bool) {
	i := slices.Index(permissionNames[:], name)
	return 1 << max(i, 0), i >= 0
}

// String lists the permissions as people read them: "view, control", or "nothing".
func (p Permissions) String() string {
	if names := p.Names(); names != nil {
		return strings.Join(names, ", ")
	}
	return "nothing"
}
