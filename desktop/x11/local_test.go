//go:build linux

package x11

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// stirs tells whether there was local input since it was asked last.
func (d *Desktop) stirs() bool {
	d.input.xkb.state() // with its answer, the events before it have come
	select {
	case <-d.LocalInput():
		return true
	default:
		return false
	}
}

// Whatever is injected is not the end user's: with auto-repeat, keys that the layout lacks, and moves to where the pointer is.
func TestInjectedIsNotLocal(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	quiet := func(what string) {
		t.Helper()
		if d.stirs() {
			t.Errorf("%s is taken for the end user's", what)
		}
	}
	for i := range 9 {
		d.MovePointer(image.Pt(100, 100), 1<<i)
		d.PushPointer(image.Pt(i, -1), 0)
		quiet(fmt.Sprint("button ", i+1))
	}
	for _, keysym := range []uint32{'a', 'A', 0xe9, symShiftL, symCapsLock, keysymOf('Ж'), keysymOf('語')} {
		d.Key(keysym, true)
		d.Key(keysym, true)
		d.Key(keysym, false)
		quiet(fmt.Sprintf("keysym %#x", keysym))
	}
	d.KeyCode(scanShiftL, symShiftL, true)
	d.Key('x', true)
	p.run("xset", "r", "rate", "50", "100")
	time.Sleep(time.Second / 2) // the server repeats it
	quiet("a repeated key")
	p.run("setxkbmap", "de")
	quiet("a change of the layout")
	p.warp(30, 30) // a program does that
	quiet("a warped pointer")
	d.input.releaseAll()
	quiet("letting go")
	if used := d.LastLocal(); !used.IsZero() {
		t.Errorf("local input at %v", used)
	}
}

// Not one of the end user's clicks and keys is taken for ours, nor one of ours for theirs, however fast both come, and although both
// press the same buttons and keys of the same device.
func TestLocalAmongInjected(t *testing.T) {
	p := startPainter(t, "640x480x24")
	d := p.open()
	l := &d.input.local
	keys := 0
	l.hear(func(code byte, _ map[rawInput]bool) { keys++ })
	over := make(chan struct{})
	var flood sync.WaitGroup
	injected := 0
	flood.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				d.MovePointer(image.Point{}, 0)
				return
			default:
			}
			d.MovePointer(image.Pt(i%600, i%400), uint16(i&1))
			for _, keysym := range []uint32{'a', keysymOf('Ж'), 'B'} {
				d.Key(keysym, true)
				d.Key(keysym, false)
			}
			injected += 8
		}
	})
	const times = 300
	start := time.Now()
	p.run("xdotool", "click", "--repeat", fmt.Sprint(times), "--delay", "0", "1")
	p.run("xdotool", "key", "--repeat", fmt.Sprint(times), "--delay", "0", "a")
	p.run("xdotool", "mousemove_relative", "3", "3")
	close(over)
	flood.Wait()
	d.stirs()
	l.hear(nil)
	t.Logf("%d injected in %v", injected, time.Since(start))
	if l.click != times || keys != times {
		t.Errorf("of %d, %d clicks and %d keys are the end user's", times, l.click, keys)
	}
	if len(l.down) != 0 {
		t.Errorf("the end user holds %v", l.down)
	}
	if since := time.Since(d.LastLocal()); since > time.Since(start) {
		t.Error("nothing was heard of the end user")
	}
	p.run("xdotool", "mousedown", "1")
	d.stirs()
	before := time.Now()
	if d.LastLocal().Before(before) {
		t.Error("a button that is held is no use")
	}
	p.run("xdotool", "mouseup", "1")
	d.stirs()
	if before = time.Now(); d.LastLocal().After(before) {
		t.Error("a button that was let go is use")
	}
}

// The names of displays, as other programs take them.
func TestParseDisplay(t *testing.T) {
	for display, want := range map[string]address{
		":7":              {"unix", "/tmp/.X11-unix/X7", "", "7", 0},
		":0.1":            {"unix", "/tmp/.X11-unix/X0", "", "0", 1},
		"unix:3":          {"unix", "/tmp/.X11-unix/X3", "", "3", 0},
		"reception:10.0":  {"tcp", "reception:6010", "reception", "10", 0},
		"tcp/[::1]:2":     {"tcp", "[::1]:6002", "[::1]", "2", 0},
		"/tmp/launch/:0":  {"unix", "/tmp/launch/:0", "", "0", 0},
		"tcp/reception:5": {"tcp", "reception:6005", "reception", "5", 0},
		"reception":       {},
		":x":              {},
		":-1":             {},
		":1.x":            {},
		"":                {},
		":99999999999":    {},
	} {
		if got, err := parseDisplay(display); got != want && want.at != "" || (err == nil) != (want.at != "") {
			t.Errorf("%q: %+v, %v", display, got, err)
		}
	}
}

// The cookie is the one of the display (Xauthority(5): each field with its length before it).
func TestCookie(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	var whole []byte
	entry := func(family uint16, fields ...string) {
		whole = be.AppendUint16(whole, family)
		for _, f := range fields {
			whole = append(be.AppendUint16(whole, uint16(len(f))), f...)
		}
	}
	entry(familyLocal, "another", "1", cookieName, "not this machine")
	entry(familyLocal, host, "1", "XDM-AUTHORIZATION-1", "not this kind")
	entry(familyLocal, host, "1", cookieName, "first")
	entry(familyWild, "", "2", cookieName, "second")
	t.Setenv("XAUTHORITY", filepath.Join(t.TempDir(), "authority"))
	for n := range len(whole) + 1 {
		if err := os.WriteFile(os.Getenv("XAUTHORITY"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		for number, want := range map[string]string{"1": "first", "2": "second", "3": ""} {
			got := address{number: number}.cookie()
			if got != hex.EncodeToString([]byte(want)) && (n == len(whole) || got != "") {
				t.Errorf("%d bytes: the cookie of :%s is %q", n, number, got)
			}
		}
	}
}
