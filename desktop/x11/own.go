//go:build linux

package x11

import "sync"

// owners are the connections of this process that show something of ours on a display, the session bar and the guidance: what
// they show is never hidden. A window's number says which connection made it, and no other program can make one with it.
type owners struct {
	mu    sync.Mutex
	bases map[uint32]bool
}

// owned has the owners of each display.
var owned sync.Map

func ownersOf(display string) *owners {
	o, _ := owned.LoadOrStore(display, &owners{bases: make(map[uint32]bool)})
	return o.(*owners)
}

func (o *owners) has(base uint32) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bases[base]
}

// own says that what a connection shows is ours, until disown. That comes before the connection is closed: the server gives the
// numbers to another program then.
func (c *connection) own() { ownersOf(c.display).set(c.setup.ResourceIdBase, true) }

func (c *connection) disown() { ownersOf(c.display).set(c.setup.ResourceIdBase, false) }

func (o *owners) set(base uint32, ours bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ours {
		o.bases[base] = true
	} else {
		delete(o.bases, base)
	}
}
