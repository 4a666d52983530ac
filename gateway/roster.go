package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// The gateways of a cluster know the same operators. It takes no agreement: each operator has a key of their own, is added once, and
// once removed stays so. A gateway that sees that another knows others tells it of all, and both keep what they did not know.

// rosterPart is how many operators one message tells of.
const rosterPart = 200

// entry is an operator as the gateways tell each other.
type entry struct {
	ID string `json:"id"` // their bridge's peer id
	operator
}

// roster is what the directory of operators holds. It is read again when it has changed.
type roster struct {
	data string

	mu      sync.Mutex
	changed time.Time // the directory was
	looked  time.Time
	all     []entry
	digest  string // of who is there and who was removed
}

// read returns all operators, also those who were removed, and a digest of who they are. The slice is not to be changed.
func (r *roster) read() (all []entry, digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var changed time.Time
	if dir, err := os.Stat(operatorDir(r.data)); err == nil {
		changed = dir.ModTime()
	}
	// A change just after one that was read may have the same time.
	if r.digest == "" || !changed.Equal(r.changed) || r.looked.Sub(changed) < 2*time.Second {
		r.changed, r.looked = changed, time.Now()
		r.all = readRoster(r.data)
		h := sha256.New()
		for _, e := range r.all { // sorted by file name
			fmt.Fprintln(h, e.ID, e.Removed)
		}
		r.digest = hex.EncodeToString(h.Sum(nil))
	}
	return r.all, r.digest
}

// hearRoster keeps what another gateway knows and this one does not.
func (g *Gateway) hearRoster(told []entry) {
	for _, e := range told {
		id, err := peer.Decode(e.ID)
		if err != nil || id.String() != e.ID { // it names a file
			continue
		}
		if known, err := readOperator(g.data, e.ID); err == nil && (known.Removed || !e.Removed) {
			continue
		}
		if err := writeOperator(g.data, e.ID, e.operator); err != nil {
			g.log.Error("an operator that another gateway told of is not written", "operator", e.ID, "err", err)
			return
		}
		g.log.Info("operator heard of", "name", e.Name, "bridge", e.ID, "removed", e.Removed)
	}
}

// readRoster reads all operators, in the order of their keys. A file that cannot be read is nobody's; another gateway may know better.
func readRoster(data string) (all []entry) {
	files, _ := os.ReadDir(operatorDir(data)) // absent: there is none
	for _, f := range files {
		id, is := strings.CutSuffix(f.Name(), ".json")
		if !is {
			continue
		}
		if o, err := readOperator(data, id); err == nil {
			all = append(all, entry{id, o})
		}
	}
	return all
}
