package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
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
	maxEndpoints   = 16 // of a gateway
	maxAddresses   = 4  // of a name
	gatewayExample = "/ip4/192.0.2.1/tcp/4443/p2p/12D3KooW…, as 'sixgate-gateway serve' prints it"
)

// endpoint is an address of a gateway.
type endpoint struct {
	host string // an IP address or a name
	port string
	only string // the one transport that leads there; "": all do
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

// lookUp is what the host's name means.
func (e endpoint) lookUp(ctx context.Context) ([]netip.Addr, error) {
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

// parseGateways reads the addresses of one gateway: /ip4/… or /dns/…, its port as /tcp/…, and its peer id. Such an address stands
// for all transports on that port; /udp/…/quic-v1 and /tcp/…/tls/ws stand for one.
func parseGateways(addresses []string) (id peer.ID, ends []endpoint, err error) {
	if len(addresses) == 0 {
		return "", nil, errors.New("no gateway is given: name one as " + gatewayExample)
	}
	if len(addresses) > maxEndpoints {
		return "", nil, fmt.Errorf("a gateway has at most %d addresses", maxEndpoints)
	}
	for _, s := range addresses {
		info, err := peer.AddrInfoFromString(s)
		var e endpoint
		if err == nil && len(info.Addrs) > 0 {
			e, err = parseEndpoint(info.Addrs[0])
		}
		if err != nil || len(info.Addrs) == 0 {
			return "", nil, fmt.Errorf("gateway address %q must look like %s", s, gatewayExample)
		}
		if id != "" && id != info.ID {
			return "", nil, fmt.Errorf("gateway address %q is another gateway's: this version uses one", s)
		}
		id, ends = info.ID, append(ends, e)
	}
	return id, ends, nil
}

var errNoEndpoint = errors.New("not an address of a gateway")

func parseEndpoint(a multiaddr.Multiaddr) (e endpoint, err error) {
	if len(a) < 2 {
		return e, errNoEndpoint
	}
	switch a[0].Code() {
	case multiaddr.P_IP4, multiaddr.P_IP6, multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6:
		e.host = a[0].Value()
	default:
		return e, errNoEndpoint
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
		return e, errNoEndpoint
	}
	return e, nil
}
