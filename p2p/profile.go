package p2p

// Profile is what a bridge needs to know, one JSON file made by 'sixgate-gateway operator add'. It holds a private key.
type Profile struct {
	Gateways     []string `json:"gateways"` // multiaddrs that end in /p2p/ and the gateway's peer id
	Operator     string   `json:"operator"`
	Organisation string   `json:"organisation,omitempty"`
	Key          []byte   `json:"key"` // libp2p's form of an ed25519 private key
}

// LoadProfile reads the profile at path, which must be readable by its owner only.
func LoadProfile(path string) (Profile, error) { return Profile{}, errTODO }
