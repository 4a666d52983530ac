//go:build linux

package conformance

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTyping types into a terminal on the desktop through libvncclient, and reads what the program in it was given.
func TestTyping(t *testing.T) {
	d := newDesk(t)
	typeThrough(t, d, share(t, d))
}

func typeThrough(t *testing.T, d *desk, s *server) {
	t.Helper()
	typed := filepath.Join(t.TempDir(), "typed")
	if err := d.Spawn("xterm", "-u8", "-fn", "fixed", "-geometry", "60x10+300+450", "-e", "sh", "-c", "cat > "+typed); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := os.Stat(typed); return err })
	v := startLVC(t, s, "zrle", -1, s.password)
	if err := v.await("ready"); err != nil {
		t.Fatal(err)
	}
	at := image.Pt(400, 500) // no window manager: the keyboard is where the pointer is
	if err := v.do(fmt.Sprintf("point %d %d 0", at.X, at.Y)); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if p, err := d.screen.Pointer(); err != nil || p != at {
			return fmt.Errorf("the pointer is at %v, %v", p, err)
		}
		return nil
	})
	text := "Hello, World! {~|}\n\"ä\" 'Ö' ß § 50 €\n"
	for _, r := range text {
		keysym := uint32(r)
		switch {
		case r == '\n':
			keysym = 0xff0d
		case r > 0xff:
			keysym |= 1 << 24 // Unicode (keysymdef.h)
		}
		for _, down := range []int{1, 0} {
			if err := v.do(fmt.Sprintf("key %d %d", keysym, down)); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, func() error {
		got, err := os.ReadFile(typed)
		if err == nil && string(got) != text {
			err = fmt.Errorf("typed %q, the program read %q", text, got)
		}
		return err
	})
}

// TestClipboard copies in both directions through libvncclient.
func TestClipboard(t *testing.T) {
	d := newDesk(t)
	v := startLVC(t, share(t, d), "zrle", -1, "")
	if err := v.await("ready"); err != nil {
		t.Fatal(err)
	}
	if err := v.do("cut copied by the supporter"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		got, err := d.Run(t.Context(), "xclip", "-o", "-selection", "clipboard")
		if err == nil && string(got) != "copied by the supporter" {
			err = fmt.Errorf("the desktop pastes %q", got)
		}
		return err
	})
	copied := filepath.Join(t.TempDir(), "copied")
	if err := os.WriteFile(copied, []byte("copied on the desktop"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Spawn("xclip", "-quiet", "-i", "-selection", "clipboard", copied); err != nil {
		t.Fatal(err)
	}
	pasted := filepath.Join(t.TempDir(), "pasted")
	eventually(t, func() error {
		if err := v.do("pasted " + pasted); err != nil {
			return err
		}
		if got, err := os.ReadFile(pasted); err != nil || string(got) != "copied on the desktop" {
			return fmt.Errorf("the viewer was given %q, %v", got, err)
		}
		return nil
	})
}

// TestCursor looks at the shape of the pointer in TigerVNC's window, when it is over the terminal on the desktop.
func TestCursor(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	display := newDisplay(t, "1400x900x24")
	screen := openScreen(t, display.Display)
	err := display.Spawn("xtigervncviewer", "-SecurityTypes", "None", "-MenuKey=", "-RemoteResize=0", "-Shared", fmt.Sprintf("127.0.0.1::%d", s.port))
	if err != nil {
		t.Fatal(err)
	}
	inTerminal := image.Pt(200, 200)
	eventually(t, func() error {
		places, err := screen.Windows()
		if err != nil || len(places) == 0 {
			return fmt.Errorf("no window: %v", err)
		}
		at := places[len(places)-1].Min.Add(inTerminal)
		// This viewer tells of no pointer before the first click in its window.
		if _, err := display.Run(t.Context(), "xdotool", "mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "click", "1"); err != nil {
			return err
		}
		if p, err := d.screen.Pointer(); err != nil || p != inTerminal {
			return fmt.Errorf("the pointer is at %v, %v", p, err)
		}
		want, err := d.screen.Cursor()
		if err != nil {
			return err
		}
		got, err := screen.Cursor()
		if err != nil {
			return err
		}
		return sameShape(want, got)
	})
}

// sameShape compares two cursors around their hotspots; how much transparency surrounds them does not matter.
func sameShape(want, got *image.RGBA) error {
	seen := 0
	around := want.Rect.Union(got.Rect)
	for y := around.Min.Y; y < around.Max.Y; y++ {
		for x := around.Min.X; x < around.Max.X; x++ {
			a, b := want.RGBAAt(x, y), got.RGBAAt(x, y)
			if a != b {
				return fmt.Errorf("the cursors differ at (%d,%d): %v on the desktop, %v in the viewer", x, y, a, b)
			}
			if a.A != 0 {
				seen++
			}
		}
	}
	if seen == 0 {
		return fmt.Errorf("the cursor has no pixel")
	}
	return nil
}

// TestPassword tries viewers with the password that the program prints, and with another.
func TestPassword(t *testing.T) {
	d := newDesk(t)
	s := shareOurs(t, d)
	if len(s.password) != 8 {
		t.Fatalf("sixgate-host printed the password %q", s.password)
	}
	right, wrong := passwordFile(t, s.password), passwordFile(t, strings.Repeat("x", 8))
	for _, tt := range []struct {
		name  string
		start func(*testing.T, *server) func() (*image.RGBA, error)
	}{
		{"libvncclient", libvncclient("zrle", -1)},
		{"tigervnc", func(t *testing.T, s *server) func() (*image.RGBA, error) {
			return window(t, s, "xtigervncviewer", "-passwd", right, "-AutoSelect=0", "-PreferredEncoding", "ZRLE", "-NoJPEG", "-MenuKey=",
				"-RemoteResize=0", "-Shared", fmt.Sprintf("127.0.0.1::%d", s.port))
		}},
		{"tightvnc", tightvnc("xtightvncviewer", "-passwd", right, "-nojpeg")},
	} {
		t.Run(tt.name, func(t *testing.T) { watch(t, d, tt.start(t, s), same) })
	}
	t.Run("vncsnapshot", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "out.jpg")
		output(t, "vncsnapshot", "-passwd", right, "-encodings", "zrle", "-quality", "100", "-quiet", fmt.Sprintf("127.0.0.1:%d", s.port-5900), out)
		if err := alike(d.look(t), read(t, out)); err != nil {
			t.Error(err)
		}
	})
	t.Run("wrong password", func(t *testing.T) {
		v := startLVC(t, s, "zrle", -1, "wrong")
		if err := v.await("ready"); err == nil {
			t.Error("libvncclient came in with a wrong password")
		}
		if out, err := try(t, "vncsnapshot", "-passwd", wrong, "-quiet", fmt.Sprintf("127.0.0.1:%d", s.port-5900), filepath.Join(t.TempDir(), "out.jpg")); err == nil {
			t.Errorf("vncsnapshot came in with a wrong password:\n%s", out)
		}
		if out, err := try(t, "gvnccapture", "-q", fmt.Sprintf("127.0.0.1:%d", s.port-5900), filepath.Join(t.TempDir(), "out.png")); err == nil {
			t.Errorf("gvnccapture came in without a password:\n%s", out)
		}
	})
	t.Run("right after wrong", func(t *testing.T) { watch(t, d, libvncclient("zrle", -1)(t, s), same) })
}
