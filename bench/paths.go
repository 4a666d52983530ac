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

// journeys is how many sessions each way has at each distance.
const journeys = 5

// ways are how host and bridge reach the gateway: what the network lets through, and what follows its IP address in the multiaddr.
var ways = []struct {
	name    string
	policy  bed.Policy
	address string
	proxy   bool
}{
	{"TCP", bed.NoUDP, "/tcp/443", false},
	{"QUIC", 0, "/udp/443/quic-v1", false},
	{"WebSocket", bed.Only443, "/tcp/443/tls/ws", false},
	{"proxy", bed.Closed, "/tcp/443", true},
}

// measurePaths has sessions between two sites, over each way and at each distance.
func measurePaths(ctx context.Context, st *stage, r *report) error {
	b, err := bed.New()
	if err != nil {
		return err
	}
	defer b.Close()
	for _, way := range ways {
		gateway, err := b.Machine("gateway", bed.Line{})
		if err != nil {
			return err
		}
		var sites [2]*bed.Site
		var ends [2]*bed.Machine
		var begin [2][]string
		for i, name := range []string{"home", "office"} {
			if sites[i], err = b.Site(name+"-site", bed.Line{}, way.policy); err != nil {
				return err
			}
			if ends[i], err = sites[i].Machine(name); err != nil {
				return err
			}
			begin[i] = within(ends[i])
			if way.proxy {
				stop, err := serveProxy(ctx, st.scratch, sites[i].Router, ends[i])
				if err != nil {
					return err
				}
				defer stop()
				begin[i] = append(begin[i], "env", "HTTPS_PROXY=http://"+netip.AddrPortFrom(ends[i].Out, proxyPort).String())
			}
		}
		w := where{gateway: within(gateway), host: begin[0], bridge: begin[1], dial: func(address string) (conn net.Conn, err error) {
			err = ends[1].Inside(func() error {
				conn, err = net.Dial("tcp", address)
				return err
			})
			return conn, err
		}}
		o, err := openOfficeAt(ctx, st.scratch, r.programs, w, "0.0.0.0:443", func(address string) string {
			return strings.Replace(address, "/tcp/443", way.address, 1)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		for _, rtt := range roundTrips {
			for _, s := range sites {
				s.Router.SetLine(bed.Line{Delay: rtt / 2})
			}
			j := journey{by: way.name, rtt: rtt}
			for range journeys {
				s, err := o.session(ctx, o.address, st)
				if err != nil {
					o.close()
					return fmt.Errorf("%s at %v: %w", way.name, rtt, err)
				}
				s.host.leave()
				j.took = append(j.took, s.took)
			}
			r.paths = append(r.paths, j)
		}
		o.close()
	}
	return nil
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
}
