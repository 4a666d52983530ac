package gateway

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"testing"
)

// strangersAtDoor come to a cluster's port, say nothing, nonsense, or that they have a certificate of their own.
func strangersAtDoor(t *testing.T, g *Gateway) {
	routes, before := g.state.server.NumRoutes(), runtime.NumGoroutine()
	at := g.state.door.listener.Addr().String()
	var all []net.Conn
	for range 500 {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
	}
	most := 0
	for i, c := range all {
		if i%2 == 1 {
			c.Write([]byte("INFO {}\r\nCONNECT {}\r\nPING\r\n"))
		}
		most = max(most, runtime.NumGoroutine()-before)
	}
	if most > 20*mostEnterAt {
		t.Errorf("500 strangers cost %d goroutines", most)
	}
	for _, c := range all {
		io.Copy(io.Discard, c) // until it is closed there
	}
	eventually(t, "strangers count no more", func() bool { return g.state.door.strangers() == 0 })

	other, err := routeTLS(make([]byte, secretBytes), "helpdesk", func() {})
	if err != nil {
		t.Fatal(err)
	}
	for name, with := range map[string]*tls.Config{"without a certificate": {InsecureSkipVerify: true}, "with one of another key": other} {
		with = with.Clone()
		with.VerifyConnection = nil
		c, err := tls.Dial("tcp", at, with)
		if err == nil {
			c.Write([]byte("PING\r\n"))
			if b, _ := io.ReadAll(c); len(b) > 0 {
				t.Errorf("a stranger %s is told %q", name, b)
			}
			c.Close()
		}
	}
	if g.state.server.NumRoutes() != routes || g.others.there() != 2 {
		t.Errorf("%d routes, there were %d", g.state.server.NumRoutes(), routes)
	}
}

// strangers are those that are still to show who they are.
func (d *door) strangers() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.all
}
