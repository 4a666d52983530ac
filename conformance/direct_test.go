//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sixgate/conformance/bed"
)

// TestDirect has sessions go over to a direct connection where one can be had, and back to the relay when it breaks.
func TestDirect(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	far := bed.Line{Delay: 25 * time.Millisecond}
	atOnce(t, map[string]func(*testing.T){
		"over TCP": func(t *testing.T) {
			g := n.serve(t, bed.Line{})
			g.goesDirect(t, g.place(t, "home", far, bed.NoUDP), g.place(t, "office", far, bed.NoUDP))
		},
		"over QUIC": func(t *testing.T) {
			g := n.serve(t, bed.Line{})
			g.goesDirect(t, g.place(t, "home", far, 0), g.place(t, "office", far, 0))
		},
		"in one network": func(t *testing.T) {
			g := n.serve(t, bed.Line{})
			home := g.place(t, "home", bed.Line{}, 0)
			g.goesDirect(t, home, beside(t, home.site, "office"))
		},
		"symmetric": func(t *testing.T) {
			g := n.serve(t, bed.Line{})
			h := g.help(t, g.place(t, "home", bed.Line{}, bed.Symmetric), g.place(t, "office", bed.Line{}, bed.Symmetric))
			if why := h.bridge.event(t, "direct").Reason; !strings.Contains(why, "draws another port") {
				t.Errorf("the bridge says %q", why)
			}
			eventually(t, func() error { // a moment later, perhaps
				if !strings.Contains(h.host.log.String(), "no direct connection") {
					return errors.New("the host does not say that it was not met directly")
				}
				return nil
			})
			h.shows(t, "by the relay")
			h.bridge.mu.Lock()
			defer h.bridge.mu.Unlock()
			if strings.Contains(string(h.bridge.said), `"path":"direct"`) {
				t.Errorf("the bridge says %s", h.bridge.said)
			}
		},
	})
}

// listening are the TCP ports of a computer that others could reach: their addresses as the kernel shows them, in hexadecimal digits.
func listening(t *testing.T, at place) (open []string) {
	t.Helper()
	if err := at.Inside(func() error {
		sockets, err := os.ReadFile("/proc/thread-self/net/tcp")
		for line := range strings.Lines(string(sockets)) {
			const listens, loopback = "0A", "0100007F:"
			if field := strings.Fields(line); field[3] == listens && !strings.HasPrefix(field[1], loopback) {
				open = append(open, field[1])
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return open
}

// goesDirect has a session that goes over to a direct connection, does without the gateway then, and without the direct connection
// after that.
func (n *internet) goesDirect(t *testing.T, home, office place) {
	t.Helper()
	h := n.help(t, home, office)
	began := time.Now()
	for h.path != "direct" {
		h.path = h.bridge.event(t, "path").Path
	}
	t.Logf("direct %v after the first picture", time.Since(began).Round(time.Millisecond))
	eventually(t, func() error { // the bridge listened for it
		if open := listening(t, office); len(open) > 0 {
			return fmt.Errorf("the bridge still listens at %v", open)
		}
		return nil
	})
	if open := listening(t, home); len(open) > 0 {
		t.Errorf("the host listens at %v", open)
	}
	n.machine.SetLine(bed.Line{Cut: true})
	h.shows(t, "without the gateway")
	n.machine.SetLine(bed.Line{})
	if err := home.site.SetPolicy(bed.Only443); err != nil { // the gateway's port
		t.Fatal(err)
	}
	h.shows(t, "by the relay again")
	for h.bridge.event(t, "path").Path != "relay" {
	}
}
