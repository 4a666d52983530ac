//go:build linux

package conformance

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	vnc "github.com/mitchellh/go-vnc"
)

// compare says whether a picture is what the screen shows: same, or alike after JPEG.
type compare func(want, got *image.RGBA) error

// TestViewers shows one desktop to every viewer at once.
func TestViewers(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	// Viewers that take one picture and leave.
	for name, picture := range map[string]func(*testing.T, *server) (*image.RGBA, compare){
		"gvnccapture":         gvnccapture,
		"vncsnapshot/raw":     vncsnapshot("raw"),
		"vncsnapshot/rre":     vncsnapshot("rre"),
		"vncsnapshot/corre":   vncsnapshot("corre"),
		"vncsnapshot/hextile": vncsnapshot("hextile"),
		"vncsnapshot/zlib":    vncsnapshot("zlib"),
		"vncsnapshot/zrle":    vncsnapshot("zrle"),
		"vncsnapshot/tight":   vncsnapshot("tight"),
		"go-vnc":              goVNC,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, judge := picture(t, s)
			if err := judge(d.look(t), got); err != nil {
				keep(t, "got", got)
				t.Error(err)
			}
		})
	}
	// Viewers that stay.
	for _, tt := range staying {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			watch(t, d, tt.start(t, s), tt.judge)
		})
	}
	t.Run("nmap", func(t *testing.T) {
		t.Parallel()
		testNmap(t, s)
	})
}

// watch waits until a viewer shows what the screen shows.
func watch(t *testing.T, d *desk, picture func() (*image.RGBA, error), judge compare) {
	t.Helper()
	defer func() {
		if !t.Failed() {
			return
		}
		if img, err := picture(); err == nil {
			keep(t, "got", img)
			keep(t, "want", d.look(t))
		}
	}()
	eventually(t, func() error {
		got, err := picture()
		if err != nil {
			return err
		}
		return judge(d.look(t), got)
	})
}

// gvnccapture is gtk-vnc's: RFB 3.8, and ZRLE for what it captures.
func gvnccapture(t *testing.T, s *server) (*image.RGBA, compare) {
	out := filepath.Join(t.TempDir(), "out.png")
	output(t, "gvnccapture", "-q", s.display(), out)
	return read(t, out), same
}

// vncsnapshot speaks 3.3 and writes JPEG files, at best 55 dB. It waits for ever on an update that ends with LastRect.
func vncsnapshot(encoding string) func(*testing.T, *server) (*image.RGBA, compare) {
	return func(t *testing.T, s *server) (*image.RGBA, compare) {
		out := filepath.Join(t.TempDir(), "out.jpg")
		output(t, "vncsnapshot", "-encodings", encoding, "-nocursor", "-nojpeg", "-quality", "100", "-quiet",
			s.display(), out)
		return read(t, out), func(want, got *image.RGBA) error {
			if err := alike(want, got); err != nil {
				return err
			}
			if db := psnr(want, got); db < 45 {
				return fmt.Errorf("PSNR %.1f dB: that is not vncsnapshot's own JPEG alone", db)
			}
			return nil
		}
	}
}

// goVNC is mitchellh/go-vnc, the Go client of old: 3.8 and Raw in the server's own pixel format.
func goVNC(t *testing.T, s *server) (*image.RGBA, compare) {
	messages := make(chan vnc.ServerMessage)
	client, err := vnc.Client(s.dial(t), &vnc.ClientConfig{ServerMessageCh: messages})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	img := image.NewRGBA(image.Rect(0, 0, int(client.FrameBufferWidth), int(client.FrameBufferHeight)))
	if err := client.FramebufferUpdateRequest(false, 0, 0, client.FrameBufferWidth, client.FrameBufferHeight); err != nil {
		t.Fatal(err)
	}
	for missing := img.Rect.Dx() * img.Rect.Dy(); missing > 0; {
		select {
		case m := <-messages:
			update, ok := m.(*vnc.FramebufferUpdateMessage)
			if !ok {
				continue
			}
			for _, r := range update.Rectangles {
				for i, c := range r.Enc.(*vnc.RawEncoding).Colors {
					x, y := int(r.X)+i%int(r.Width), int(r.Y)+i/int(r.Width)
					img.SetRGBA(x, y, color.RGBA{byte(c.R), byte(c.G), byte(c.B), 255})
				}
				missing -= int(r.Width) * int(r.Height)
			}
			if err := client.FramebufferUpdateRequest(true, 0, 0, client.FrameBufferWidth, client.FrameBufferHeight); err != nil {
				t.Fatal(err)
			}
		case <-t.Context().Done():
			t.Fatal("no picture")
		}
	}
	return img, same
}

// testNmap asks the scripts that look for careless servers: ours says what it is, and lets nobody in who picks a
// security type that was not offered (CVE-2006-2369).
func testNmap(t *testing.T, s *server) {
	out := output(t, "nmap", "-Pn", "-n", "-p", fmt.Sprint(s.port), "-sV", "--script", "vnc-info,vnc-title,realvnc-auth-bypass", "127.0.0.1")
	for _, want := range []string{"Protocol version: 3.8", "None (1)", "geometry: 1283 x 797"} {
		if !strings.Contains(out, want) {
			t.Errorf("nmap does not see %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "realvnc-auth-bypass") {
		t.Errorf("nmap came in without authentication:\n%s", out)
	}
}

// output runs a program to its end, which must be a good one.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := try(t, name, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

// try runs a program to its end, which must come.
func try(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s did not end in %v:\n%s", name, patience, out)
	}
	return string(out), err
}

// read decodes a PNG or JPEG file.
func read(t *testing.T, name string) *image.RGBA {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	decode := png.Decode
	if filepath.Ext(name) == ".jpg" {
		decode = jpeg.Decode
	}
	img, err := decode(f)
	if err != nil {
		t.Fatal(err)
	}
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Rect, img, rgba.Rect.Min, draw.Src)
	return rgba
}
