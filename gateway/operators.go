package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
)

// operator is who may have codes: one file for each, operators/<peer id>.json in the gateway's data. It is read when the
// operator's bridge comes, so that one who is added or removed while the gateway serves is so at once.
type operator struct {
	Name         string `json:"name"`
	Organisation string `json:"organisation,omitempty"`
}

// findOperator returns p2p.ErrNotAdmitted for a peer that is no operator's bridge.
func findOperator(data string, id peer.ID) (o operator, err error) {
	b, err := os.ReadFile(operatorFile(data, id.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return operator{}, p2p.ErrNotAdmitted
	}
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil {
		return operator{}, fmt.Errorf("operator %v: %w", id, err)
	}
	return o, nil
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
	if err := os.MkdirAll(filepath.Join(data, "operators"), 0o700); err != nil {
		return p2p.Profile{}, err
	}
	return profile, writeFile(operatorFile(data, id), operator{Name: name, Organisation: organisation})
}

func operatorFile(data, id string) string { return filepath.Join(data, "operators", id+".json") }

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
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
