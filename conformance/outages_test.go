//go:build linux

package conformance

import (
	"testing"
	"time"

	"sixgate/conformance/bed"
)

// TestOutages has the network fail under sessions in every way that it does, all at once. Each time the viewer stays attached, and
// shows what changes afterwards.
func TestOutages(t *testing.T) {
	n := newInternet(t)
	t.Run("all", func(t *testing.T) {
		for _, tt := range []struct {
			name string
			fail func(t *testing.T, g *internet, home, office place)
		}{
			{"gateway killed and restarted", func(t *testing.T, g *internet, _, _ place) {
				g.gateway.cmd.Process.Kill()
				<-g.gateway.left
				g.open(t)
			}},
			{"the host's computer gets another address", func(t *testing.T, _ *internet, home, _ place) {
				if err := home.Move(); err != nil {
					t.Fatal(err)
				}
			}},
			{"the host's router gets another address", func(t *testing.T, _ *internet, home, _ place) {
				if err := home.site.Move(); err != nil {
					t.Fatal(err)
				}
			}},
			{"the bridge's router gets another address", func(t *testing.T, _ *internet, _, office place) {
				if err := office.site.Move(); err != nil {
					t.Fatal(err)
				}
			}},
			{"20 s without network", func(t *testing.T, _ *internet, home, _ place) {
				home.site.Router.SetLine(bed.Line{Cut: true})
				time.Sleep(20 * time.Second)
				home.site.Router.SetLine(bed.Line{})
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				g := n.serve(t, bed.Line{})
				home, office := g.place(t, "home", bed.Line{}, bed.Symmetric), g.place(t, "office", bed.Line{}, bed.Symmetric)
				h := g.help(t, home, office)
				tt.fail(t, g, home, office)
				began := time.Now()
				h.shows(t, "and on it goes")
				t.Logf("the picture is back after %v", time.Since(began).Round(time.Millisecond))
			})
		}
	})
}
