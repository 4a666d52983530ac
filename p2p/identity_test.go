package p2p

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestLoadIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.key")
	keys := make([]crypto.PrivKey, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = LoadIdentity(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	again, err := LoadIdentity(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		if !again.Equals(keys[i]) {
			t.Errorf("program %d has another key", i)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}

	for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
		os.Chmod(path, mode)
		if _, err := LoadIdentity(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	os.Chmod(path, 0o600)
	os.WriteFile(path, []byte("no key"), 0o600)
	if _, err := LoadIdentity(path); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("no key: %v", err)
	}
	if _, err := LoadIdentity(filepath.Join(path, "below", "a", "file")); err == nil {
		t.Error("a key where none can be")
	}
}

const gatewayID = "12D3KooWKicWD1cmcKWhZqw88NUbBUtSEjCnW2McnEx4bycMN4Yp"

func TestProfile(t *testing.T) {
	address := "/ip4/192.0.2.1/tcp/4443/p2p/" + gatewayID
	made, id, err := NewProfile([]string{address}, "Ada", "Example Ltd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Decode(id); err != nil {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "ada.sixgate")
	write := func(v any) {
		b, _ := json.Marshal(v)
		os.WriteFile(path, b, 0o600)
	}
	write(made)
	if p, err := LoadProfile(path); err != nil || p.Operator != "Ada" || string(p.Key) != string(made.Key) {
		t.Errorf("%+v, %v", p, err)
	}
	os.Chmod(path, 0o644)
	if _, err := LoadProfile(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
	os.Chmod(path, 0o600)
	for name, change := range map[string]func(*Profile){
		"no gateway":   func(p *Profile) { p.Gateways = nil },
		"no peer id":   func(p *Profile) { p.Gateways = []string{"/ip4/192.0.2.1/tcp/4443"} },
		"no address":   func(p *Profile) { p.Gateways = []string{"/p2p/" + gatewayID} },
		"no multiaddr": func(p *Profile) { p.Gateways = []string{"gateway.example.com:4443"} },
		"no key":       func(p *Profile) { p.Key = nil },
		"a short key":  func(p *Profile) { p.Key = p.Key[:20] },
		"no name":      func(p *Profile) { p.Operator = "" },
		"two lines":    func(p *Profile) { p.Organisation = "Example\nLtd" },
	} {
		p := made
		change(&p)
		write(p)
		if _, err := LoadProfile(path); err == nil || !strings.Contains(err.Error(), "operator add") {
			t.Errorf("%s: %v", name, err)
		}
	}
	write("not a profile")
	if _, err := LoadProfile(path); err == nil {
		t.Error("a string is a profile")
	}
}

func TestGate(t *testing.T) {
	for _, host := range []bool{true, false} {
		g := newGate(isGateway, host)
		in := func(p peer.ID) bool { return g.InterceptSecured(network.DirInbound, p, nil) }
		out := func(p peer.ID) bool {
			dial, reached := g.InterceptPeerDial(p), g.InterceptSecured(network.DirOutbound, p, nil)
			if dial != reached || dial != g.InterceptAddrDial(p, home) {
				t.Errorf("host %v: %s may be dialled %v and reached %v", host, p, dial, reached)
			}
			return dial
		}
		if !out("gateway") || in("gateway") || out("stranger") || in("stranger") {
			t.Errorf("host %v: gateway out %v, in %v; stranger out %v, in %v", host, out("gateway"), in("gateway"), out("stranger"), in("stranger"))
		}
		if g.InterceptAddrDial("gateway", quicV1) {
			t.Error("the gateway is dialled at an address that it tells of itself")
		}
		first, second := g.match("other"), g.match("other")
		if out("other") != host || in("other") == host {
			t.Errorf("host %v: matched out %v, in %v", host, out("other"), in("other"))
		}
		first()
		first()
		if !g.isMatched("other") {
			t.Error("one call of two ended, and both are cut off")
		}
		second()
		if out("other") || in("other") {
			t.Errorf("host %v: out %v, in %v after the call", host, out("other"), in("other"))
		}
	}
}
