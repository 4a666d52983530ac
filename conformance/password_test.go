//go:build linux

package conformance

import (
	"crypto/des"
	"os"
	"path/filepath"
	"testing"
)

// passwordFile writes a password as viewers store it: under a DES key that is the same everywhere.
func passwordFile(t *testing.T, password string) string {
	t.Helper()
	// Each byte of the key, and only of the key, has its bits in the order opposite to DES's.
	block, err := des.NewCipher([]byte{0xe8, 0x4a, 0xd6, 0x60, 0xc4, 0x72, 0x1a, 0xe0})
	if err != nil {
		t.Fatal(err)
	}
	var hidden [8]byte
	copy(hidden[:], password)
	block.Encrypt(hidden[:], hidden[:])
	name := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(name, hidden[:], 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
