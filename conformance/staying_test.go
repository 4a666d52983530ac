//go:build linux

package conformance

import (
	"fmt"
	"image"
	"os/exec"
	"path/filepath"
	"testing"

	"sixgate/rfb"
)

// staying are the viewers that stay attached and can be asked at any time what they show.
var staying = []struct {
	name  string
	start func(*testing.T, *server) func() (*image.RGBA, error)
	judge compare
}{
	{"libvncclient/raw", libvncclient("raw", -1), same},
	{"libvncclient/copyrect", libvncclient("copyrect raw", -1), same},
	{"libvncclient/rre", libvncclient("rre", -1), same},
	{"libvncclient/corre", libvncclient("corre", -1), same},
	{"libvncclient/trle", libvncclient("trle", -1), same},
	{"libvncclient/hextile", libvncclient("hextile", -1), same},
	{"libvncclient/zlib", libvncclient("zlib", -1), same},
	{"libvncclient/zrle", libvncclient("zrle", -1), same},
	{"libvncclient/tight", libvncclient("copyrect tight", -1), same},
	{"libvncclient/tight without zlib", libvncclient("tight", noZlib), same},
	{"libvncclient/tight-jpeg", libvncclient("copyrect tight", 8), alike},
	{"tigervnc/raw", tigervnc("-PreferredEncoding", "Raw", "-NoJPEG"), same},
	{"tigervnc/rre", tigervnc("-PreferredEncoding", "RRE", "-NoJPEG"), same},
	{"tigervnc/hextile", tigervnc("-PreferredEncoding", "Hextile", "-NoJPEG"), same},
	{"tigervnc/zrle", tigervnc("-PreferredEncoding", "ZRLE", "-NoJPEG"), same},
	{"tigervnc/tight", tigervnc("-PreferredEncoding", "Tight", "-NoJPEG"), same},
	{"tigervnc/tight-jpeg", tigervnc("-PreferredEncoding", "Tight", "-QualityLevel", "8"), alike},
	{"tigervnc/8-bit", tigervnc("-PreferredEncoding", "ZRLE", "-FullColor=0", "-LowColorLevel", "2"), coarse(2, 2, 2)},
	{"tightvnc/tight", tightvnc("xtightvncviewer", "-nojpeg", "-encodings", "copyrect tight hextile"), same},
	{"tightvnc/rre", tightvnc("xtightvncviewer", "-encodings", "rre"), same},
	{"tightvnc/corre", tightvnc("xtightvncviewer", "-encodings", "corre"), same},
	{"tightvnc/hextile", tightvnc("xtightvncviewer", "-encodings", "hextile"), same},
	{"sixgate/raw", ours(rfb.EncodingRaw), same},
	{"sixgate/rre", ours(rfb.EncodingRRE), same},
	{"sixgate/corre", ours(rfb.EncodingCoRRE), same},
	{"sixgate/trle", ours(rfb.EncodingTRLE), same},
	{"sixgate/hextile", ours(rfb.EncodingHextile), same},
	{"sixgate/zlib", ours(rfb.EncodingZlib), same},
	{"sixgate/zrle", ours(rfb.EncodingZRLE), same},
	{"sixgate/tight", ours(rfb.EncodingTight), same},
	{"sixgate/tightpng", ours(rfb.EncodingTightPNG), same},
	{"sixgate/jpeg beside zrle", ours(rfb.EncodingJPEG, rfb.EncodingZRLE), alike},
	{"sixgate/tight-jpeg", ours(rfb.EncodingTight, rfb.EncodingQualityLevel0+8), alike},
	{"tightvnc/zlib", tightvnc("xtightvncviewer", "-encodings", "zlib"), same},
}

// noZlib is the quality of a libvncclient that takes Tight without zlib, and asks for it.
const noZlib = -2

// libvncclient starts testdata/lvc.c.
func libvncclient(encodings string, quality int) func(*testing.T, *server) func() (*image.RGBA, error) {
	return func(t *testing.T, s *server) func() (*image.RGBA, error) {
		v := startLVC(t, s, encodings, quality, s.password)
		if err := v.await("ready"); err != nil {
			t.Fatal(err)
		}
		return v.picture
	}
}

// lvcProgram compiles testdata/lvc.c, once.
var lvcProgram = memo(func(source string) (string, error) {
	bin := filepath.Join(built, "lvc")
	out, err := exec.Command("gcc", "-O1", "-Wall", "-o", bin, source, "-lvncclient").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return bin, err
})

func startLVC(t *testing.T, s *server, encodings string, quality int, password string) *puppet {
	t.Helper()
	return startPuppet(t, lvcProgram(t, "testdata/lvc.c"), "127.0.0.1", fmt.Sprint(s.port), encodings, fmt.Sprint(quality), password)
}

// tigervnc starts TigerVNC's viewer on a display of its own.
func tigervnc(args ...string) func(*testing.T, *server) func() (*image.RGBA, error) {
	return func(t *testing.T, s *server) func() (*image.RGBA, error) {
		args := append([]string{"-SecurityTypes", "None", "-AutoSelect=0", "-MenuKey=", "-ReconnectOnError=0", "-AlertOnFatalError=0",
			"-RemoteResize=0", "-Shared"}, args...)
		return window(t, s, "xtigervncviewer", append(args, fmt.Sprintf("127.0.0.1::%d", s.port))...)
	}
}

// tightvnc starts a viewer of TightVNC's family on a display of its own.
func tightvnc(name string, args ...string) func(*testing.T, *server) func() (*image.RGBA, error) {
	return func(t *testing.T, s *server) func() (*image.RGBA, error) {
		return window(t, s, name, append(args, fmt.Sprintf("127.0.0.1::%d", s.port))...)
	}
}

// window starts a viewer with a window, and reads that window.
func window(t *testing.T, s *server, name string, args ...string) func() (*image.RGBA, error) {
	t.Helper()
	display := newDisplay(t, "1400x900x24")
	screen := openScreen(t, display.Display)
	if err := display.Spawn(name, args...); err != nil {
		t.Fatal(err)
	}
	return func() (*image.RGBA, error) {
		places, err := screen.Windows()
		if err != nil {
			return nil, err
		}
		biggest := image.Rectangle{}
		for _, r := range places {
			if r.Dx()*r.Dy() > biggest.Dx()*biggest.Dy() {
				biggest = r
			}
		}
		if biggest.Empty() || !biggest.In(image.Rectangle{Max: screen.Size}) {
			return nil, fmt.Errorf("%s has a window at %v", name, biggest)
		}
		return screen.Read(biggest)
	}
}

// coarse is the test for pictures that came with so few bits of red, green and blue: a channel may be off by what one
// step of it is worth, for how to round is not specified.
func coarse(red, green, blue int) compare {
	step := [3]int{255 / (1<<red - 1), 255 / (1<<green - 1), 255 / (1<<blue - 1)}
	return func(want, got *image.RGBA) error {
		if want.Rect != got.Rect {
			return same(want, got)
		}
		wrong := 0
		for i := 0; i < len(want.Pix); i += 4 {
			for c, step := range step {
				if d := int(want.Pix[i+c]) - int(got.Pix[i+c]); d > step || d < -step {
					wrong++
				}
			}
		}
		if wrong > 0 {
			return fmt.Errorf("%d channels are more than a step off", wrong)
		}
		return nil
	}
}
