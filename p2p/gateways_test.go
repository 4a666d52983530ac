package p2p

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"sixgate/p2p/proxy"
)

const otherGatewayID = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

// Lists of gateways, as they stand in a profile (thisComputer) or are named by a gateway on the internet (outside).
func TestGatewayLists(t *testing.T) {
	one, other := "/p2p/"+gatewayID, "/p2p/"+otherGatewayID
	public, inside := "/ip4/20.0.0.1/tcp/443", []string{"/ip4/127.0.0.1/tcp/443", "/ip4/10.1.1.1/tcp/443", "/ip4/169.254.169.254/tcp/80",
		"/ip4/224.0.0.1/tcp/443", "/ip6/::1/tcp/443", "/ip6/fd00::1/tcp/443", "/ip6/fe80::1/tcp/443", "/ip6/::ffff:10.1.1.1/tcp/443", "/ip4/0.0.0.0/tcp/443"}
	var many []string
	for i := range maxEndpoints + 1 {
		many = append(many, fmt.Sprintf("/dns/gateway%d.example.com/tcp/443%s", i, []string{one, other}[i%2]))
	}
	for _, tt := range []struct {
		list   []string
		within depth
		want   string // each gateway's addresses; "": an error
	}{
		{[]string{public + one}, thisComputer, "20.0.0.1:443"},
		{[]string{public + one, "/ip4/20.0.0.2/tcp/443" + other, "/ip4/20.0.0.3/udp/443/quic-v1" + one}, outside, "20.0.0.1:443 20.0.0.3:443, 20.0.0.2:443"},
		{[]string{public + one, public + one, public + other}, outside, "20.0.0.1:443, 20.0.0.1:443"},
		{[]string{inside[0] + one, inside[1] + other}, thisComputer, "127.0.0.1:443, 10.1.1.1:443"},
		{[]string{inside[0] + one, inside[1] + other}, localNetwork, "10.1.1.1:443"},
		{many[1:], outside, "gateway1"},
		{many, outside, ""},
		{nil, outside, ""},
		{[]string{public}, outside, ""},
		{[]string{one}, outside, ""},
		{[]string{public + one, ""}, outside, ""},
		{[]string{public + one + "/p2p-circuit" + other}, outside, ""},
		{[]string{"/memory/1" + one}, outside, ""},
		{[]string{"/dns/gateway\x1b[2J.example.com/tcp/443" + one}, outside, ""},
		{[]string{"/dns/" + strings.Repeat("a", 250) + "/tcp/443" + one}, outside, ""},
	} {
		all, err := parseGateways(tt.list, tt.within)
		var got []string
		for _, g := range all {
			var ends []string
			for _, e := range g.ends {
				ends = append(ends, e.address())
				if e.of != g.id || e.depth != tt.within {
					t.Errorf("%v: %+v", tt.list, e)
				}
			}
			got = append(got, strings.Join(ends, " "))
		}
		if list := strings.Join(got, ", "); (err == nil) != (tt.want != "") || !strings.HasPrefix(list, tt.want) {
			t.Errorf("%.200q: %s (%v), want %s", tt.list, list, err, tt.want)
		}
	}
	for _, at := range inside {
		if all, err := parseGateways([]string{public + one, at + one, at + other}, outside); err != nil || len(all) != 1 || len(all[0].ends) != 1 {
			t.Errorf("%s is named by a gateway on the internet, and taken: %v (%v)", at, all, err)
		}
		if _, err := parseGateways([]string{at + one}, outside); err != errInside {
			t.Errorf("nothing but %s: %v", at, err)
		}
	}
	if _, err := (endpoint{host: "localhost", depth: outside}).lookUp(t.Context()); err != errInside {
		t.Errorf("a name that means this computer: %v", err)
	}
	if ips, err := (endpoint{host: "localhost", depth: thisComputer}).lookUp(t.Context()); err != nil || len(ips) == 0 {
		t.Errorf("a name that means this computer, in the list of a person: %v, %v", ips, err)
	}
}

func FuzzParseGateways(f *testing.F) {
	f.Add("/ip4/20.0.0.1/tcp/443/p2p/" + gatewayID)
	f.Add("/dns/gateway.example.com/tcp/443/tls/ws/p2p/" + gatewayID)
	f.Add("/ip6/fd00::1/udp/443/quic-v1/p2p/" + otherGatewayID)
	f.Fuzz(func(t *testing.T, address string) {
		all, err := parseGateways([]string{address}, outside)
		if err != nil {
			return
		}
		if len(all) != 1 || len(all[0].ends) != 1 {
			t.Fatalf("%v", all)
		}
		e := all[0].ends[0]
		if ip, err := netip.ParseAddr(e.host); err == nil && depthOf(ip) > outside {
			t.Errorf("%q leads to %v", address, e.address())
		}
		if _, err := strconv.ParseUint(e.port, 10, 16); err != nil {
			t.Errorf("%q: port %s", address, e.port)
		}
	})
}

// What a gateway names is known beside the node's own list, in the place of what was named before.
func TestLearn(t *testing.T) {
	parse := func(list ...string) []gateway {
		all, err := parseGateways(list, outside)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	own := parse("/ip4/20.0.0.1/tcp/443/p2p/" + gatewayID)
	w := newWays(own, proxy.Settings{})
	for _, i := range []int{2, 3, 1} {
		w.learn(parse(fmt.Sprintf("/ip4/20.0.0.%d/tcp/443/p2p/%s", i, gatewayID), fmt.Sprintf("/ip4/20.0.0.%d/tcp/443/p2p/%s", i, otherGatewayID)))
		all := w.known()
		if len(all) != 2 || all[0].ends[0] != own[0].ends[0] || len(w.ends()) > 3 || all[1].String() != fmt.Sprintf("20.0.0.%d:443", i) {
			t.Errorf("known are %v at %v", all, w.ends())
		}
	}
	if len(own[0].ends) != 1 || len(w.ends()) != 2 {
		t.Errorf("the own list is %v now, and known is %v", own, w.ends())
	}
}
