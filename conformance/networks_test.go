//go:build linux

package conformance

import (
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/conformance/bed"
	"sixgate/rfb"
)

// internet is a bed with a gateway on it.
type internet struct {
	*bed.Bed
	machine *bed.Machine // the gateway's
	gateway *talk
	address string   // the gateway's first
	data    string   // where it keeps its state
	cluster []string // what it is told of others that it is one with
}

func newInternet(t *testing.T) *internet {
	t.Helper()
	b, err := bed.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return &internet{Bed: b}
}

// serve puts a gateway on a machine of the internet, on the port of HTTPS.
func (n *internet) serve(t *testing.T, l bed.Line) *internet {
	t.Helper()
	m, err := n.Machine("gateway", l)
	if err != nil {
		t.Fatal(err)
	}
	g := &internet{Bed: n.Bed, machine: m, data: filepath.Join(t.TempDir(), "gateway")}
	g.open(t)
	return g
}

// open starts the gateway, again with the state that it had.
func (n *internet) open(t *testing.T) {
	t.Helper()
	n.gateway = start(t, n.machine.Space, "sixgate-gateway", append([]string{"serve", "--data", n.data, "--listen", "0.0.0.0:443"}, n.cluster...)...)
	n.address = strings.TrimSpace(n.gateway.until(t, "\n"))
}

// place is where a person's computer stands: in a network of its own behind a router.
type place struct {
	site *bed.Site
	*bed.Machine
}

func (n *internet) place(t *testing.T, name string, l bed.Line, p bed.Policy) place {
	t.Helper()
	s, err := n.Site(name+"-site", l, p)
	if err != nil {
		t.Fatal(err)
	}
	return beside(t, s, name)
}

// beside puts one more computer behind a router.
func beside(t *testing.T, s *bed.Site, name string) place {
	t.Helper()
	m, err := s.Machine(name)
	if err != nil {
		t.Fatal(err)
	}
	return place{s, m}
}

// help is a session between two places, and what a viewer beside the bridge sees.
type help struct {
	*meeting
	host   *talk
	desk   *desk
	viewer *follower
	took   time.Duration // from the code to the first picture
}

// help plays both people up to the first picture.
func (n *internet) help(t *testing.T, user, supporter place) *help {
	t.Helper()
	return n.attend(t, supporter).help(t, user, supporter)
}

func (m *meeting) help(t *testing.T, user, supporter place) *help {
	t.Helper()
	h := &help{meeting: m, desk: smallDesk(t)}
	conn, err := dialFrom(supporter.Space, h.viewers.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	h.viewer = followOn(t, conn, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize}})
	h.host = h.meeting.host(t, user.Space, h.desk.Display)
	began := time.Now()
	h.allow(t, h.host)
	watch(t, h.desk, h.viewer.picture, same)
	h.took = time.Since(began)
	return h
}

// attend starts the bridge of an operator of its own.
func (n *internet) attend(t *testing.T, at place, args ...string) *meeting {
	t.Helper()
	out, err := exec.Command(program(t, "sixgate-gateway"), "operator", "add", "Ada", "--organisation", "Example", "--gateway-data", n.data).Output()
	if err != nil {
		t.Fatal(err)
	}
	m := &meeting{gateway: n.gateway, address: n.address, profile: filepath.Join(t.TempDir(), "ada.sixgate")}
	if err := os.WriteFile(m.profile, out, 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"serve", "--profile", m.profile, "--viewer-port", "0", "--events", "--no-password", "--quality=-1"}, args...)
	m.bridge = start(t, at.Space, "sixgate-bridge", args...)
	m.nextCode(t)
	return m
}

// smallDesk is a desktop with a page of text, which costs little to show.
func smallDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Server: newDisplay(t, "480x320x24")}
	d.screen = openScreen(t, d.Display)
	d.page = newPage(t, d.screen, image.Rect(40, 30, 440, 290))
	return d
}

// shows changes the desktop, and waits until the viewer has it: the session lives.
func (h *help) shows(t *testing.T, text string) {
	t.Helper()
	if err := h.desk.page.Write(image.Pt(9, 20), text); err != nil {
		t.Fatal(err)
	}
	watch(t, h.desk, h.viewer.picture, same)
}

// atOnce runs tests side by side, however few processors there are: most of their time is other people's.
func atOnce(t *testing.T, tests map[string]func(*testing.T)) {
	t.Helper()
	var running sync.WaitGroup
	for name, test := range tests {
		running.Go(func() { t.Run(name, test) })
	}
	running.Wait()
}

// TestNetworks has sessions over the networks that people have.
func TestNetworks(t *testing.T) {
	t.Parallel()
	n := newInternet(t).serve(t, bed.Line{})
	tests := make(map[string]func(*testing.T))
	for name, network := range map[string]struct {
		line   bed.Line
		policy bed.Policy
	}{
		"far away":      {bed.Line{Delay: 25 * time.Millisecond}, 0},
		"poor":          {bed.Line{Delay: 60 * time.Millisecond, Rate: 250_000, Loss: 0.01}, 0},
		"symmetric":     {bed.Line{}, bed.Symmetric},
		"no UDP":        {bed.Line{}, bed.NoUDP},
		"only port 443": {bed.Line{}, bed.Only443},
	} {
		tests[name] = func(t *testing.T) {
			home, office := n.place(t, "home", network.line, network.policy), n.place(t, "office", network.line, network.policy)
			h := n.help(t, home, office)
			t.Logf("from the code to the picture in %v", h.took.Round(time.Millisecond))
			h.shows(t, "and on it goes")
		}
	}
	atOnce(t, tests)
}
