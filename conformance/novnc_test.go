//go:build linux

package conformance

import (
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"sixgate/rfb"
)

const chromium = "/usr/bin/chromium"

// startNoVNC opens noVNC in a browser. It lists all encodings that it knows but those in without.
func startNoVNC(t *testing.T, s *server, quality int, without ...rfb.Encoding) *puppet {
	t.Helper()
	list, err := json.Marshal(append([]rfb.Encoding{}, without...))
	if err != nil {
		t.Fatal(err)
	}
	v := startPuppet(t, "node", "testdata/novnc/viewer.mjs", chromium, fmt.Sprint(s.port), fmt.Sprint(quality), string(list))
	if err := v.await("ready"); err != nil {
		t.Fatal(err)
	}
	return v
}

// noVNCState is what noVNC makes use of.
type noVNCState struct {
	Fence, Continuous, Scancodes, Buttons, Clipboard bool

	Seen map[rfb.Encoding]int // rectangles
	Gone any
}

func (v *puppet) state(t *testing.T) (s noVNCState) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "state")
	if err := v.do("state " + name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNoVNC drives noVNC in Chromium: what it shows, what is typed in it, what is copied on both sides.
func TestNoVNC(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := share(t, d)
	v := startNoVNC(t, s, 9)
	t.Run("picture", func(t *testing.T) {
		watch(t, d, v.picture, same)
		d.page.Scroll(13)
		watch(t, d, v.picture, same)
	})
	t.Run("typing", func(t *testing.T) {
		typed := d.reader(t, image.Rect(300, 450, 660, 580))
		if err := v.do("point 400 500"); err != nil {
			t.Fatal(err)
		}
		d.awaitPointer(t, image.Pt(400, 500))
		text := "Hello, World! {~|}\n\"ä\" 'Ö' ß § 50 €\n"
		quoted, err := json.Marshal(text)
		if err == nil {
			err = v.do("type " + string(quoted))
		}
		if err != nil {
			t.Fatal(err)
		}
		typed(text)
	})
	t.Run("clipboard", func(t *testing.T) {
		text := "from the browser: ä Ж 漢字 😀\nand a second line"
		quoted, err := json.Marshal(text)
		if err == nil {
			err = v.do("cut " + string(quoted))
		}
		if err != nil {
			t.Fatal(err)
		}
		d.pastes(t, text)
		text = "from the desktop: ä Ж 漢字 😀\nand a second line"
		d.copies(t, text)
		v.pastes(t, text)
	})
	if got := v.state(t); !got.Fence || !got.Continuous || !got.Scancodes || !got.Buttons || !got.Clipboard {
		t.Errorf("noVNC was not offered everything: %+v", got)
	}
	t.Run("TightPNG", func(t *testing.T) {
		v := startNoVNC(t, s, 9, rfb.EncodingTight)
		watch(t, d, v.picture, same)
		if got := v.state(t); got.Seen[rfb.EncodingTightPNG] == 0 {
			t.Errorf("the server used %v", got.Seen)
		}
	})
	t.Run("JPEG beside ZRLE", func(t *testing.T) {
		v := startNoVNC(t, s, 9, rfb.EncodingTight, rfb.EncodingTightPNG)
		watch(t, d, v.picture, same)
		if got := v.state(t); got.Seen[rfb.EncodingJPEG] == 0 || got.Seen[rfb.EncodingZRLE] == 0 {
			t.Errorf("the server used %v", got.Seen)
		}
	})
}
