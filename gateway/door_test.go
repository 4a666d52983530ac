package gateway

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
)

// strangersAtDoor come to a cluster's port from many addresses, say nothing or nonsense, or show a certificate of their own.
func strangersAtDoor(t *testing.T, g *Gateway) {
	if g.state.server.Addr() != nil {
		t.Errorf("JetStream listens for clients at %v", g.state.server.Addr())
	}
	at, routes := g.state.door.listener.Addr().String(), g.state.server.NumRoutes()
	var all []net.Conn
	for i := range 500 {
		from := &net.TCPAddr{IP: net.IPv4(127, 9, 9, byte(i/20))}
		c, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 1 {
			c.Write([]byte("INFO {}\r\nCONNECT {}\r\nPING\r\n"))
		}
		all = append(all, c)
		if n := g.state.door.strangers(); n > mostEnter {
			t.Fatalf("%d strangers are let in", n)
		}
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
