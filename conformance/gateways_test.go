//go:build linux

package conformance

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sixgate/conformance/bed"
)

// serveTogether puts two gateways on the internet that are one.
func (n *internet) serveTogether(t *testing.T) (first, second *internet) {
	t.Helper()
	var both []*internet
	secret := make([]byte, 32)
	rand.Read(secret)
	for range 2 {
		m, err := n.Machine("gateway", bed.Line{})
		if err != nil {
			t.Fatal(err)
		}
		g := &internet{Bed: n.Bed, machine: m, data: t.TempDir()}
		os.Chmod(g.data, 0o700)
		if err := os.WriteFile(filepath.Join(g.data, "cluster.key"), []byte(hex.EncodeToString(secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		both = append(both, g)
	}
	for i, g := range both {
		g.cluster = []string{"--cluster", fmt.Sprintf("helpdesk,%v:4444", both[1-i].machine.Address)}
		g.open(t)
		t.Cleanup(g.kill) // to leave takes them seconds where they are not one
	}
	eventually(t, func() error { // each has written down where the other is
		for i, g := range both {
			_, id, _ := strings.Cut(both[1-i].address, "/p2p/")
			if known, err := os.ReadFile(filepath.Join(g.data, "addresses.json")); err != nil || !strings.Contains(string(known), id) {
				return fmt.Errorf("the gateways are not one yet (%v)", err)
			}
		}
		return nil
	})
	return both[0], both[1]
}

// kill kills the gateway.
func (n *internet) kill() {
	n.gateway.cmd.Process.Kill()
	<-n.gateway.left
}

// TestGateways has sessions whose gateway dies, and goes on by another.
func TestGateways(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	atOnce(t, map[string]func(*testing.T){
		"by the relay": func(t *testing.T) {
			g, other := n.serveTogether(t)
			home, office := n.place(t, "home", bed.Line{}, bed.Symmetric), n.place(t, "office", bed.Line{}, bed.Symmetric)
			m := g.attend(t, office) // at g, which its profile names first
			m.address = other.address
			h := m.help(t, home, office)
			if log := h.host.log.String(); !strings.Contains(log, other.machine.Address.String()) || !strings.Contains(log, g.machine.Address.String()) {
				t.Errorf("the host was not sent from the gateway that it knows to the bridge's:\n%s", log)
			}
			for _, fail := range []struct {
				name string
				do   func()
			}{
				{"the one that the host was sent to is killed", g.kill},
				{"that one is back, and the other falls silent", func() { g.open(t); other.machine.SetLine(bed.Line{Cut: true}) }},
			} {
				fail.do()
				began := time.Now()
				h.shows(t, fail.name)
				t.Logf("%s: the picture is back after %v", fail.name, time.Since(began).Round(time.Millisecond))
			}
		},
		"directly": func(t *testing.T) {
			g, other := n.serveTogether(t)
			home, office := n.place(t, "home", bed.Line{}, bed.NoUDP), n.place(t, "office", bed.Line{}, bed.NoUDP)
			m := g.attend(t, office)
			m.address += " " + other.address
			h := m.help(t, home, office)
			for h.path != "direct" {
				h.path = h.bridge.event(t, "path").Path
			}
			g.kill()
			h.shows(t, "without the gateway")
			for e := (event{}); e.State != "reached" || !strings.HasPrefix(e.Address, other.machine.Address.String()); {
				if e = h.bridge.anyEvent(t); e.Event == "path" && e.Path != "direct" {
					t.Errorf("the session has left its connection: %v", e)
				}
			}
			if err := home.site.SetPolicy(bed.Only443); err != nil { // the gateways' port
				t.Fatal(err)
			}
			h.shows(t, "by the other gateway")
			for h.bridge.event(t, "path").Path != "relay" {
			}
		},
	})
}
