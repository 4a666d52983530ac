package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Transports to a gateway. All are on one port number.
const (
	byTCP       = "tcp"
	byQUIC      = "quic"
	byWebSocket = "websocket"
)

const (
	lookUpFor      = 5 * time.Second
	maxEndpoints   = 16  // of all gateways
	maxEndpoint    = 256 // bytes
	maxAddresses   = 4   // of a name
	gatewayExample = "/ip4/192.0.2.1/tcp/4443/p2p/12D3KooW…, as 'sixgate-gateway serve' prints it"
)

// gateway is one that a node may use: its key, and where it is.
type gateway struct {
	id   peer.ID
	ends []endpoint
}

// String is how a person who reads an error finds the gateway in their list.
func (g gateway) String() string { return g.ends[0].address() }

// endpoint is an address of a gateway.
type endpoint struct {
	of    peer.ID
	host  string // an IP address or a name
	port  string
	only  string // the one transport that leads there; "": all do
	depth depth  // how far inside it may be
}

// depth is how far inside an address is, as seen from this computer.
type depth uint8

const (
	outside      depth = iota // on the internet
	localNetwork              // private addresses
	thisComputer              // and what is not for others: its neighbours' without a router, groups
)

func depthOf(ip netip.Addr) depth {
	switch ip = ip.Unmap(); {
	case !ip.IsGlobalUnicast():
		return thisComputer
	case ip.IsPrivate():
		return localNetwork
	}
	return outside
}

func (e endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

// number is the port. parseGateways has seen that it is one.
func (e endpoint) number() uint16 {
	n, _ := strconv.ParseUint(e.port, 10, 16)
	return uint16(n)
}

// named says whether the host is a name.
func (e endpoint) named() bool {
	_, err := netip.ParseAddr(e.host)
	return err != nil
}

var errInside = errors.New("another gateway names this address, which is inside this computer's network")

// lookUp is what the host's name means.
func (e endpoint) lookUp(ctx context.Context) ([]netip.Addr, error) {
	all, err := e.meanings(ctx)
	for _, ip := range all {
		if depthOf(ip) > e.depth {
			return nil, errInside
		}
	}
	return all, err
}

func (e endpoint) meanings(ctx context.Context) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(e.host); err == nil {
		return []netip.Addr{ip}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpFor)
	defer cancel()
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.host)
	if err != nil {
		return nil, err
	}
	return all[:min(len(all), maxAddresses)], nil
}

// parseGateways reads the addresses of one gateway or several, each /ip4/… or /dns/…, the port as /tcp/…, and the peer id. Such an
// address stands for all transports on that port; /udp/…/quic-v1 and /tcp/…/tls/ws stand for one.
func parseGateways(addresses []string, within depth) (all []gateway, err error) {
	if len(addresses) == 0 {
		return nil, errors.New("no gateway is given: name one as " + gatewayExample)
	}
	if len(addresses) > maxEndpoints {
		return nil, fmt.Errorf("gateways may have %d addresses together, not %d", maxEndpoints, len(addresses))
	}
	for _, s := range addresses {
		if len(s) > maxEndpoint {
			return nil, fmt.Errorf("gateway address %.40q… is too long: it may have %d bytes", s, maxEndpoint)
		}
		info, err := peer.AddrInfoFromString(s)
		e := endpoint{depth: within}
		if err == nil && len(info.Addrs) > 0 {
			err = e.parse(info.Addrs[0])
		}
		if err != nil || len(info.Addrs) == 0 {
			return nil, fmt.Errorf("gateway address %q must look like %s", s, gatewayExample)
		}
		e.of = info.ID
		if ip, err := netip.ParseAddr(e.host); err == nil && depthOf(ip) > within {
			continue // others reach it there, from within their networks
		}
		all = with(all, e)
	}
	if len(all) == 0 {
		return nil, errInside
	}
	return all, nil
}

// with adds an address to gateways, unless they have it.
func with(all []gateway, e endpoint) []gateway {
	i := indexOf(all, e.of)
	if i < 0 {
		return append(all, gateway{e.of, []endpoint{e}})
	}
	ends := all[i].ends
	for _, known := range ends {
		if known.address() == e.address() && known.only == e.only {
			return all
		}
	}
	all[i].ends = append(ends[:len(ends):len(ends)], e)
	return all
}

// indexOf is where in a list a gateway stands; -1: nowhere.
func indexOf(all []gateway, id peer.ID) int {
	for i := range all {
		if all[i].id == id {
			return i
		}
	}
	return -1
}

var errNoEndpoint = errors.New("not an address of a gateway")

func (e *endpoint) parse(a multiaddr.Multiaddr) error {
	if len(a) < 2 {
		return errNoEndpoint
	}
	switch a[0].Code() {
	case multiaddr.P_IP4, multiaddr.P_IP6, multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6:
		e.host = a[0].Value()
	default:
		return errNoEndpoint
	}
	if strings.ContainsFunc(e.host, func(c rune) bool { return c <= ' ' || c >= 0x7f }) { // it is shown to people
		return errNoEndpoint
	}
	e.port = a[1].Value()
	kind := ""
	for _, c := range a[1:] {
		kind += "/" + c.Protocol().Name
	}
	switch kind {
	case "/tcp":
	case "/udp/quic-v1":
		e.only = byQUIC
	case "/tcp/wss", "/tcp/tls/ws":
		e.only = byWebSocket
	default:
		return errNoEndpoint
	}
	return nil
}
