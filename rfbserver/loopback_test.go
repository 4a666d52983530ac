package rfbserver

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

func TestLoopbackServesBothAddressesAndNoOther(t *testing.T) {
	l, err := ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		defer close(served)
		l.Serve(ctx, func(conn net.Conn) {
			io.WriteString(conn, "here")
			conn.Close()
		})
	}()
	for _, host := range []string{"127.0.0.1", "::1"} {
		conn, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(l.Port)))
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(conn); string(b) != "here" {
			t.Errorf("%s answered %q", host, b)
		}
		conn.Close()
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		if ip, _, _ := net.ParseCIDR(addr.String()); !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
			if conn, err := net.Dial("tcp", net.JoinHostPort(ip.String(), strconv.Itoa(l.Port))); err == nil {
				conn.Close()
				t.Errorf("%s can attach from outside", ip)
			}
		}
	}
	if _, err := ListenLoopback(l.Port); err == nil || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("second listener: %v", err)
	}
	cancel()
	<-served
	if conn, err := net.Dial("tcp", l.Address()); err == nil {
		conn.Close()
		t.Error("still listening")
	}
}
