//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sixgate/conformance/bed"
)

// journey is from the code to the first picture, over one kind of connection.
type journey struct {
	by   string
	rtt  time.Duration // between each end and the gateway
	took []time.Duration
}

// roundTrips are how far both ends are from the gateway, there and back.
var roundTrips = []time.Duration{0, 50 * time.Millisecond, 100 * time.Millisecond}

// journeys is how many sessions there are of each kind.
const journeys = 3

// way is how host and bridge reach the gateway: what the network lets through, and what follows its IP address in the multiaddr.
type way struct {
	name    string
	policy  bed.Policy
	address string
	proxy   bool
}

var (
	byTCP  = way{"TCP", bed.NoUDP, "/tcp/443", false}
	byQUIC = way{"QUIC", 0, "/udp/443/quic-v1", false}
	ways   = []way{byTCP, byQUIC, {"WebSocket", bed.Only443, "/tcp/443/tls/ws", false}, {"proxy", bed.Closed, "/tcp/443", true}}
)

// measurePaths has sessions between two sites, over each way and at each distance, and changes their paths.
func measurePaths(ctx context.Context, st *stage, r *report) error {
	b, err := bed.New()
	if err != nil {
		return err
	}
	defer b.Close()
	for _, way := range ways {
		if err := r.measureFirst(ctx, b, way, st); err != nil {
			r.failed(fmt.Errorf("first pictures by %s: %w", way.name, err))
		}
	}
	for _, way := range []way{byTCP, byQUIC} {
		if err := r.measureMove(ctx, b, way, st); err != nil {
			r.failed(fmt.Errorf("from the relay to a direct connection by %s: %w", way.name, err))
		}
	}
	if err := r.measureOutage(ctx, b, st); err != nil {
		r.failed(fmt.Errorf("outage: %w", err))
	}
	return nil
}

func (r *report) measureFirst(ctx context.Context, b *bed.Bed, w way, st *stage) error {
	t, err := openTown(ctx, b, w, st, r.programs)
	if err != nil {
		return err
	}
	defer t.close()
	for _, rtt := range roundTrips {
		t.distance(rtt)
		j := journey{by: w.name, rtt: rtt}
		for range journeys {
			s, err := t.session(ctx, t.address, st)
			if err != nil {
				return fmt.Errorf("at %v: %w", rtt, err)
			}
			s.host.leave()
			j.took = append(j.took, s.took)
		}
		r.paths = append(r.paths, j)
	}
	return nil
}

// town is an office with its gateway on an internet, where the host and the bridge are each behind a router.
type town struct {
	*office
	home, work *bed.Site
	stops      []func()
}

func openTown(ctx context.Context, b *bed.Bed, w way, st *stage, p programs) (t *town, err error) {
	t = new(town)
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	gateway, err := b.Machine("gateway", bed.Line{})
	if err != nil {
		return t, err
	}
	var bridge *bed.Machine
	at := where{gateway: within(gateway)}
	if t.home, _, at.host, err = t.behind(ctx, b, "host", w, st.scratch); err != nil {
		return t, err
	}
	if t.work, bridge, at.bridge, err = t.behind(ctx, b, "bridge", w, st.scratch); err != nil {
		return t, err
	}
	at.dial = func(address string) (conn net.Conn, err error) {
		err = bridge.Inside(func() error {
			conn, err = net.Dial("tcp", address)
			return err
		})
		return conn, err
	}
	t.office, err = openOfficeAt(ctx, st.scratch, p, at, "0.0.0.0:443", func(address string) string {
		return strings.Replace(address, "/tcp/443", w.address, 1)
	})
	return t, err
}

// behind puts a machine behind a router, and says with which command programs begin there.
func (t *town) behind(ctx context.Context, b *bed.Bed, name string, w way, scratch string) (s *bed.Site, m *bed.Machine, begin []string, err error) {
	if s, err = b.Site(name+"-site", bed.Line{}, w.policy); err != nil {
		return
	}
	if m, err = s.Machine(name); err != nil {
		return
	}
	begin = within(m)
	if w.proxy {
		var stop func()
		if stop, err = serveProxy(ctx, scratch, s.Router, m); err != nil {
			return
		}
		t.stops = append(t.stops, stop)
		begin = append(begin, "env", "HTTPS_PROXY=http://"+netip.AddrPortFrom(m.Out, proxyPort).String())
	}
	return
}

// distance moves both sites away from the gateway.
func (t *town) distance(rtt time.Duration) {
	t.home.Router.SetLine(bed.Line{Delay: rtt / 2})
	t.work.Router.SetLine(bed.Line{Delay: rtt / 2})
}

func (t *town) close() {
	if t.office != nil {
		t.office.close()
	}
	for _, stop := range t.stops {
		stop()
	}
}

func within(m *bed.Machine) []string { return []string{"ip", "netns", "exec", m.Space} }

const proxyPort = 8888

// serveProxy runs an HTTP proxy on a site's router, for a machine of the site.
func serveProxy(ctx context.Context, scratch string, router, client *bed.Machine) (stop func(), err error) {
	name := filepath.Join(scratch, router.Space+".conf")
	config := fmt.Sprintf("Port %d\nListen %s\nConnectPort 443\nTimeout 600\nMaxClients 20\n", proxyPort, client.Out)
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		return nil, err
	}
	command := append(within(router), "tinyproxy", "-d", "-c", name)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	for end := time.Now().Add(stopFor); ; {
		err := client.Inside(func() error {
			conn, err := net.Dial("tcp", netip.AddrPortFrom(client.Out, proxyPort).String())
			if err == nil {
				conn.Close()
			}
			return err
		})
		if err == nil {
			return stop, nil
		}
		if time.Now().After(end) {
			stop()
			return nil, fmt.Errorf("tinyproxy: %w", err)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			stop()
			return nil, err
		}
	}
}

func (r *report) throughNetworks(b *strings.Builder) {
	t := newTable("host and bridge call the gateway by", ":round trip to it, ms", ":code to first picture p50 ms", ":slowest")
	for _, j := range r.paths {
		t.row(j.by, number(ms(j.rtt), 0), milliseconds(j.took, 0.5), milliseconds(j.took, 1))
	}
	t.write(b, "From the code to the first picture, over the relay")
	t = newTable("from the relay to a direct connection", ":round trip to the gateway, ms", ":sessions", ":after the first picture p50 ms", ":slowest", ":pause p50 ms", ":p95", ":between two updates p50 ms")
	for _, m := range r.moves {
		t.row(m.by, number(ms(m.rtt), 0), fmt.Sprint(len(m.took)), milliseconds(m.took, 0.5), milliseconds(m.took, 1), milliseconds(m.pauses, 0.5), milliseconds(m.pauses, 0.95),
			milliseconds(m.gaps, 0.5))
	}
	t.write(b, "")
	if len(r.outages) > 0 {
		fmt.Fprintf(b, "\nAfter %v without network at the host's end, the picture is back %s ms (p50) after the network, at most %s, of %d times.\n",
			outageFor, milliseconds(r.outages, 0.5), milliseconds(r.outages, 1), len(r.outages))
	}
}
