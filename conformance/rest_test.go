//go:build linux

package conformance

import (
	"fmt"
	"image"
	"slices"
	"testing"
	"time"

	"sixgate/bench/scene"
	"sixgate/rfb"
)

// TestRest looks through viewers that asked for little quality: what rests comes to be exact, and soon.
func TestRest(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	poor := []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingQualityLevel0, rfb.EncodingCursor}
	viewers := map[string]func() (*image.RGBA, error){
		"tigervnc at quality 6":     tigervnc("-PreferredEncoding", "Tight", "-QualityLevel", "6")(t, s),
		"noVNC at quality 6":        startNoVNC(t, s, 6).picture,
		"libvncclient at quality 3": libvncclient("copyrect tight", 3)(t, s),
		"sixgate at quality 0":      follow(t, s, rfb.ClientOptions{Encodings: poor}).picture,
		"KRDC at quality 7": follow(t, s, rfb.ClientOptions{Format: rgb565,
			Encodings: append([]rfb.Encoding{rfb.EncodingQualityLevel0 + 7}, krdc...)}).picture,
	}
	photo, err := d.screen.Upload(scene.Photo(image.Pt(407, 309), image.Pt(300, 9000), 5))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct {
		name string
		do   func()
	}{
		{"at first", func() {}},
		{"a photo", func() { d.page.Show(photo) }},
		{"a photo that moved", func() {
			for i := range 40 {
				d.page.Move(image.Pt(801-5*i, 53+3*i))
				d.screen.Sync()
				time.Sleep(time.Second / 60) // as a hand moves it
			}
		}},
	} {
		change.do()
		start := time.Now()
		for name, picture := range viewers {
			judge := same
			if name == "KRDC at quality 7" {
				judge = coarse(5, 6, 5)
			}
			ok := t.Run(change.name+"/"+name, func(t *testing.T) {
				watch(t, d, picture, judge)
				if took := time.Since(start); took > soon {
					t.Errorf("only after %v", took)
				}
			})
			if !ok {
				t.FailNow() // what follows would only wait for the same
			}
		}
	}
}

// TestTextIsNeverSmeared reads a terminal on a photo at the lowest quality there is, while it scrolls: after every update each
// pixel of the tiles that hold nothing but text has one of the terminal's two colours.
func TestTextIsNeverSmeared(t *testing.T) {
	d := newPhotoDesk(t)
	step := terminal(t, d)
	s := share(t, d)
	v := attach(t, s, rfb38, 1)
	v.lists(rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingQualityLevel0, rfb.EncodingCursor)
	text := image.Rect(64, 64, 11*64, 9*64) // of a terminal that reaches from (17,19) to (737,617)
	colours := map[uint32]bool{}
	screen := d.look(t)
	for y := text.Min.Y; y < text.Max.Y; y++ {
		for x := text.Min.X; x < text.Max.X; x++ {
			c := screen.RGBAAt(x, y)
			colours[uint32(c.R)<<16|uint32(c.G)<<8|uint32(c.B)] = true
		}
	}
	if len(colours) != 2 {
		t.Fatalf("the terminal has %d colours", len(colours))
	}
	sharp := func() error {
		for y := text.Min.Y; y < text.Max.Y; y++ {
			i := slices.IndexFunc(v.screen.Row(text.Min.X, text.Max.X, y), func(p uint32) bool { return !colours[p&0xffffff] })
			if i >= 0 {
				return fmt.Errorf("the pixel at (%d,%d) has another colour than the terminal", text.Min.X+i, y)
			}
		}
		return nil
	}
	v.seen = sharp
	v.asks(false)
	v.update()
	v.asks(true)
	v.walks(d, step)
}
