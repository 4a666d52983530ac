//go:build linux

package conformance

import (
	"testing"
	"time"

	"sixgate/conformance/bed"
)

// TestOutages has the network fail under sessions in every way that it does. Each time the viewer stays attached, and shows what
// changes afterwards.
func TestOutages(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	tests := make(map[string]func(*testing.T))
	for name, fail := range map[string]func(t *testing.T, g *internet, home, office place) error{
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
			home.site.Router.SetLine(bed.Line{Cut: true})
			time.Sleep(10 * time.Second)
			home.site.Router.SetLine(bed.Line{})
			return nil
		},
	} {
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
