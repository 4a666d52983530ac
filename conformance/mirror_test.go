//go:build linux

package conformance

import (
	"fmt"
	"image"
	"testing"
)

// TestMirror looks at a desktop through a bridge that was told to lose nothing: the mirror may not change a pixel, whatever
// the viewer's encoding and whatever happens to the desktop.
func TestMirror(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--quality=-1")
	if len(m.viewers.password) != 8 {
		t.Fatalf("the bridge gave the password %q", m.viewers.password)
	}
	m.allow(t, m.host(t, "", d.Display))

	viewers := map[string]func() (*image.RGBA, error){}
	for _, encoding := range []string{"raw", "hextile", "zlib", "zrle", "copyrect tight"} {
		viewers["libvncclient "+encoding] = libvncclient(encoding, -1)(t, m.viewers)
	}
	viewers["tigervnc"] = window(t, m.viewers, "xtigervncviewer", "-passwd", passwordFile(t, m.viewers.password), "-AutoSelect=0",
		"-PreferredEncoding", "ZRLE", "-NoJPEG", "-MenuKey=", "-RemoteResize=0", "-Shared", fmt.Sprintf("127.0.0.1::%d", m.viewers.port))
	for _, change := range []struct {
		name string
		do   func() error
	}{
		{"at first", func() error { return nil }},
		{"scrolled", func() error { d.page.Scroll(26); return nil }},
		{"a smaller screen", func() error { return resize(t, d, "1001x699") }},
	} {
		if err := change.do(); err != nil {
			t.Fatal(err)
		}
		for name, picture := range viewers {
			if !t.Run(change.name+"/"+name, func(t *testing.T) { watch(t, d, picture, same) }) {
				t.FailNow()
			}
		}
	}
	t.Run("typing", func(t *testing.T) { typeThrough(t, d, m.viewers) })
	t.Run("wrong password", func(t *testing.T) {
		if err := startLVC(t, m.viewers, "zrle", -1, "wrong").await("ready"); err == nil {
			t.Error("libvncclient came in with a wrong password")
		}
	})
	t.Run("right after wrong", func(t *testing.T) { watch(t, d, libvncclient("raw", -1)(t, m.viewers), same) })
}

// TestMirrorWithLoss looks through a bridge with the quality that it has by itself.
func TestMirrorWithLoss(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := meet(t, "", "127.0.0.1", "", "--no-password")
	m.allow(t, m.host(t, "", d.Display))
	watch(t, d, tightvnc("xtightvncviewer", "-nojpeg")(t, m.viewers), alike)
	got, _ := gvnccapture(t, m.viewers)
	if err := alike(d.look(t), got); err != nil {
		keep(t, "gvnccapture", got)
		t.Error(err)
	}
}
