//go:build linux

package bed

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const https = 443

// How long an answer may take where one must come, and where none may.
const (
	patience   = 20 * time.Second
	impatience = 300 * time.Millisecond
)

func newBed(t *testing.T) *Bed {
	t.Helper()
	b, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func machine(t *testing.T, b *Bed, name string, l Line) *Machine {
	t.Helper()
	m, err := b.Machine(name, l)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// behind puts a computer behind a router.
func behind(t *testing.T, b *Bed, name string, l Line, p Policy) (*Site, *Machine) {
	t.Helper()
	s, err := b.Site(name+"-site", l, p)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Machine(name)
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

// echo serves UDP and TCP on a machine: who asks is told where it comes from.
func echo(t *testing.T, m *Machine, port uint16) netip.AddrPort {
	t.Helper()
	at := netip.AddrPortFrom(m.Address, port)
	if err := m.Inside(func() error {
		l, err := net.Listen("tcp", at.String())
		if err != nil {
			return err
		}
		t.Cleanup(func() { l.Close() })
		u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		if err != nil {
			return err
		}
		t.Cleanup(func() { u.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprint(conn, conn.RemoteAddr())
				conn.Close()
			}
		}()
		go func() {
			for b := make([]byte, 64); ; {
				_, from, err := u.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				u.WriteToUDPAddrPort([]byte(from.String()), from)
			}
		}()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return at
}

// ask asks an echo how it sees a machine that calls from a port, and how long connecting took.
func ask(m *Machine, network string, from uint16, to netip.AddrPort, within time.Duration) (seen netip.AddrPort, took time.Duration, err error) {
	return seen, took, m.Inside(func() error {
		began := time.Now()
		local := net.Addr(&net.TCPAddr{Port: int(from)})
		if network == "udp" {
			local = &net.UDPAddr{Port: int(from)}
		}
		d := net.Dialer{LocalAddr: local, Timeout: within, Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) })
		}}
		conn, err := d.Dial(network, to.String())
		if err != nil {
			return err
		}
		defer conn.Close()
		took = time.Since(began)
		conn.SetDeadline(time.Now().Add(within))
		if network == "udp" {
			fmt.Fprint(conn, "?")
		}
		b := make([]byte, 64)
		n, err := conn.Read(b)
		if err == nil {
			seen, err = netip.ParseAddrPort(string(b[:n]))
		}
		return err
	})
}

func TestRouters(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	one, two := machine(t, b, "one", Line{}), machine(t, b, "two", Line{})
	first, second, other := echo(t, one, https), echo(t, two, https), echo(t, two, 80)
	if a, err := multiaddr.NewMultiaddr("/ip4/" + one.Address.String()); err != nil || !manet.IsPublicAddr(a) {
		t.Errorf("%v is no public address for libp2p (%v)", a, err)
	}
	home, pc := behind(t, b, "pc", Line{}, 0)
	for _, network := range []string{"tcp", "udp"} {
		a, _, errA := ask(pc, network, 7001, first, patience)
		z, _, errZ := ask(pc, network, 7001, second, patience)
		if want := netip.AddrPortFrom(home.Router.Address, 7001); errA != nil || errZ != nil || a != want || z != want {
			t.Errorf("%s from a home is seen as %v and %v (%v, %v), want %v", network, a, z, errA, errZ, want)
		}
	}
	echo(t, pc, https)
	if _, _, err := ask(one, "tcp", 0, netip.AddrPortFrom(home.Router.Address, https), impatience); err == nil {
		t.Error("who was not asked came in")
	}
	for _, tt := range []struct {
		policy  Policy
		network string
		to      netip.AddrPort
		passes  bool
	}{
		{0, "tcp", other, true}, {0, "udp", other, true},
		{NoUDP, "udp", second, false}, {NoUDP, "tcp", other, true},
		{Only443, "tcp", second, true}, {Only443, "tcp", other, false}, {Only443, "udp", second, false},
		{Closed, "tcp", second, false}, {Closed, "udp", second, false},
	} {
		if err := home.SetPolicy(tt.policy); err != nil {
			t.Fatal(err)
		}
		within := impatience
		if tt.passes {
			within = patience
		}
		if _, _, err := ask(pc, tt.network, 0, tt.to, within); (err == nil) != tt.passes {
			t.Errorf("policy %b, %s to %v: %v", tt.policy, tt.network, tt.to, err)
		}
	}
	if err := home.SetPolicy(Symmetric); err != nil {
		t.Fatal(err)
	}
	a, _, errA := ask(pc, "udp", 7002, first, patience)
	z, _, errZ := ask(pc, "udp", 7002, second, patience)
	if errA != nil || errZ != nil || a.Port() == z.Port() || a.Addr() != home.Router.Address {
		t.Errorf("a symmetric router shows %v to one and %v to another (%v, %v)", a, z, errA, errZ)
	}

	// Other addresses, the router's and the machine's. What was connected is forgotten.
	was, _, err := ask(pc, "udp", 7003, first, patience)
	if err := errors.Join(err, home.Move()); err != nil {
		t.Fatal(err)
	}
	a, _, err = ask(pc, "udp", 7003, first, patience)
	if err != nil || a.Addr() != home.Router.Address || a.Addr() == was.Addr() {
		t.Errorf("after the move the site is seen as %v (%v), before as %v", a, err, was)
	}
	if err := pc.Move(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ask(pc, "tcp", 0, first, patience); err != nil {
		t.Errorf("after the computer's move: %v", err)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	far := machine(t, b, "far", Line{Delay: 20 * time.Millisecond})
	_, pc := behind(t, b, "pc", Line{Delay: 10 * time.Millisecond}, 0)
	at := echo(t, far, https)
	if _, took, err := ask(pc, "tcp", 0, at, patience); err != nil || took < 60*time.Millisecond {
		t.Errorf("there and back in %v (%v): the lines take 60 ms", took, err)
	}
	far.SetLine(Line{Cut: true})
	if _, _, err := ask(pc, "tcp", 0, at, impatience); err == nil {
		t.Error("something came over a line that is cut")
	}
	far.SetLine(Line{Loss: 0.2})
	lost := 0
	for range 40 {
		if err := pc.Inside(func() error {
			conn, err := net.Dial("udp", at.String())
			if err != nil {
				return err
			}
			defer conn.Close()
			fmt.Fprint(conn, "?")
			conn.SetDeadline(time.Now().Add(20 * time.Millisecond))
			_, err = conn.Read(make([]byte, 64))
			return err
		}); err != nil {
			lost++
		}
	}
	if lost == 0 || lost == 40 {
		t.Errorf("%d of 40 were lost", lost)
	}

	far.SetLine(Line{})
	fast := pour(t, far, pc)
	far.SetLine(Line{Rate: 1e6})
	if slow := pour(t, far, pc); slow < 250*time.Millisecond || slow < 2*fast {
		t.Errorf("400 kB came in %v at 1 MB/s, and in %v without a limit", slow, fast)
	}
}

// pour sends 400 kB from one machine to another, and says how long that took.
func pour(t *testing.T, from, to *Machine) (took time.Duration) {
	t.Helper()
	var l net.Listener
	err := from.Inside(func() (err error) {
		l, err = net.Listen("tcp", from.Address.String()+":0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			conn.Write(make([]byte, 400_000))
			conn.Close()
		}
	}()
	if err := to.Inside(func() error {
		began := time.Now()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = io.Copy(io.Discard, conn)
		took = time.Since(began)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return took
}

// What a run that was killed has left is removed by the next.
func TestSweep(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := fmt.Sprintf("bed%d-1-left", gone.Process.Pid)
	if err := run("ip", "netns", "add", left); err != nil {
		t.Fatal(err)
	}
	still := exec.Command("ip", "netns", "exec", left, "sleep", "1000")
	if err := still.Start(); err != nil {
		t.Fatal(err)
	}
	running := machine(t, b, "ours", Line{})
	newBed(t)
	if err := still.Wait(); err == nil {
		t.Error("a program of the dead run still ran")
	}
	if _, err := os.Stat(filepath.Join(namespaces, left)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there", left)
	}
	if _, err := os.Stat(filepath.Join(namespaces, running.Space)); err != nil {
		t.Errorf("what this run needs was removed: %v", err)
	}
}
