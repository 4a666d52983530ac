//go:build linux

package conformance

import (
	"flag"
	"fmt"
	"image"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/rfb"
	"sixgate/session"
)

var soakFor = flag.Duration("soak", time.Minute, "how long connections are cut")

const cutEvery = 5 * time.Second

// cutter is a TCP port in front of another, whose connections break every cutEvery.
type cutter struct {
	net.Listener
	to string

	mu   sync.Mutex
	open map[net.Conn]bool
	all  sync.WaitGroup
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, to: to, open: make(map[net.Conn]bool)}
	c.all.Go(c.serve)
	t.Cleanup(func() {
		l.Close()
		c.cut()
		c.all.Wait()
	})
	return c
}

func (c *cutter) serve() {
	for {
		near, err := c.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.to)
		if err != nil {
			near.Close()
			continue
		}
		c.mu.Lock()
		c.open[near], c.open[far] = true, true
		c.mu.Unlock()
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			c.all.Go(func() {
				io.Copy(way[0], way[1])
				for _, end := range way {
					end.Close()
				}
				c.mu.Lock()
				delete(c.open, way[0])
				c.mu.Unlock()
			})
		}
	}
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		conn.Close()
	}
}

// address is a gateway's, with the cutter in between.
func (c *cutter) address(gateway string) string {
	parts := strings.Split(gateway, "/") // /ip4/127.0.0.1/tcp/port/p2p/id
	_, parts[4], _ = net.SplitHostPort(c.Addr().String())
	return strings.Join(parts, "/")
}

// TestSoak has a film on the screen and somebody who types, while the host's connection is cut every cutEvery. Every letter arrives,
// once; the picture is the screen's when it rests; and the viewer has never been sent away. (A large transfer on a tunnel
// is in gateway's TestSoak: no program has one yet.)
func TestSoak(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	gateway := strings.Split(m.address, "/")
	c := newCutter(t, net.JoinHostPort(gateway[2], gateway[4]))
	m.address = c.address(m.address)
	typed := d.reader(t, image.Rect(20, 500, 500, 560))
	m.allow(t, m.host(t, "", d.Display))
	viewer := follow(t, m.viewers, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingExtendedDesktopSize}})
	watch(t, d, viewer.picture, same)
	if err := viewer.Pointer(image.Pt(100, 520), 0); err != nil { // no window manager: the keyboard is where the pointer is
		t.Fatal(err)
	}
	film := fmt.Sprintf("timeout %d sh -c 'while :; do seq 1 3000; done'; sleep 3600", int(soakFor.Seconds()))
	if err := d.Spawn("xterm", "-geometry", "100x30+600+20", "-e", "sh", "-c", film); err != nil {
		t.Fatal(err)
	}
	const enter = 0xff0d
	stop, cuts := time.After(*soakFor), 0
	cut := time.NewTicker(cutEvery)
	defer cut.Stop()
	press := time.NewTicker(100 * time.Millisecond)
	defer press.Stop()
	var text strings.Builder
	for on := true; on; {
		select {
		case <-stop:
			on = false
		case <-cut.C:
			c.cut()
			cuts++
		case <-press.C:
			if m.shows(session.Broken) {
				continue // nobody types at a notice, and nothing of it would arrive
			}
			r := rune('a' + text.Len()%27)
			key := uint32(r)
			if r > 'z' { // a terminal takes 4095 letters a line
				key, r = enter, '\n'
			}
			text.WriteRune(r)
			for _, down := range []bool{true, false} {
				if err := viewer.Key(key, down); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for m.shows(session.Broken) {
		time.Sleep(100 * time.Millisecond)
	}
	for _, down := range []bool{true, false} {
		if err := viewer.Key(enter, down); err != nil {
			t.Fatal(err)
		}
	}
	typed(text.String() + "\n")
	watch(t, d, viewer.picture, same)
	t.Logf("%d letters, %d cuts, %d updates", text.Len(), cuts, viewer.updates)
}

// shows reports whether the last state that the bridge told, and nobody has read yet, is this one.
func (m *meeting) shows(s session.State) bool {
	m.bridge.mu.Lock()
	defer m.bridge.mu.Unlock()
	said := string(m.bridge.said)
	last := strings.LastIndex(said, `"event":"state"`)
	return last >= 0 && strings.HasPrefix(said[last:], `"event":"state","state":"`+s.String())
}
