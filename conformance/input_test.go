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
	typed := d.reader(t, image.Rect(300, 450, 660, 580))
	v := startLVC(t, s, "zrle", -1, s.password)
	if err := v.await("ready"); err != nil {
		t.Fatal(err)
	}
	if err := v.do("point 400 500 0"); err != nil {
		t.Fatal(err)
	}
	d.awaitPointer(t, image.Pt(400, 500))
	text := "Hello, World! {~|}\n\"ä\" 'Ö' ß § 50 €\n"
	for _, r := range text {
		for _, down := range []int{1, 0} {
			if err := v.do(fmt.Sprintf("key %d %d", keysym(r), down)); err != nil {
				t.Fatal(err)
			}
		}
	}
	typed(text)
}

// keysym is the one of a character (keysymdef.h).
func keysym(r rune) uint32 {
	switch {
	case r == '\n':
		return 0xff0d
	case r > 0xff:
		return uint32(r) | 1<<24
	}
	return uint32(r)
}

// reader opens a terminal at some place, and returns how to wait until a program in it was given a text. There is no window
// manager: the keyboard is where the pointer is.
func (d *desk) reader(t *testing.T, at image.Rectangle) (typed func(text string)) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "typed")
	geometry := fmt.Sprintf("%dx%d+%d+%d", at.Dx()/6, at.Dy()/13, at.Min.X, at.Min.Y)
	if err := d.Spawn("xterm", "-u8", "-fn", "fixed", "-geometry", geometry, "-e", "sh", "-c", "cat > "+name); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := os.Stat(name); return err })
	return func(text string) {
		t.Helper()
		eventually(t, func() error {
			got, err := os.ReadFile(name)
			if err == nil && string(got) != text {
				err = fmt.Errorf("typed %q, the program read %q", text, got)
			}
			return err
		})
	}
}

func (d *desk) awaitPointer(t *testing.T, at image.Point) {
	t.Helper()
	eventually(t, func() error { return d.pointerAt(at) })
}

func (d *desk) pointerAt(at image.Point) error {
	if p, err := d.screen.Pointer(); err != nil || p != at {
		return fmt.Errorf("the pointer is at %v, %v", p, err)
	}
	return nil
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
	d.pastes(t, "copied by the supporter")
	d.copies(t, "copied on the desktop")
	v.pastes(t, "copied on the desktop")
}

// copies makes a program on the desktop offer text.
func (d *desk) copies(t *testing.T, text string) {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "copied")
	if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Spawn("xclip", "-quiet", "-i", "-selection", "clipboard", copied); err != nil {
		t.Fatal(err)
	}
}

// pastes waits until what is pasted on the desktop is text.
func (d *desk) pastes(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() error {
		got, err := d.Run(t.Context(), "xclip", "-o", "-selection", "clipboard")
		if err == nil && string(got) != text {
			err = fmt.Errorf("the desktop pastes %q", got)
		}
		return err
	})
}

// pastes waits until text is what the viewer was given.
func (v *puppet) pastes(t *testing.T, text string) {
	t.Helper()
	pasted := filepath.Join(t.TempDir(), "pasted")
	eventually(t, func() error {
		if err := v.do("pasted " + pasted); err != nil {
			return err
		}
		if got, err := os.ReadFile(pasted); err != nil || string(got) != text {
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
