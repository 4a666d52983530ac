//go:build linux

package conformance

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sixgate/rfb"
)

// hostile is what peers have fallen over (sources in the project's notes on RFB, section 5 A to C). Each is sent whole, by a
// viewer that then hangs up: before the handshake is over where it says so, after ClientInit otherwise.
var hostile = []struct {
	name      string
	handshake bool // wire begins with the viewer's version
	wire      []byte
}{
	{name: "cut text of 4 GiB", wire: cutText(0xffffffff, "x")},
	{name: "cut text of 2 GiB", wire: cutText(0x7fffffff, "x")},
	{name: "cut text of -2 GiB", wire: cutText(0x80000000, "x")},
	{name: "cut text of 8 MiB that comes", wire: cutText(8<<20, strings.Repeat("a", 8<<20))},
	{name: "clipboard without flags", wire: cutText(^uint32(2), "abc")},
	{name: "clipboard of sizes without sizes", wire: cutText(^uint32(3), "\x01\x00\xff\xff")},
	{name: "clipboard that unpacks to 256 MiB", wire: extendedClipboardBomb()},
	{name: "65535 encodings", wire: append([]byte{2, 0, 0xff, 0xff}, make([]byte, 4*0xffff)...)},
	{name: "65535 encodings that do not come", wire: []byte{2, 0, 0xff, 0xff, 0, 0}},
	{name: "pixels of 0 bits", wire: pixelFormat(0, 24, 1, 255, 255, 255, 16, 8, 0)},
	{name: "pixels of 24 bits", wire: pixelFormat(24, 24, 1, 255, 255, 255, 16, 8, 0)},
	{name: "pixels deeper than wide", wire: pixelFormat(8, 24, 1, 7, 7, 3, 0, 3, 6)},
	{name: "a red of 0", wire: pixelFormat(32, 24, 1, 0, 255, 255, 16, 8, 0)},
	{name: "a red of 200", wire: pixelFormat(32, 24, 1, 200, 255, 255, 16, 8, 0)},
	{name: "colours out of the pixel", wire: pixelFormat(32, 24, 1, 255, 255, 255, 255, 40, 32)},
	{name: "colours over each other", wire: pixelFormat(32, 24, 1, 255, 255, 255, 0, 0, 0)},
	{name: "a colour map of 32 bits", wire: pixelFormat(32, 24, 0, 0, 0, 0, 0, 0, 0)},
	{name: "updates from outside", wire: append(request(0, 60000, 60000, 65535, 65535), request(1, 65535, 65535, 65535, 65535)...)},
	{name: "updates of nothing", wire: append(request(0, 0, 0, 0, 0), request(1, 10, 10, 0, 5)...)},
	{name: "a desktop of nothing", wire: desktopSize(0, 0, 0)},
	{name: "a desktop of 65535x65535", wire: desktopSize(65535, 65535, 1)},
	{name: "255 monitors", wire: desktopSize(640, 480, 255)},
	{name: "monitors that do not come", wire: desktopSize(640, 480, 255)[:40]},
	{name: "a fence of 255 bytes", wire: append([]byte{248, 0, 0, 0, 0x80, 0, 0, 3, 255}, make([]byte, 255)...)},
	{name: "a chat of 4 GiB", wire: []byte{11, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0, 'h', 'i'}},
	{name: "a scale of 0", wire: []byte{8, 0, 0, 0}},
	{name: "a file transfer to ../../etc/passwd", wire: append([]byte{7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16}, "../../etc/passwd"...)},
	{name: "a message that is not one", wire: bytes.Repeat([]byte{0xee}, 4096)},
	{name: "half a key", wire: []byte{4, 1, 0}},
	{name: "a key of no keyboard", wire: bytes.Repeat([]byte{4, 1, 0, 0, 0xff, 0xff, 0xff, 0xff}, 500)},
	{name: "pointers everywhere", wire: bytes.Repeat([]byte{5, 0xff, 0xff, 0xff, 0xff, 0xff, 5, 0, 0, 1, 1, 220}, 2000)},
	{name: "encodings every moment", wire: bytes.Repeat([]byte{2, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0x11}, 5000)},
	{name: "everything, a thousand times", wire: bytes.Repeat(request(0, 0, 0, 643, 481), 1000)},

	{name: "a web browser", handshake: true, wire: []byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")},
	{name: "version 999.999", handshake: true, wire: []byte("RFB 999.999\n\x01\x01")},
	{name: "a version without numbers", handshake: true, wire: []byte("RFB xxx.yyy\n\x01\x01")},
	{name: "half a version", handshake: true, wire: []byte("RFB 00")},
	{name: "security type 0", handshake: true, wire: []byte("RFB 003.008\n\x00\x01")},
	{name: "a security type that was not offered", handshake: true, wire: []byte("RFB 003.008\n\x13\x01")},
	{name: "messages before ClientInit", handshake: true, wire: append([]byte("RFB 003.008\n\x01"), request(0, 0, 0, 100, 100)...)},
	{name: "ClientInit twice", wire: []byte{1, 1, 1, 1, 1, 1}},
	{name: "nothing at all", handshake: true},
}

// soon is a second on a quiet machine; what it must tell apart is a server that others' viewers have to wait for.
const soon = 5 * time.Second

// maxMemory is more than a server of this desktop needs for twenty viewers.
const maxMemory = 256 << 20

func TestHostileViewers(t *testing.T) {
	d := newSmallDesk(t)
	s := share(t, d)
	attached := follow(t, s, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE}})
	watch(t, d, attached.picture, same)

	// These stay for as long as the others come and go.
	deaf := join(t, s) // asks for everything and never reads
	deaf.Write(bytes.Repeat(request(0, 0, 0, 643, 481), 1000))
	stuck := join(t, s) // stops in the middle of a message
	stuck.Write([]byte{2, 0, 0, 9, 0})
	silent := s.dial(t)
	for range 20 {
		s.dial(t)
	}
	n := uint32(0)
	suffer := func(name string, conn func(*testing.T, *server) net.Conn, wire []byte) {
		t.Run(name, func(t *testing.T) {
			attack(t, conn(t, s), wire)
			n++
			d.page.Fill(image.Rect(int(n), 0, int(n)+1, 9), 0x010203*n)
			start := time.Now()
			next := follow(t, s, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingRaw}})
			watch(t, d, next.picture, same)
			if took := time.Since(start); took > soon {
				t.Errorf("the next viewer waited for %v", took)
			}
			watch(t, d, attached.picture, same)
			if peak := memory(t, s.pid, "VmHWM"); peak > maxMemory*memoryFactor {
				t.Errorf("the server has needed %d MiB", peak>>20)
			}
		})
	}
	for _, tt := range hostile {
		conn := join
		if tt.handshake {
			conn = func(t *testing.T, s *server) net.Conn { return s.dial(t) }
		}
		suffer(tt.name, conn, tt.wire)
	}
	for _, tt := range hostileExtensions {
		suffer(tt.name, join, append(rfb.SetEncodings(tt.list).Append(nil), tt.wire...))
	}
	t.Run("a viewer that says nothing is dropped", func(t *testing.T) {
		silent.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, silent); err != nil {
			t.Errorf("it was not: %v", err)
		}
	})
}

// newSmallDesk is a desk that is looked at often: a page on an empty screen.
func newSmallDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Server: newDisplay(t, "643x481x24")}
	d.screen = openScreen(t, d.Display)
	d.page = newPage(t, d.screen, image.Rect(101, 53, 508, 362))
	return d
}

// attack sends all of wire, while it reads and forgets what the server says, hangs up, and waits for the server to do the same.
func attack(t *testing.T, conn net.Conn, wire []byte) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(patience))
	var sending sync.WaitGroup
	sending.Go(func() {
		conn.Write(wire) // a server that has had enough closes on us
		conn.(*net.TCPConn).CloseWrite()
	})
	_, err := io.Copy(io.Discard, conn)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Errorf("the server keeps the connection")
	}
	conn.Close()
	sending.Wait()
}

// TestNobodyComesInWithoutThePassword tries the ways around it (CVE-2006-2369 and its kin).
func TestNobodyComesInWithoutThePassword(t *testing.T) {
	d := newSmallDesk(t)
	s := shareOurs(t, d)
	zeros := strings.Repeat("\x00", 16)
	for name, wire := range map[string]string{
		"None, which is not offered":       "RFB 003.008\n\x01\x01",
		"None by 3.7":                      "RFB 003.007\n\x01\x01",
		"no security at all by 3.3":        "RFB 003.003\n\x01",
		"an answer of zeros":               "RFB 003.008\n\x02" + zeros + "\x01",
		"an answer of zeros by 3.3":        "RFB 003.003\n" + zeros + "\x01",
		"ClientInit in the answer's place": "RFB 003.008\n\x02\x01",
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.dial(t)
			conn.SetDeadline(time.Now().Add(patience))
			if _, err := io.WriteString(conn, wire+string(request(0, 0, 0, 643, 481))); err != nil {
				t.Fatal(err)
			}
			conn.(*net.TCPConn).CloseWrite()
			got, err := io.ReadAll(conn)
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Error("the server keeps the connection")
			}
			// A ServerInit begins with the size.
			if bytes.Contains(got, []byte{643 >> 8, 643 & 255, 481 >> 8, 481 & 255}) || len(got) > 300 {
				t.Errorf("the server let it in: %q", got[:min(len(got), 300)])
			}
		})
	}
	watch(t, d, libvncclient("zrle", -1)(t, s), same)
}

// join does the handshake of a well-behaved 3.8 viewer.
func join(t *testing.T, s *server) net.Conn {
	t.Helper()
	conn := s.dial(t)
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte("RFB 003.008\n\x01\x01")); err != nil {
		t.Fatal(err)
	}
	// version, [1 None], result, size, pixel format, name
	head := make([]byte, 12+2+4+24)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[len(head)-4:]))); err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Time{})
	return conn
}

// memory reads a line of /proc/PID/status, in bytes.
func memory(t *testing.T, pid int, line string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), line+":")
	var kib int
	if _, err := fmt.Sscan(after, &kib); err != nil {
		t.Fatalf("%s of process %d: %v", line, pid, err)
	}
	return kib << 10
}

// The messages (RFC 6143 §7.5).

func cutText(length uint32, text string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{6, 0, 0, 0}, length), text...)
}

func request(incremental byte, x, y, w, h uint16) []byte {
	b := []byte{3, incremental}
	for _, v := range []uint16{x, y, w, h} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func pixelFormat(bits, depth, trueColour byte, red, green, blue uint16, redShift, greenShift, blueShift byte) []byte {
	b := []byte{0, 0, 0, 0, bits, depth, 0, trueColour}
	for _, v := range []uint16{red, green, blue} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	b = append(b, redShift, greenShift, blueShift, 0, 0, 0)
	return append(b, request(0, 0, 0, 64, 64)...)
}

// desktopSize is SetDesktopSize; all its monitors have the same number and lie outside.
func desktopSize(w, h uint16, monitors byte) []byte {
	b := []byte{251, 0}
	b = binary.BigEndian.AppendUint16(b, w)
	b = binary.BigEndian.AppendUint16(b, h)
	b = append(b, monitors, 0)
	for range monitors {
		b = append(b, 0, 0, 0, 1, 0xff, 0xf0, 0xff, 0xf0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
	}
	return b
}

// extendedClipboardBomb is a "provide" of text (rfbproto, Extended Clipboard).
func extendedClipboardBomb() []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write([]byte{0x10, 0, 0, 0})
	zeros := make([]byte, 1<<20)
	for range 256 {
		z.Write(zeros)
	}
	z.Close()
	text := "\x10\x00\x00\x01" + packed.String()
	return cutText(-uint32(len(text)), text)
}
