//go:build linux

package conformance

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"image"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sixgate/conformance/bed"
	"sixgate/rfb"
)

// spaces are three network namespaces in a row, host - gateway - bridge. The gateway does not forward: whatever goes from
// one end to the other goes through its programs.
type spaces struct{ host, gateway, bridge string }

func newSpaces(t *testing.T) spaces {
	t.Helper()
	id := strings.ToLower(rand.Text()[:6])
	s := spaces{"sg-h-" + id, "sg-g-" + id, "sg-b-" + id}
	for _, name := range []string{s.host, s.gateway, s.bridge} {
		ip(t, "netns", "add", name)
		t.Cleanup(func() { ip(t, "netns", "del", name) })
		ip(t, "-n", name, "link", "set", "lo", "up")
	}
	for i, end := range []string{s.host, s.bridge} {
		net := []string{"20.0.1.", "20.0.2."}[i]
		near, far := "e"+id, "g"+string('0'+rune(i))+id
		ip(t, "-n", end, "link", "add", near, "type", "veth", "peer", "name", far, "netns", s.gateway)
		ip(t, "-n", end, "addr", "add", net+"2/24", "dev", near)
		ip(t, "-n", end, "link", "set", near, "up")
		ip(t, "-n", s.gateway, "addr", "add", net+"1/24", "dev", far)
		ip(t, "-n", s.gateway, "link", "set", far, "up")
	}
	return s
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s (this test makes network namespaces, so it needs root)", strings.Join(args, " "), err, out)
	}
}

// TestRelayBetweenNetworks has the host and the bridge in networks that reach the gateway and not each other, and reads
// everything that passes the gateway's links.
func TestRelayBetweenNetworks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newSpaces(t)
	if _, err := dialFrom(s.host, "20.0.2.2:9"); !errors.Is(err, syscall.ENETUNREACH) {
		t.Fatalf("the host's way to the bridge without the gateway: %v", err)
	}
	capture := filepath.Join(t.TempDir(), "capture.pcap")
	stop := record(t, s.gateway, capture)

	m := meet(t, s.gateway, "0.0.0.0", s.bridge, "--no-password", "--quality=-1")
	for !strings.Contains(m.address, "/ip4/20.0.1.1/") { // one address a line
		m.address = strings.TrimSpace(m.gateway.until(t, "\n"))
	}
	m.allow(t, m.host(t, s.host, d.Display))

	// gvnccapture runs where the supporter is, beside the bridge. All of the mirror may not be there when it comes first.
	shot := filepath.Join(t.TempDir(), "shot.png")
	watch(t, d, func() (*image.RGBA, error) {
		output(t, "ip", "netns", "exec", s.bridge, "gvnccapture", "-q", m.viewers.display(), shot)
		return read(t, shot), nil
	}, same)

	// What is copied on the host's desktop arrives at a viewer, so it did pass.
	secret := "secret " + rand.Text()
	conn, err := dialFrom(s.bridge, m.viewers.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	viewer, err := rfb.NewClient(conn, rfb.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	copier := d.Command(t.Context(), "xclip", "-selection", "clipboard", "-quiet")
	copier.Stdin = strings.NewReader(secret)
	if err := copier.Start(); err != nil {
		t.Fatal(err)
	}
	defer copier.Wait()
	defer copier.Process.Kill()
	conn.SetReadDeadline(time.Now().Add(patience))
	for copied := ""; copied != secret; {
		event, err := viewer.Next()
		if err != nil {
			t.Fatalf("the text that the host copied has not arrived: %v", err)
		}
		if cut, ok := event.(rfb.CutText); ok {
			copied = cut.Text
		}
	}

	stop()
	traffic, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(traffic, []byte("/multistream/1.0.0")) {
		t.Errorf("the capture of %d bytes does not show how connections begin", len(traffic))
	}
	if len(traffic) < 100_000 {
		t.Errorf("%d bytes passed, too few for a picture", len(traffic))
	}
	for _, plain := range []string{secret, "RFB 003.008", m.code} {
		if bytes.Contains(traffic, []byte(plain)) {
			t.Errorf("the gateway's links carry %q in the clear", plain)
		}
	}
}

// dialFrom connects to an address from inside a network namespace.
func dialFrom(namespace, address string) (conn net.Conn, err error) {
	err = bed.Inside(namespace, func() error {
		conn, err = net.Dial("tcp", address)
		return err
	})
	return conn, err
}

// record writes all that passes in a namespace to a file, until stop is called.
func record(t *testing.T, namespace, file string) (stop func()) {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", namespace, "tcpdump", "-i", "any", "-U", "-w", file)
	says, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	t.Cleanup(stop)
	for lines := bufio.NewScanner(says); lines.Scan(); {
		if strings.Contains(lines.Text(), "listening on") {
			return stop
		}
	}
	t.Fatal("tcpdump does not listen")
	return nil
}
