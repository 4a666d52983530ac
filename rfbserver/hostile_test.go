package rfbserver

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// in is what a viewer of 3.8 says until it takes part.
const in = "RFB 003.008\n\x01\x01"

// clips is what a viewer says that knows the extended clipboard.
const clips = "\x02\x00\x00\x01\xc0\xa1\xe5\xce"

// bomb is a text of 20 MiB, in 20 KiB.
func bomb() string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write([]byte("\x01\x40\x00\x00"))
	z.Write(make([]byte, 20<<20))
	z.Close()
	head := binary.BigEndian.AppendUint32([]byte("\x06\x00\x00\x00"), uint32(-(b.Len() + 4)))
	return string(head) + "\x10\x00\x00\x01" + b.String()
}

func format(change func(f *[16]byte)) string {
	f := [16]byte(rfb.Native.Append(nil))
	change(&f)
	return in + "\x00\x00\x00\x00" + string(f[:])
}

// What hostile viewers have said to servers, from the history of libvncserver, TigerVNC, TurboVNC,
// UltraVNC, RealVNC, QEMU and neatvnc. Each is sent away, or is heard out without harm.
var hostile = []struct {
	name     string
	password string
	says     string
	stays    bool // and goes on as a viewer like others
}{
	// lengths and integers
	{"cut text of 0xffffffff", "", in + "\x06\x00\x00\x00\xff\xff\xff\xff" + "x", true},
	{"cut text of 0x7fffffff", "", in + "\x06\x00\x00\x00\x7f\xff\xff\xff" + "x", false},
	{"cut text of 0x80000000", "", in + "\x06\x00\x00\x00\x80\x00\x00\x00" + "x", false},
	{"cut text of 1 MiB", "", in + "\x06\x00\x00\x00\x00\x10\x00\x00" + strings.Repeat("x", 1<<20), true},
	{"extended clipboard without flags", "", in + "\x06\x00\x00\x00\xff\xff\xff\xfd" + "xyz", true},
	{"extended clipboard of a bomb", "", in + clips + bomb(), true},
	{"floods of clipboard requests", "", in + clips + strings.Repeat("\x06\x00\x00\x00\xff\xff\xff\xfc\x02\x00\x00\x01\x06\x00\x00\x00\xff\xff\xff\xfc\x04\x00\x00\x00", 5000), true},
	{"floods of capabilities", "", in + strings.Repeat(clips+"\x06\x00\x00\x00\xff\xff\xff\xf8\x1f\x00\x00\x01\xff\xff\xff\xff", 5000), true},
	{"65535 encodings", "", in + "\x02\x00\xff\xff" + strings.Repeat("\x00\x00\x00\x07", 65535), true},
	{"65535 encodings that never come", "", in + "\x02\x00\xff\xff", false},
	{"Fence of 255 bytes", "", in + "\xf8\x00\x00\x00\x80\x00\x00\x00\xff" + strings.Repeat("x", 255), true},
	{"text chat of 4 GiB", "", in + "\x0b\x00\x00\x00\x7f\xff\xff\xff", false},
	{"file transfer", "", in + "\x07\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00", false},
	{"24 bits per pixel", "", format(func(f *[16]byte) { f[0] = 24 }), false},
	{"0 bits per pixel", "", format(func(f *[16]byte) { f[0] = 0 }), false},
	{"depth 255", "", format(func(f *[16]byte) { f[1] = 255 }), false},
	{"red maximum 0", "", format(func(f *[16]byte) { f[4], f[5] = 0, 0 }), false},
	{"green maximum 254", "", format(func(f *[16]byte) { f[7] = 254 }), false},
	{"blue shift 255", "", format(func(f *[16]byte) { f[12] = 255 }), false},
	{"red shift 25", "", format(func(f *[16]byte) { f[10] = 25 }), false},
	{"overlapping colours", "", format(func(f *[16]byte) { f[10] = 9 }), false},
	{"colour map of 32 bits", "", format(func(f *[16]byte) { f[3] = 0 }), false},
	{"scale 0", "", in + "\x08\x00\x00\x00", true},
	{"scale 0 of PalmVNC", "", in + "\x0f\x00\x00\x00", true},
	{"request for 65535x65535 at 65535", "", in + "\x03\x00\xff\xff\xff\xff\xff\xff\xff\xff", true},
	{"request for 0x0", "", in + "\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", true},
	{"SetDesktopSize 0x0 without screens", "", in + "\xfb\x00\x00\x00\x00\x00\x00\x00", true},
	{"SetDesktopSize 65535x65535 with 255 screens", "", in + "\xfb\x00\xff\xff\xff\xff\xff\x00" + strings.Repeat("\xff", 16*255), true},
	{"SetDesktopSize with screens that never come", "", in + "\xfb\x00\x01\x00\x01\x00\xff\x00", false},
	{"HTTP", "", "GET /%2e%2e/etc/passwd HTTP/1.1\r\n\r\n", false},
	// authentication
	{"None where VncAuth was offered", "secret", in, false},
	{"type 0", "", "RFB 003.008\n\x00", false},
	{"type 255", "", "RFB 003.008\n\xff", false},
	{"Tight's type", "", "RFB 003.008\n\x10", false},
	{"VncAuth where None was offered", "", "RFB 003.008\n\x02" + strings.Repeat("x", 16) + "\x01", false},
	{"messages before the password", "secret", "RFB 003.003\n" + "\x05\x00\x00\x01\x00\x01" + strings.Repeat("\x04\x01\x00\x00\x00\x00\x00a", 4), false},
	{"ClientInit twice", "", in + "\x01", false},
	{"version 0.0", "", "RFB 000.000\n", false},
	{"version that is none", "", "RFB abc.def\n", false},
	// denial of service
	{"one byte of a message", "", in + "\x02", false},
	{"floods of keys", "", in + strings.Repeat("\x04\x01\x00\x00\x00\x00\x00a", 5000), true},
	{"floods of the pointer", "", in + strings.Repeat("\x05\x00\x00\x01\x00\x01", 5000), true},
	{"floods of encodings", "", in + strings.Repeat("\x02\x00\x00\x02\x00\x00\x00\x07\xff\xff\xff\x11", 5000), true},
	{"floods of formats", "", in + strings.Repeat("\x00\x00\x00\x00"+string(rfb.Native.Append(nil)), 5000), true},
	{"floods of requests", "", in + strings.Repeat("\x03\x00\x00\x00\x00\x00\x02\x80\x01\x90", 5000), true},
	{"floods of fences", "", in + strings.Repeat("\xf8\x00\x00\x00\x80\x00\x00\x00\x01x", 5000), true},
	{"floods of continuous updates", "", in + "\x02\x00\x00\x02\xff\xff\xfe\xc8\xff\xff\xfe\xc7" + strings.Repeat("\x96\x01\x00\x00\x00\x00\xff\xff\xff\xff\x96\x00\xff\xff\xff\xff\xff\xff\xff\xff", 5000), true},
	{"floods of chats", "", in + strings.Repeat("\x0b\x00\x00\x00\xff\xff\xff\xff\x0b\x00\x00\x00\x00\x00\x00\x01x", 5000), true},
	{"floods of xvp", "", in + "\x02\x00\x00\x01\xff\xff\xfe\xcb" + strings.Repeat("\xfa\x00\x01\x02\xfa\x00\x09\xff", 5000), true},
	{"floods of sizes", "", in + "\x02\x00\x00\x01\xff\xff\xfe\xcc" + strings.Repeat("\xfb\x00\x10\x00\x10\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x10\x00\x10\x00\x00\x00\x00\x00", 5000), true},
	{"floods of SetDesktopSize", "", in + strings.Repeat("\xfb\x00\x10\x00\x10\x00\x00\x00", 5000), true},
}

func TestHostileViewers(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newPaper(640, 400)
				s := share(t, &Server{Desktop: d, Password: tt.password})
				good := attach(t, s, rfb.EncodingZRLE)
				good.update()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)

				viewer, conn := net.Pipe()
				defer viewer.Close()
				served := make(chan error, 1)
				go func() { served <- s.Serve(t.Context(), conn) }()
				go io.Copy(io.Discard, viewer)
				went := make(chan struct{})
				go func() {
					defer close(went)
					io.WriteString(viewer, tt.says)
				}()
				start := time.Now()
				for i := range uint32(10) { // the others go on
					good.ask(true)
					d.draw(image.Rect(10, 10, 20, 20), i)
					good.update()
				}
				if took := time.Since(start); took > 11*frame {
					t.Errorf("the others waited for %v", took)
				}
				next := attach(t, s) // and the next one is served
				next.update()
				next.sees(d)

				runtime.ReadMemStats(&after)
				if n := int(after.HeapAlloc) - int(before.HeapAlloc); n > 32<<20 {
					t.Errorf("%d MiB more in use", n>>20)
				}
				<-went
				if tt.stays {
					talkOn(t, viewer, served)
				} else {
					viewer.Close() // for what waits for the rest of a message
					if err := <-served; err == nil {
						t.Error("left in peace")
					}
				}
			})
		})
	}
}

// talkOn makes sure that the viewer is still taken seriously: it leaves in peace.
func talkOn(t *testing.T, viewer net.Conn, served <-chan error) {
	t.Helper()
	if _, err := viewer.Write(rfb.KeyEvent{Down: true, Keysym: 'k'}.Append(nil)); err != nil {
		t.Errorf("was sent away: %v", err)
	}
	viewer.Close()
	if err := <-served; err != nil {
		t.Errorf("left with %v", err)
	}
}

// Input that comes before a viewer is let in does not reach the desktop.
func TestNothingBeforeThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(10, 10)
		s := share(t, &Server{Desktop: d, Password: "secret"})
		for _, tt := range hostile {
			if tt.password == "" {
				continue
			}
			viewer, served := connect(t, s)
			go io.Copy(io.Discard, viewer)
			io.WriteString(viewer, tt.says+strings.Repeat("\x04\x01\x00\x00\x00\x00\x00a", 10))
			if err := <-served; err == nil {
				t.Errorf("%s: came in", tt.name)
			}
		}
		if got := d.inputs(); len(got) > 0 {
			t.Errorf("the desktop got %q", got)
		}
	})
}

// All of them at once, against a server with one good viewer.
func TestHostileViewersAtOnce(t *testing.T) {
	d := newPaper(640, 400)
	s := share(t, &Server{Desktop: d})
	good := attach(t, s, rfb.EncodingTight, rfb.EncodingLastRect)
	good.update()
	for _, tt := range slices.Concat(hostile, hostile) {
		viewer, _ := connect(t, s)
		go io.Copy(io.Discard, viewer)
		go io.WriteString(viewer, tt.says)
	}
	for i := range uint32(30) {
		d.draw(image.Rect(10, 10, 200, 200), i)
		good.sees(d)
	}
}
