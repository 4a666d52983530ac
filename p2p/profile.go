package p2p

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Profile is what a bridge needs to know, one JSON file made by 'sixgate-gateway operator add'. It holds a private key.
type Profile struct {
	Gateways     []string `json:"gateways"` // multiaddrs that end in /p2p/ and the peer id of one of the gateways that serve together
	Operator     string   `json:"operator"`
	Organisation string   `json:"organisation,omitempty"`
	Key          []byte   `json:"key"` // libp2p's form of an ed25519 private key
}

// NewProfile makes a profile with a new key, and the peer id that a gateway has to admit.
func NewProfile(gateways []string, operator, organisation string) (p Profile, id string, err error) {
	key, err := NewIdentity()
	if err != nil {
		return Profile{}, "", err
	}
	b, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return Profile{}, "", err
	}
	who, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return Profile{}, "", err
	}
	p = Profile{Gateways: gateways, Operator: operator, Organisation: organisation, Key: b}
	return p, who.String(), p.check()
}

// LoadProfile reads the profile at path, which must be readable by its owner only.
func LoadProfile(path string) (p Profile, err error) {
	b, err := ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Profile{}, fmt.Errorf("there is no profile at %s: have your gateway's operator make one with "+
			"'sixgate-gateway operator add'", path)
	}
	if err != nil {
		return Profile{}, err
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return Profile{}, fmt.Errorf("%s is not a profile: %w; make one with 'sixgate-gateway operator add'", path, err)
	}
	if err := p.check(); err != nil {
		return Profile{}, fmt.Errorf("%s: %w; make a new one with 'sixgate-gateway operator add'", path, err)
	}
	return p, nil
}

func (p Profile) check() error {
	if _, err := parseGateways(p.Gateways, thisComputer); err != nil {
		return err
	}
	if _, err := parseKey(p.Key); err != nil {
		return fmt.Errorf("the profile's key: %w", err)
	}
	return Hello{Name: p.Operator, Organisation: p.Organisation}.check()
}
