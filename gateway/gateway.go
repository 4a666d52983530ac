// Package gateway is the server in the middle: it hands out codes, brings a host to the bridge whose code its user typed,
// and relays what they say to each other end to end. It never sees a pixel: see p2p.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"sixgate/p2p"
)

// Options say where a gateway keeps its state and where it listens.
type Options struct {
	Data     string   // a directory; made when absent, mode 0700
	Listen   string   // host:port, for TCP and UDP; port 0 chooses one
	Announce []string // host or host:port under which others reach it; empty: the addresses of its network interfaces
	TLSCert  string   // files in PEM, for WebSocket and the portal; empty: one is made
	TLSKey   string
	Portal   string       // host:port on loopback where metrics are; empty: nowhere
	Cluster  *Cluster     // nil: this gateway is the only one
	Log      *slog.Logger // nil: silent
}

// Gateway serves until Close.
type Gateway struct {
	data      string
	held      *os.File // the lock on data
	log       *slog.Logger
	addresses []string
	node      host.Host
	relay     *relay.Relay
	state     *state
	others    *others // nil: there are none
	roster    roster
	codes     *Codes
	limits    limits
	pairs     pairs
	arrivals  arrivals
	metrics   *metrics

	stop    context.CancelFunc
	running sync.WaitGroup
}

// Open starts a gateway.
func Open(ctx context.Context, o Options) (*Gateway, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	listen, err := netip.ParseAddrPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w; it must be an address and a port, as in 0.0.0.0:4443", o.Listen, err)
	}
	if err := checkPortal(o.Portal); err != nil {
		return nil, err
	}
	if o.Cluster != nil {
		if err := o.Cluster.check(); err != nil {
			return nil, err
		}
	}
	if err := openData(o.Data); err != nil {
		return nil, err
	}
	held, err := holdData(o.Data)
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(context.Background())
	g := &Gateway{data: o.Data, held: held, log: o.Log, roster: roster{data: o.Data}, stop: stop, metrics: newMetrics()}
	if err := g.open(ctx, serving, listen, o); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (g *Gateway) open(ctx, serving context.Context, listen netip.AddrPort, o Options) error {
	key, err := p2p.LoadIdentity(filepath.Join(g.data, "identity.key"))
	if err != nil {
		return err
	}
	resources, err := resources()
	if err != nil {
		return err
	}
	secure, err := certificate(o.TLSCert, o.TLSKey)
	if err != nil {
		return err
	}
	p := port{at: listen, tls: secure, portal: portal()}
	node := p2p.NodeOptions{Key: key, Resources: g.metrics.watch(resources)}
	node.Transports = p.transports(node)
	if g.node, err = p2p.NewNode(node); err != nil {
		return err
	}
	g.node.Network().Notify(&network.NotifyBundle{ConnectedF: g.metrics.connected, DisconnectedF: g.metrics.disconnected})
	if err := p.listen(g.node.Network().(*swarm.Swarm)); err != nil {
		return fmt.Errorf("%w: choose another address with --listen, or end the program that has it", err)
	}
	if g.addresses, err = g.announced(listen, o.Announce); err != nil {
		return err
	}
	if err := g.openCodes(ctx, serving, o.Cluster); err != nil {
		return err
	}
	g.limits.now, g.pairs.now = g.codes.now, g.codes.now
	g.limits.alarm = func() {
		g.log.Warn("wrong codes from many places: somebody may be guessing; each place has fewer tries for now",
			"wrong", wrongAll, "within", limitFor)
	}
	if g.relay, err = g.openRelay(); err != nil {
		return err
	}
	if err := g.writeAddresses(); err != nil {
		return err
	}
	if err := g.servePortal(serving, o.Portal); err != nil {
		return err
	}
	g.running.Go(func() { g.closeStrangers(serving) })
	if err := g.converse(serving); err != nil {
		return err
	}
	g.node.SetStreamHandler(p2p.CodeProtocol, g.handler(serving, g.serveCode))
	g.node.SetStreamHandler(p2p.RedeemProtocol, g.handler(serving, g.serveRedeem))
	g.node.SetStreamHandler(p2p.ReportProtocol, g.handler(serving, g.serveReport))
	g.node.SetStreamHandler(p2p.HostsProtocol, g.handler(serving, g.serveHosts))
	return nil
}

// openCodes opens the codes of this gateway, or its share of a cluster's: then it does not wait for the others.
func (g *Gateway) openCodes(ctx, serving context.Context, c *Cluster) (err error) {
	if c == nil {
		if g.state, err = openState(g.data); err != nil {
			return err
		}
		g.codes = newCodes(g.state.js, g.others)
		return g.codes.store.open(ctx, 1)
	}
	if err := g.joinOthers(*c); err != nil {
		return err
	}
	g.codes = newCodes(g.state.js, g.others)
	g.running.Go(func() { g.codes.store.openLate(serving, g.others.size, g.log) })
	return nil
}

// openData makes the directory of a gateway's state, or sees that nobody else may read it.
func openData(dir string) error {
	if dir == "" {
		return errors.New("a gateway needs a directory for its state: name one with --data")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: name a directory that can be made or is yours with --data", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("others may read the gateway's state in %s (mode %04o): choose a directory of its own with "+
			"--data, or run 'chmod 700 %s'", dir, mode, dir)
	}
	return nil
}

var errLocked = errors.New("locked")

// holdData sees that no other gateway uses the directory: of two, each could redeem the same code.
func holdData(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("another gateway uses the state in %s: end it, or choose another directory with --data", dir)
		}
		return nil, err
	}
	return f, nil
}

// Addresses are the gateway's multiaddrs, each with its peer id, as hosts and bridges take them.
func (g *Gateway) Addresses() []string { return g.addresses }

// announced works out under which multiaddrs others reach the gateway.
func (g *Gateway) announced(listen netip.AddrPort, names []string) (addresses []string, err error) {
	var bases []multiaddr.Multiaddr
	for _, name := range names {
		a, err := announce(name, listen.Port())
		if err != nil {
			return nil, err
		}
		bases = append(bases, a)
	}
	if len(names) == 0 {
		if bases, err = g.node.Network().InterfaceListenAddresses(); err != nil {
			return nil, err
		}
		bases = outwardFirst(slices.DeleteFunc(bases, func(a multiaddr.Multiaddr) bool {
			return a[len(a)-1].Code() != multiaddr.P_TCP // one address stands for all ways: they have one port
		}))
	}
	for _, a := range bases[:min(len(bases), mostAddresses)] {
		addresses = append(addresses, a.String()+"/p2p/"+g.node.ID().String())
	}
	return addresses, nil
}

// outwardFirst puts addresses of private networks behind public ones, and loopback's at the end: what cannot be reached is named by its
// first address, and the last may find no room in a profile.
func outwardFirst(addresses []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	inward := func(a multiaddr.Multiaddr) int {
		ip, err := manet.ToIP(a)
		switch {
		case err != nil || ip.IsLoopback():
			return 2
		case ip.IsPrivate():
			return 1
		}
		return 0
	}
	slices.SortStableFunc(addresses, func(a, b multiaddr.Multiaddr) int { return inward(a) - inward(b) })
	return addresses
}

// announce makes a multiaddr of a host or host:port.
func announce(name string, port uint16) (multiaddr.Multiaddr, error) {
	hostname, digits, err := net.SplitHostPort(name)
	if err != nil {
		hostname, digits = name, strconv.Itoa(int(port))
	}
	kind := "dns"
	if ip, err := netip.ParseAddr(hostname); err == nil {
		kind = "ip6"
		if ip.Is4() {
			kind = "ip4"
		}
	}
	a, err := multiaddr.NewMultiaddr("/" + kind + "/" + hostname + "/tcp/" + digits)
	if err != nil {
		return nil, fmt.Errorf("announce %q: %w; it must be a host name or an address, and a port if it is not the one "+
			"that --listen has", name, err)
	}
	return a, nil
}

// Close ends every relayed session and waits until nothing of the gateway runs.
func (g *Gateway) Close() error {
	g.stop()
	var err error
	if g.relay != nil {
		err = g.relay.Close()
	}
	if g.node != nil {
		err = errors.Join(err, g.node.Close())
	}
	g.running.Wait()
	if g.state != nil {
		g.state.close()
	}
	return errors.Join(err, g.held.Close())
}
