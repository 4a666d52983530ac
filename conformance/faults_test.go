//go:build linux

package conformance

import (
	"fmt"
	"image"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sixgate/rfb"
)

// TestXServerKilled kills the X server while viewers look at what is drawn on it: they are sent away, and the program leaves
// with the cause and the remedy.
func TestXServerKilled(t *testing.T) {
	d := newSmallDesk(t)
	host := start(t, "", "sixgate-host", "vnc", "--port", "0", "--no-password", "--display", d.Display)
	var s server
	if _, err := fmt.Sscanf(host.until(t, "\n"), "listening on 127.0.0.1:%d", &s.port); err != nil {
		t.Fatal(err)
	}
	var viewers []*follower
	for _, e := range []rfb.Encoding{rfb.EncodingRaw, rfb.EncodingTight} {
		viewers = append(viewers, follow(t, &s, rfb.ClientOptions{Encodings: []rfb.Encoding{e}}))
		watch(t, d, viewers[len(viewers)-1].picture, same)
	}
	deaf := join(t, &s)
	deaf.Write(request(0, 0, 0, 643, 481))
	for i := range 50 {
		d.page.Fill(image.Rect(i, 0, i+20, 200), uint32(0x050301*i))
	}
	killXServer(t, d)
	if status := host.exit(t); status != 1 {
		t.Errorf("it left with %d", status)
	}
	if said := host.log.String(); !strings.Contains(said, " is gone") || !strings.Contains(said, "start again in a desktop session") {
		t.Errorf("it said %q", last(said, 2000))
	}
	for _, v := range viewers {
		eventually(t, func() error {
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.err == nil {
				return fmt.Errorf("the viewer is still attached")
			}
			return nil
		})
	}
}

// killXServer leaves the X server of a display no time for anything.
func killXServer(t *testing.T, d *desk) {
	t.Helper()
	conn, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(d.Display, ":"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		var server *unix.Ucred
		if server, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			err = unix.Kill(int(server.Pid), unix.SIGKILL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestResizes changes the display's size fifty times while it is drawn on and looked at.
func TestResizes(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	viewers := map[string]func() (*image.RGBA, error){
		"libvncclient":  libvncclient("copyrect zrle", -1)(t, s),
		"tigervnc":      tigervnc("-PreferredEncoding", "Tight", "-NoJPEG")(t, s),
		"sixgate tight": ours(rfb.EncodingTight, rfb.EncodingCopyRect)(t, s),
		"sixgate raw":   ours(rfb.EncodingRaw)(t, s),
		"DesktopSize alone": follow(t, s, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingHextile, rfb.EncodingCopyRect,
			rfb.EncodingDesktopSize}}).picture,
	}
	fixed := follow(t, s, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingCopyRect}}) // never told of a size
	sizes := []string{"1001x699", "1200x797", "1040x333", "1283x797"}
	for _, size := range sizes {
		if err := resize(t, d, size); err != nil {
			t.Fatal(err)
		}
	}
	var drawing sync.WaitGroup
	done := make(chan struct{})
	drawing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			d.page.Fill(image.Rect(n%300, 0, n%300+9, 200), uint32(0x010507*n))
			d.page.Scroll(3)
			d.page.Move(image.Pt(400+n%97, 53+n%31))
			d.screen.Sync()
		}
	})
	random := rand.New(rand.NewPCG(3, 3))
	for range 49 {
		if _, err := d.Run(t.Context(), "xrandr", "--output", "screen", "--mode", sizes[random.IntN(len(sizes))]); err != nil {
			t.Error(err)
		}
	}
	for _, size := range []string{"1001x699", "1283x797"} {
		if _, err := d.Run(t.Context(), "xrandr", "--output", "screen", "--mode", size); err != nil {
			t.Error(err)
		}
	}
	close(done)
	drawing.Wait()
	d.settle(t)
	for name, picture := range viewers {
		t.Run(name, func(t *testing.T) { watch(t, d, picture, same) })
	}
	t.Run("one that knows no sizes", func(t *testing.T) { watch(t, d, fixed.picture, same) })
}

// TestLayoutChangedWhileTyping switches the keyboard's layout and types on without a moment's rest. What was typed before has
// arrived: whoever switches while keys are under way changes what they mean, to every program.
func TestLayoutChangedWhileTyping(t *testing.T) {
	d := newDesk(t)
	typed := d.reader(t, image.Rect(300, 450, 660, 580))
	v := attach(t, share(t, d), rfb38, 1)
	v.lists(rfb.EncodingZRLE)
	v.shows(d, same)
	at := image.Pt(400, 500)
	v.say(rfb.PointerEvent{Pos: at}.Append(nil))
	d.awaitPointer(t, at)
	all := ""
	for _, layout := range []string{"us", "de", "fr", "gb", "us,ru", "de", "us"} {
		if _, err := d.Run(t.Context(), "setxkbmap", "-layout", layout); err != nil {
			t.Fatal(err)
		}
		line := "zZyYqQaA @[]{}~ äß€ in " + layout + "\n"
		for _, r := range line {
			v.say(rfb.KeyEvent{Down: true, Keysym: keysym(r)}.Append(nil), rfb.KeyEvent{Keysym: keysym(r)}.Append(nil))
		}
		all += line
		typed(all)
	}
}

// TestSharedMemoryIsPrivate looks at what the server shares with the X server: others on the machine must not read it
// (CVE-2020-29074, CVE-2026-34352).
func TestSharedMemoryIsPrivate(t *testing.T) {
	d := newSmallDesk(t)
	s := share(t, d)
	watch(t, d, follow(t, s, rfb.ClientOptions{}).picture, same)
	table, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatal(err)
	}
	segments := 0
	for _, line := range strings.Split(string(table), "\n")[1:] {
		var key, id, mode, size, creator int
		if _, err := fmt.Sscanf(line, "%d %d %o %d %d", &key, &id, &mode, &size, &creator); err != nil || creator != s.pid {
			continue
		}
		segments++
		if mode&0o077 != 0 {
			t.Errorf("a segment of %d bytes has mode %o", size, mode)
		}
	}
	if segments == 0 {
		t.Error("it shares nothing")
	}
}
