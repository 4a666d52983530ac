package gateway

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"strings"
	"time"

	"sixgate/p2p"
)

// secretBytes is how long the secret is that all gateways of a cluster share.
const secretBytes = 32

func secretFile(data string) string { return filepath.Join(data, "cluster.key") }

// loadSecret reads the cluster's secret, or makes it at the first start of the first gateway.
func loadSecret(data string) (secret []byte, made bool, err error) {
	path := secretFile(data)
	b, err := p2p.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, secretBytes)
		rand.Read(secret)
		return secret, true, writeWhole(path, []byte(hex.EncodeToString(secret)+"\n"))
	}
	if err != nil {
		return nil, false, err
	}
	if secret, err = hex.DecodeString(strings.TrimSpace(string(b))); err != nil || len(secret) != secretBytes {
		return nil, false, fmt.Errorf("%s holds no cluster's secret: copy the file from another gateway of the cluster, or "+
			"delete it if there is none", path)
	}
	return secret, false, nil
}

var errOtherSecret = errors.New("another cluster's secret or name")

// routeTLS has gateways prove to each other that they know the secret: it makes the key that signs their certificates, each of
// which is made for one run. strange is called for every certificate that another key has signed.
func routeTLS(secret []byte, cluster string, strange func()) (*tls.Config, error) {
	seed, err := hkdf.Key(sha256.New, secret, nil, "sixgate cluster "+cluster, ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	signer := ed25519.NewKeyFromSeed(seed)
	own, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	made := x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now, NotAfter: now} // nobody looks at a clock
	der, err := x509.CreateCertificate(rand.Reader, &made, &made, own, signer)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // names and authorities mean nothing here: VerifyConnection looks, at both ends
		VerifyConnection: func(c tls.ConnectionState) error {
			cert := c.PeerCertificates[0]
			if !ed25519.Verify(signer.Public().(ed25519.PublicKey), cert.RawTBSCertificate, cert.Signature) {
				strange()
				return errOtherSecret
			}
			return nil
		},
		SessionTicketsDisabled: true,
	}, nil
}
