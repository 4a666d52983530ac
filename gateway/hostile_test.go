package gateway

import (
	"testing"
	"time"
)

// A stranger who opens ten thousand streams has as many as a peer may, and a session beside it goes on.
func TestStrangerOpensManyStreams(t *testing.T) {
	g := start(t, Options{})
	b, h := addBridge(t, g, "Ada"), dialHost(t, g.Addresses()...)
	host, bridge := call(t, h, b)
	consent(t, host, bridge)
	at, from := screen(t, host, bridge)

	n, gateway := stranger(t, g)
	conn := n.Network().ConnsToPeer(gateway.ID)[0]
	opened, most := 0, 0
	held(t, 16<<20, func() {
		for range 10_000 {
			s, err := conn.NewStream(t.Context())
			if err != nil {
				continue
			}
			opened++
			s.SetDeadline(time.Now().Add(time.Minute))
			s.Write([]byte("\x13/multistream/1.0.0\n")) // and never says for what
			if opened%500 == 0 {
				open := 0
				for _, c := range g.node.Network().ConnsToPeer(n.ID()) {
					open += len(c.GetStreams())
				}
				most = max(most, open)
			}
		}
	})
	if most > mostPeerStreams {
		t.Errorf("of %d streams the gateway holds %d at a time, and may %d", opened, most, mostPeerStreams)
	}
	t.Logf("of %d streams the gateway held %d at a time", opened, most)
	alive(t, at, from)
}
