//go:build linux

package conformance

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"sixgate/bench/scene"
	"sixgate/desktop/xvfb"
)

// An odd size: no row or column of tiles is whole.
const deskSize = "1283x797x24"

// desk is a desktop with something on it: a photo, text and a terminal.
type desk struct {
	*xvfb.Server
	screen *scene.Screen
	page   scene.Window // text, which the tests change
	dir    string       // for what programs write, until the display is closed
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Server: newDisplay(t, deskSize)}
	d.screen = openScreen(t, d.Display)
	photo, err := d.screen.Upload(scene.Photo(d.screen.Size, image.Point{}, 7))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.screen.Background(photo); err != nil {
		t.Fatal(err)
	}
	d.page = newPage(t, d.screen, image.Rect(801, 53, 801+407, 53+309))
	if err := d.page.Write(image.Pt(9, 7), "The quick brown fox", "jumps over the lazy dog.", "0123456789 {}[]()<>"); err != nil {
		t.Fatal(err)
	}
	printed := filepath.Join(t.TempDir(), "printed")
	err = d.Spawn("xterm", "-fn", "fixed", "-geometry", "91x31+37+41", "-e", "sh", "-c", "ls -l --color=always /etc; touch "+printed+"; exec sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { _, err := os.Stat(printed); return err })
	d.settle(t)
	return d
}

func newDisplay(t *testing.T, size string) *xvfb.Server {
	t.Helper()
	s, err := xvfb.Start(context.Background(), size) // not t.Context(), which ends before what the test started does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func openScreen(t *testing.T, display string) *scene.Screen {
	t.Helper()
	s, err := scene.Open(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// newPage puts a window with paper on a screen.
func newPage(t *testing.T, s *scene.Screen, at image.Rectangle) scene.Window {
	t.Helper()
	p, err := s.Upload(paper(at.Size()))
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Window(at, p)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// paper is a white page with a few bands of plain colours: palettes of two and of a dozen.
//
//go:norace
func paper(size image.Point) *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: size})
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := 100; y < size.Y; y++ {
		for x := range size.X {
			band := (x/23 + y/31) % 13
			copy(img.Pix[img.PixOffset(x, y):], []byte{byte(band * 17), byte(255 - band*11), byte(band * band)})
		}
	}
	return img
}

// settle waits until the screen shows the same twice.
func (d *desk) settle(t *testing.T) {
	t.Helper()
	var before *image.RGBA
	eventually(t, func() error {
		now := d.look(t)
		defer func() { before = now }()
		if before == nil {
			return fmt.Errorf("looked only once")
		}
		return same(before, now)
	})
}

// look reads the whole screen.
func (d *desk) look(t *testing.T) *image.RGBA {
	t.Helper()
	img, err := d.screen.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// same says how two pictures differ, nil when not a pixel does. Loops over pixels are not watched for races: that would take ten times as
// long as all else in these tests.
//
//go:norace
func same(want, got *image.RGBA) error {
	if want.Rect != got.Rect {
		return fmt.Errorf("the picture is %v, the screen %v", got.Rect.Max, want.Rect.Max)
	}
	if bytes.Equal(want.Pix, got.Pix) {
		return nil
	}
	wrong, where := 0, image.Rectangle{}
	for i := 0; i < len(want.Pix); i += 4 {
		if want.Pix[i] != got.Pix[i] || want.Pix[i+1] != got.Pix[i+1] || want.Pix[i+2] != got.Pix[i+2] {
			x, y := i/4%want.Rect.Dx(), i/4/want.Rect.Dx()
			where = where.Union(image.Rect(x, y, x+1, y+1))
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d pixels differ, within %v (PSNR %.1f dB)", wrong, where, psnr(want, got))
	}
	return nil
}

// alike is the test for pictures that went through JPEG: at least 35 dB, and no block of 32x32 pixels below 24 dB, so that
// a small part that was lost shows.
func alike(want, got *image.RGBA) error {
	if want.Rect != got.Rect {
		return fmt.Errorf("the picture is %v, the screen %v", got.Rect.Max, want.Rect.Max)
	}
	if bytes.Equal(want.Pix, got.Pix) {
		return nil
	}
	if db := psnr(want, got); db < 35 {
		return fmt.Errorf("PSNR %.1f dB", db)
	}
	for y := 0; y < want.Rect.Max.Y; y += 32 {
		for x := 0; x < want.Rect.Max.X; x += 32 {
			block := image.Rect(x, y, x+32, y+32).Intersect(want.Rect)
			if db := psnr(want.SubImage(block).(*image.RGBA), got.SubImage(block).(*image.RGBA)); db < 24 {
				return fmt.Errorf("PSNR %.1f dB within %v", db, block)
			}
		}
	}
	return nil
}

//go:norace
func psnr(want, got *image.RGBA) float64 {
	sum, n := 0, 0
	for y := range want.Rect.Dy() {
		a, b := want.Pix[y*want.Stride:], got.Pix[y*got.Stride:]
		for i := range 4 * want.Rect.Dx() {
			d := int(a[i]) - int(b[i])
			sum += d * d
		}
		n += 3 * want.Rect.Dx() // alpha is 255 in both
	}
	return 10 * math.Log10(255*255*float64(n)/float64(sum))
}

// keep saves a picture beside the test's other artifacts (go test -artifacts), to look at after a failure.
func keep(t *testing.T, name string, img *image.RGBA) {
	save(t, filepath.Join(t.ArtifactDir(), name+".png"), img)
}

func save(t *testing.T, file string, img *image.RGBA) {
	f, err := os.Create(file)
	if err == nil {
		err = png.Encode(f, img)
		f.Close()
	}
	if err != nil {
		t.Log(err)
	}
}
