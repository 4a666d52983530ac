//go:build linux

package bed

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Machine is a computer on the internet or in a site's network.
type Machine struct {
	Space   string // its network namespace, for `ip netns exec`
	Address netip.Addr
	Out     netip.Addr // the router, as the machines of its site see it

	bed  *Bed
	port *port // its line to the internet; nil where it stands in a site's network
}

// Machine puts a computer on the internet itself, with nothing between.
func (b *Bed) Machine(name string, l Line) (*Machine, error) {
	space, err := b.space(name)
	if err != nil {
		return nil, err
	}
	m := &Machine{Space: space, Address: b.public(), bed: b}
	tap, err := openTap(space, "wan")
	if err != nil {
		return nil, err
	}
	m.port = b.between.plug(tap, l)
	return m, m.ip("addr add "+m.Address.String()+fmt.Sprintf("/%d", internet.Bits())+" dev wan", "link set wan up")
}

// SetLine changes the machine's line to the internet.
func (m *Machine) SetLine(l Line) { m.port.line.Store(&l) }

// Inside calls f in the machine's network namespace: sockets that it opens and programs that it starts belong there. What f starts as
// a goroutine does not.
func (m *Machine) Inside(f func() error) error { return Inside(m.Space, f) }

// ip runs commands of iproute2 in the machine.
func (m *Machine) ip(commands ...string) error {
	return feed(strings.Join(commands, "\n")+"\n", "ip", "-n", m.Space, "-batch", "-")
}

// Policy is what a site's router does to what passes. The zero Policy is that of most homes: outgoing connections go out under the
// router's address with the port that they have, if that is free, and nothing comes in that was not asked for.
type Policy uint8

const (
	Symmetric Policy = 1 << iota // each connection leaves by a port of its own, drawn at random
	NoUDP                        // UDP is dropped
	Only443                      // all but TCP to port 443 is dropped
	Closed                       // nothing passes; what runs on the router itself may go out
)

// Site is a network with private addresses behind a router.
type Site struct {
	Router *Machine

	number   int
	policy   Policy
	machines int
}

// Site puts a router on the internet, with a network behind it.
func (b *Bed) Site(name string, l Line, p Policy) (*Site, error) {
	router, err := b.Machine(name, l)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.sites++
	s := &Site{Router: router, number: b.sites}
	b.mu.Unlock()
	return s, errors.Join(s.SetPolicy(p), Inside(router.Space, func() error { return run("sysctl", "-q", "net.ipv4.ip_forward=1") }))
}

// SetPolicy changes what passes. What is connected is checked anew.
func (s *Site) SetPolicy(p Policy) error {
	s.policy = p
	return Inside(s.Router.Space, func() error { return feed(p.rules(), "nft", "-f", "-") })
}

// rules are the policy in nftables' words.
func (p Policy) rules() string {
	has := func(one Policy, yes, no string) string {
		if p&one != 0 {
			return yes
		}
		return no
	}
	return "flush ruleset\ntable ip site {\n" +
		"chain out { type nat hook postrouting priority 100; oifname wan masquerade" + has(Symmetric, " fully-random", "") + "; }\n" +
		"chain in { type filter hook input priority 0; iifname wan ct state established,related accept; iifname wan drop; }\n" +
		"chain pass { type filter hook forward priority 0; policy drop;\n" +
		has(Closed, "drop;\n", "") +
		has(NoUDP, "meta l4proto udp drop;\n", "") +
		has(Only443, "tcp dport 443 accept; iifname wan tcp sport 443 ct state established accept; drop;\n", "") +
		"ct state established,related accept; iifname != wan accept; }\n}\n"
}

// Machine puts a computer into the site's network. Those of one site reach each other by their private addresses.
func (s *Site) Machine(name string) (*Machine, error) {
	space, err := s.Router.bed.space(name)
	if err != nil {
		return nil, err
	}
	s.machines++
	m := &Machine{Space: space, Address: s.private(2), bed: s.Router.bed, Out: s.private(1)}
	lan := fmt.Sprintf("lan%d", s.machines)
	if err := s.Router.ip("link add "+lan+" type veth peer name lan netns "+space,
		"addr add "+m.Out.String()+"/24 dev "+lan, "link set "+lan+" up"); err != nil {
		return nil, err
	}
	return m, m.settle()
}

// private is an address in the network of the machine that came last.
func (s *Site) private(last byte) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(s.number), byte(s.machines), last})
}

// settle gives the machine its address, and the way out.
func (m *Machine) settle() error {
	return m.ip("addr add "+m.Address.String()+"/24 dev lan", "link set lan up", "route add default via "+m.Out.String())
}

// Move gives a machine in a site's network another address, as if it had gone to another network: all its connections are dead.
func (m *Machine) Move() error {
	old := m.Address
	m.Address = m.Address.Next()
	return errors.Join(m.ip("addr del "+old.String()+"/24 dev lan"), m.settle())
}

// Move gives the site another public address: what the router had translated is forgotten.
func (s *Site) Move() error {
	r := s.Router
	old := r.Address
	r.Address = r.bed.public()
	return errors.Join(r.ip(fmt.Sprintf("addr del %s/%d dev wan", old, internet.Bits()), fmt.Sprintf("addr add %s/%d dev wan", r.Address, internet.Bits())),
		r.forget())
}
