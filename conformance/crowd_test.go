//go:build linux

package conformance

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/res"
	"golang.org/x/sys/unix"

	"sixgate/rfb"
)

// TestSlowLoris has one viewer that says and reads a byte at a time beside nine good ones: those see every step of what
// happens on the desktop, while the tenth holds on.
func TestSlowLoris(t *testing.T) {
	t.Parallel()
	d := newSmallDesk(t)
	s := share(t, d)
	encodings := []rfb.Encoding{rfb.EncodingTight, rfb.EncodingZRLE, rfb.EncodingHextile}
	var good []*follower
	for i := range 9 {
		good = append(good, follow(t, s, rfb.ClientOptions{Encodings: []rfb.Encoding{encodings[i%len(encodings)], rfb.EncodingCopyRect}}))
	}
	for _, tt := range []struct {
		name string
		play func(conn net.Conn, tick <-chan time.Time) // until conn is closed
	}{
		{"says its encodings in a minute", func(conn net.Conn, tick <-chan time.Time) {
			for _, b := range slowly(conn, tick, rfb.SetEncodings(tigerVNC).Append(nil)) {
				conn.Write([]byte{b})
			}
		}},
		{"says a long text, and never its end", func(conn net.Conn, tick <-chan time.Time) {
			conn.Write(cutText(250<<10, strings.Repeat("a", 200<<10)))
			for range slowly(conn, tick, make([]byte, 1000)) {
				conn.Write([]byte{'a'})
			}
		}},
		{"asks for everything and reads a byte at a time", func(conn net.Conn, tick <-chan time.Time) {
			conn.Write(bytes.Repeat(request(0, 0, 0, 643, 481), 200))
			for range slowly(conn, tick, make([]byte, 1000)) {
				conn.Read(make([]byte, 1))
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn := join(t, s)
			conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			var playing sync.WaitGroup
			playing.Go(func() { tt.play(conn, tick.C) })
			defer playing.Wait()
			defer conn.Close()
			for step := range 15 {
				d.page.Fill(image.Rect(7*step, 3, 7*step+5, 200), uint32(0x030507*(step+1)))
				start := time.Now()
				for _, g := range good {
					watch(t, d, g.picture, same)
				}
				if took := time.Since(start); took > soon {
					t.Fatalf("step %d was seen after %v", step, took)
				}
			}
			if err := alive(conn); err != nil {
				t.Errorf("the slow one did not last: %v", err)
			}
		})
	}
}

// slowly yields the bytes of b one a tick, for as long as conn is open.
func slowly(conn net.Conn, tick <-chan time.Time, b []byte) func(func(int, byte) bool) {
	return func(yield func(int, byte) bool) {
		for i, c := range b {
			<-tick
			if alive(conn) != nil || !yield(i, c) {
				return
			}
		}
	}
}

// alive says why a connection is none any more. The server may have said something that nobody has read.
func alive(conn net.Conn) error {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) {
		state := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		if _, err = unix.Poll(state, 0); err == nil && state[0].Revents != 0 {
			err = io.EOF
		}
	}); e != nil {
		return e // we closed it
	}
	return err
}

// TestThousandViewers lets a thousand viewers come and leave, in every way there is, and looks at what the server still holds.
func TestThousandViewers(t *testing.T) {
	d := newSmallDesk(t)
	host := start(t, "", "sixgate-host", "vnc", "--port", "0", "--no-password", "--display", d.Display)
	var s server
	s.pid = host.cmd.Process.Pid
	if _, err := fmt.Sscanf(host.until(t, "\n"), "listening on 127.0.0.1:%d", &s.port); err != nil {
		t.Fatal(err)
	}
	quiet := files(t, s.pid, "socket:")
	crowd := func(n int) {
		for range n / 20 {
			var visits sync.WaitGroup
			for i := range 20 {
				visits.Go(func() { visit(t, &s, i) })
			}
			visits.Wait()
		}
		eventually(t, func() error { // until the server has seen all of them leave
			if open := files(t, s.pid, "socket:"); open > quiet {
				return fmt.Errorf("%d sockets are open, %d were at first", open, quiet)
			}
			return nil
		})
	}
	crowd(100)
	before := [...]int{memory(t, s.pid, "VmRSS"), threads(t, s.pid), files(t, s.pid, ""), resources(t, d.Display)}
	crowd(1000)
	after := [...]int{memory(t, s.pid, "VmRSS"), threads(t, s.pid), files(t, s.pid, ""), resources(t, d.Display)}
	for i, room := range [...]int{16 << 20 * memoryFactor, 20, 0, 0} {
		if what := [...]string{"bytes of memory", "threads", "open files", "X resources"}[i]; after[i] > before[i]+room {
			t.Errorf("the server has %d %s after a hundred viewers, %d after a thousand more", before[i], what, after[i])
		}
	}
	watch(t, d, follow(t, &s, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE}}).picture, same)

	// What Go says when it is asked to quit is a list of its goroutines.
	host.cmd.Process.Signal(syscall.SIGQUIT)
	host.exit(t)
	if n := strings.Count(host.log.String(), "rfbserver.(*viewer)"); n > 10 {
		t.Errorf("goroutines of viewers are left:\n%s", last(host.log.String(), 5000))
	} else if !strings.Contains(host.log.String(), "goroutine ") {
		t.Errorf("the server left without a word of its goroutines: %s", last(host.log.String(), 500))
	}
}

// visit takes part for a moment, and leaves in one of several ways.
func visit(t *testing.T, s *server, how int) {
	conn, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	wire := "RFB 003.008\n\x01\x01"
	wire += string(rfb.SetEncodings(tigerVNC).Append(nil)) + string(request(0, 0, 0, 643, 481))
	switch how % 5 {
	case 0: // in the middle of the handshake
		wire = wire[:13]
	case 1: // in the middle of a message
		wire = wire[:len(wire)-3]
	case 2: // with a key and a button held
		wire += "\x04\x01\x00\x00\x00\x00\xff\xe1" + "\x05\x01\x00\x10\x00\x10"
	}
	if _, err := io.WriteString(conn, wire); err != nil {
		t.Error(err)
		return
	}
	switch how % 5 {
	case 2, 3: // having read everything for a moment
		io.CopyN(io.Discard, conn, 2000)
	case 4: // without a farewell
		conn.(*net.TCPConn).SetLinger(0)
	}
}

// files counts what a process has open and begins with kind.
func files(t *testing.T, pid int, kind string) (n int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil && strings.HasPrefix(to, kind) {
			n++
		}
	}
	return n
}

func threads(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// resources counts what the clients of an X server own in it.
func resources(t *testing.T, display string) (n int) {
	t.Helper()
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := res.Init(conn); err != nil {
		t.Fatal(err)
	}
	clients, err := res.QueryClients(conn).Reply()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients.Clients {
		owns, err := res.QueryClientResources(conn, c.ResourceBase).Reply()
		if err != nil {
			continue // it has gone since
		}
		for _, kind := range owns.Types {
			n += int(kind.Count)
		}
	}
	return n
}
