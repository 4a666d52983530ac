package gateway

import (
	"slices"
	"strings"
	"testing"

	"github.com/multiformats/go-multiaddr"
)

func TestAddressesThatOthersReachComeFirst(t *testing.T) {
	var addresses []multiaddr.Multiaddr
	for _, s := range strings.Fields("/ip4/127.0.0.1/tcp/1 /ip4/10.0.0.2/tcp/1 /ip4/192.0.2.2/tcp/1 /ip6/::1/tcp/1 /ip6/fd00::1/tcp/1 /ip6/2001:db8::1/tcp/1") {
		addresses = append(addresses, multiaddr.StringCast(s))
	}
	var got []string
	for _, a := range outwardFirst(addresses) {
		got = append(got, a.String())
	}
	want := strings.Fields("/ip4/192.0.2.2/tcp/1 /ip6/2001:db8::1/tcp/1 /ip4/10.0.0.2/tcp/1 /ip6/fd00::1/tcp/1 /ip4/127.0.0.1/tcp/1 /ip6/::1/tcp/1")
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}

	g := start(t, Options{Listen: "0.0.0.0:0"})
	loopback := func(s string) bool { return strings.HasPrefix(s, "/ip4/127.") }
	first := slices.IndexFunc(g.Addresses(), loopback)
	if first < 0 || slices.ContainsFunc(g.Addresses()[first:], func(s string) bool { return !loopback(s) }) {
		t.Errorf("the gateway is announced at %v", g.Addresses())
	}
}
