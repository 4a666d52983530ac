package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
)

// operator is who may have codes: one file for each, operators/<peer id>.json in the gateway's data. It is read when the
// operator's bridge comes, so that one who is added or removed while the gateway serves is so at once. The file of one who was removed
// stays, so that the gateways of a cluster tell each other.
type operator struct {
	Name         string `json:"name"`
	Organisation string `json:"organisation,omitempty"`
	Removed      bool   `json:"removed,omitempty"`
}

// findOperator returns p2p.ErrNotAdmitted for a peer that is no operator's bridge.
func findOperator(data string, id peer.ID) (operator, error) {
	o, err := readOperator(data, id.String())
	if errors.Is(err, fs.ErrNotExist) || o.Removed {
		return operator{}, p2p.ErrNotAdmitted
	}
	return o, err
}

// readOperator also finds one who was removed.
func readOperator(data, id string) (o operator, err error) {
	b, err := os.ReadFile(operatorFile(data, id))
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		return operator{}, fmt.Errorf("operator %s: %w", id, err)
	}
	return o, nil
}

func writeOperator(data, id string, o operator) error {
	if err := os.MkdirAll(operatorDir(data), 0o700); err != nil {
		return err
	}
	return writeFile(operatorFile(data, id), o)
}

// AddOperator admits a new operator to the gateway whose data is given, and returns their bridge's profile. The gateway
// keeps no copy of the key in it.
func AddOperator(data, name, organisation string) (p2p.Profile, error) {
	addresses, err := readAddresses(data)
	if err != nil {
		return p2p.Profile{}, err
	}
	profile, id, err := p2p.NewProfile(addresses, name, organisation)
	if err != nil {
		return p2p.Profile{}, err
	}
	return profile, writeOperator(data, id, operator{Name: name, Organisation: organisation})
}

// RemoveOperator ends what an operator may, by name or by the peer id of their bridge. What the bridge has at the gateway is cut off
// within a minute.
func RemoveOperator(data, who string) error {
	var found []entry
	for _, e := range readRoster(data) {
		if !e.Removed && (e.Name == who || e.ID == who) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("there is no operator %q at the gateway in %s: see that the name is written as it was when they were added", who, data)
	case 1:
		e := found[0]
		e.Removed = true
		return writeOperator(data, e.ID, e.operator)
	}
	var ids []string
	for _, e := range found {
		ids = append(ids, e.ID)
	}
	return fmt.Errorf("%d operators are called %q: name one by the id of their bridge, which the gateway's log has: %s", len(found), who, strings.Join(ids, ", "))
}

func operatorDir(data string) string      { return filepath.Join(data, "operators") }
func operatorFile(data, id string) string { return filepath.Join(operatorDir(data), id+".json") }

// The gateway's addresses are written down when it serves, for the profiles of its operators.

func addressFile(data string) string { return filepath.Join(data, "addresses.json") }

func readAddresses(data string) (addresses []string, err error) {
	b, err := os.ReadFile(addressFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the gateway in %s has never served, so its addresses are not known: "+
			"start 'sixgate-gateway serve --data %s' first", data, data)
	}
	if err == nil {
		err = json.Unmarshal(b, &addresses)
	}
	return addresses, err
}

// writeFile writes v as JSON, whole or not at all, readable by its owner only.
func writeFile(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(path, append(b, '\n'))
}

func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
