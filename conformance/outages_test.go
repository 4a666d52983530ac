//go:build linux

package conformance

import (
	"flag"
	"strings"
	"testing"
	"time"

	"sixgate/conformance/bed"
)

var long = flag.Bool("long", false, "the outages that last minutes, as well") // make test has them beside all else

// TestOutages has the network fail under sessions in every way that it does. Each time the viewer stays attached, and shows what
// changes afterwards.
func TestOutages(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	tests := make(map[string]func(*testing.T))
	outages := map[string]func(t *testing.T, g *internet, home, office place) error{
		"gateway killed and restarted": func(t *testing.T, g *internet, _, _ place) error {
			g.gateway.cmd.Process.Kill()
			<-g.gateway.left
			g.open(t)
			return nil
		},
		"the host's computer gets another address": func(_ *testing.T, _ *internet, home, _ place) error { return home.Move() },
		"the host's router gets another address":   func(_ *testing.T, _ *internet, home, _ place) error { return home.site.Move() },
		"the bridge's router gets another address": func(_ *testing.T, _ *internet, _, office place) error { return office.site.Move() },
		"10 s without network": func(_ *testing.T, _ *internet, home, _ place) error {
			home.without(10 * time.Second)
			return nil
		},
	}
	if *long {
		outages["2 minutes without network"] = func(_ *testing.T, _ *internet, home, _ place) error {
			home.without(2 * time.Minute)
			return nil
		}
		tests["6 minutes without network"] = n.ends
	}
	for name, fail := range outages {
		tests[name] = func(t *testing.T) {
			g := n.serve(t, bed.Line{})
			home, office := g.place(t, "home", bed.Line{}, bed.Symmetric), g.place(t, "office", bed.Line{}, bed.Symmetric)
			h := g.help(t, home, office)
			if err := fail(t, g, home, office); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			h.shows(t, "and on it goes")
			t.Logf("the picture is back after %v", time.Since(began).Round(time.Millisecond))
		}
	}
	atOnce(t, tests)
}

// without takes the network from a place for a while. Neither end is told.
func (p place) without(d time.Duration) {
	p.site.Router.SetLine(bed.Line{Cut: true})
	time.Sleep(d)
	p.site.Router.SetLine(bed.Line{})
}

// ends has a session that is without network for too long: both ends end it, for the same reason.
func (n *internet) ends(t *testing.T) {
	g := n.serve(t, bed.Line{})
	home, office := g.place(t, "home", bed.Line{}, bed.Symmetric), g.place(t, "office", bed.Line{}, bed.Symmetric)
	h := g.help(t, home, office)
	home.without(6 * time.Minute)
	if reason := h.bridge.event(t, "end").Reason; !strings.Contains(reason, "network") {
		t.Errorf("the bridge says %q", reason)
	}
	h.host.until(t, "Ended by network")
	if status := h.host.exit(t); status != 1 {
		t.Errorf("the host left with %d", status)
	}
}
