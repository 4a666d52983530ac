package p2p

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// maxSecretFile is the longest key or profile file in bytes.
const maxSecretFile = 64 << 10

// NewIdentity makes an ed25519 key.
func NewIdentity() (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	return key, err
}

// LoadIdentity reads the ed25519 key at path, which must be readable by its owner only. It makes one where there is none;
// of several programs that do so at once, all get the same.
func LoadIdentity(path string) (crypto.PrivKey, error) {
	b, err := ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeIdentity(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the key %s: %w", path, err)
		}
		b, err = ReadSecret(path)
	}
	if err != nil {
		return nil, err
	}
	key, err := parseKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s holds no key of sixgate (%w): move it away, and a new one is made; "+
			"who knows the old one must then be told", path, err)
	}
	return key, nil
}

// parseKey reads an ed25519 key in libp2p's form.
func parseKey(b []byte) (crypto.PrivKey, error) {
	key, err := crypto.UnmarshalPrivateKey(b)
	if err != nil {
		return nil, err
	}
	if key.Type() != crypto.Ed25519 {
		return nil, errors.New("not an ed25519 key")
	}
	return key, nil
}

// makeIdentity writes a new key to path, whole or not at all. It returns fs.ErrExist when path exists.
func makeIdentity(path string) error {
	key, err := NewIdentity()
	if err != nil {
		return err
	}
	b, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-key-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// ReadSecret reads a file that only its owner may read, and that is no longer than 64 KiB.
func ReadSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // Windows has no such bits
		return nil, fmt.Errorf("%s holds a private key and others may read it (mode %04o): run 'chmod 600 %s'", path, mode, path)
	}
	if info.Size() > maxSecretFile {
		return nil, fmt.Errorf("%s is too long for a key or a profile: %d bytes", path, info.Size())
	}
	return os.ReadFile(path)
}
