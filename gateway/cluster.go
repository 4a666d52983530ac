package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// Cluster says which gateways are one with this one. Codes and operators are the same at all, and a host finds its bridge wherever
// either is connected. Of three gateways any one may die, of two neither: without the other there are no codes. What sessions need is
// not shared, so they go on at any gateway that is left.
type Cluster struct {
	Name   string   // the same at all
	Listen string   // address:port where the others come in
	Routes []string // host:port of where each of the others has that
}

const (
	mostGateways  = 7  // of a cluster
	mostAddresses = 16 // of all gateways together, that a host or a bridge takes
	warnEvery     = 60 // seconds, of what strangers can cause
)

func (c Cluster) check() error {
	if c.Name == "" || strings.ContainsAny(c.Name, " \t:/") {
		return fmt.Errorf("the cluster's name cannot be %q: --cluster wants a name and where the other gateways are, as in "+
			"helpdesk,10.0.0.2:4444,10.0.0.3:4444", c.Name)
	}
	if _, err := netip.ParseAddrPort(c.Listen); err != nil {
		return fmt.Errorf("listen for other gateways on %q: %w; --cluster-listen must be an address and a port, as in 0.0.0.0:4444", c.Listen, err)
	}
	if len(c.Routes) == 0 || len(c.Routes) >= mostGateways {
		return fmt.Errorf("a cluster has 2 to %d gateways: name the others' addresses and ports after --cluster %s, with commas", mostGateways, c.Name)
	}
	for i, r := range c.Routes {
		if host, port, err := net.SplitHostPort(r); err != nil || host == "" || port == "" || slices.Contains(c.Routes[:i], r) {
			return fmt.Errorf("%q is no other gateway of the cluster: name each once, by address and port, as in 10.0.0.2:4444", r)
		}
		if c.leadsHere(r) {
			return fmt.Errorf("%s is this gateway itself: name only the others after --cluster %s", r, c.Name)
		}
	}
	return nil
}

// leadsHere reports whether a route is this gateway's own address.
func (c Cluster) leadsHere(route string) bool {
	to, err := netip.ParseAddrPort(route)
	own, err2 := netip.ParseAddrPort(c.Listen)
	if err != nil || err2 != nil || to.Port() != own.Port() {
		return false
	}
	if !own.Addr().IsUnspecified() {
		return to == own
	}
	interfaces, _ := net.InterfaceAddrs()
	return slices.ContainsFunc(interfaces, func(a net.Addr) bool {
		at, ok := a.(*net.IPNet)
		return ok && at.IP.Equal(net.IP(to.Addr().AsSlice()))
	})
}

// joinOthers makes this gateway one of the cluster's. It says nothing to the others, and hears nothing, until converse.
func (g *Gateway) joinOthers(c Cluster) error {
	secret, made, err := loadSecret(g.data)
	if err != nil {
		return err
	}
	if made {
		g.log.Warn("a secret was made for the cluster: copy this file to the data directory of every other gateway before it starts",
			"file", secretFile(g.data))
	}
	var warned atomic.Int64
	g.state, err = openShare(g.data, g.node.ID().String(), c, secret, func() {
		now := time.Now().Unix()
		if last := warned.Load(); now-last >= warnEvery && warned.CompareAndSwap(last, now) {
			g.log.Warn("a gateway with another secret, or another name for the cluster, wants to be one with this one: copy the file from "+
				"one gateway to all others, and start them again", "file", secretFile(g.data))
		}
	})
	if err != nil {
		return err
	}
	g.others = &others{nats: g.state.conn, size: 1 + len(c.Routes), heard: remembered(g.data, g.node.ID().String())}
	return nil
}

// outward are the addresses that others are told of: those on loopback only where there are no others.
func (g *Gateway) outward() []string {
	loopback := func(a string) bool { return manet.IsIPLoopback(multiaddr.StringCast(a)) }
	all := slices.DeleteFunc(slices.Clone(g.addresses), loopback)
	if len(all) == 0 {
		all = g.addresses
	}
	return all[:min(len(all), mostAddresses/2)]
}

// writeAddresses writes down what the profiles of operators call the gateway, and the others of its cluster.
func (g *Gateway) writeAddresses() error {
	return writeFile(addressFile(g.data), g.others.with(g.addresses))
}

// remembered are the other gateways that were heard before this one was started.
func remembered(data, self string) map[string]member {
	heard := make(map[string]member)
	addresses, _ := readAddresses(data) // at the first start there are none
	for _, a := range addresses {
		if info, err := peer.AddrInfoFromString(a); err == nil && info.ID.String() != self {
			id := info.ID.String()
			heard[id] = member{addresses: append(heard[id].addresses, a)}
		}
	}
	return heard
}
