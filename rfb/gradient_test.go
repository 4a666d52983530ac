package rfb

import (
	"math/rand/v2"
	"testing"
)

// TestGradientOfEveryPixel compares the lanes with the filter as it is specified, at the borders of every range.
func TestGradientOfEveryPixel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	values := []uint32{0, 1, 2, 100, 127, 128, 129, 253, 254, 255}
	row, above := make([]uint32, 2048), make([]uint32, 2048)
	for round := range 50 {
		for i := range row {
			for shift := 0; shift < 24; shift += 8 {
				row[i] = row[i]&^(0xff<<shift) | values[rnd.IntN(len(values))]<<shift
				above[i] = above[i]&^(0xff<<shift) | values[rnd.IntN(len(values))]<<shift
			}
		}
		got := appendGradient([]byte("before"), row, above)
		if string(got[:6]) != "before" || len(got) != 6+3*len(row) {
			t.Fatalf("%d bytes", len(got))
		}
		for i, px := range row {
			for c, shift := range []int{16, 8, 0} {
				foretold := int(above[i] >> shift & 255)
				if i > 0 {
					foretold += int(row[i-1]>>shift&255) - int(above[i-1]>>shift&255)
				}
				want := byte(int(px>>shift&255) - min(max(foretold, 0), 255))
				if rest := got[6+3*i+c]; rest != want {
					t.Fatalf("round %d pixel %d colour %d: %d, not %d", round, i, c, rest, want)
				}
			}
		}
	}
}

// TestGradientIsSmaller, by half for photos and by much for what was drawn with soft shades, and never larger.
func TestGradientIsSmaller(t *testing.T) {
	for _, s := range screens {
		m := s.draw(640, 480)
		size := func(gradient bool, level int) float64 {
			buf, _ := (&Encoder{Gradient: gradient, Level: level}).Append(nil, EncodingTight, m, m.Rect)
			return float64(len(buf))
		}
		most := map[string]float64{"photo": 0.6, "gradient": 0.1, "desktop": 0.75, "noise": 1.001}[s.name]
		if of := size(true, -1) / size(false, -1); of > max(most, 0.001) && most > 0 || of > 1.001 {
			t.Errorf("%s: %.3f of the bytes", s.name, of)
		}
		if of := size(true, 0) / size(false, 0); of != 1 {
			t.Errorf("%s: %.3f of the bytes without compression", s.name, of)
		}
	}
}

// TestWhoKnowsTheGradient: an older noVNC would break off at the first rectangle.
func TestWhoKnowsTheGradient(t *testing.T) {
	knows := map[string]bool{}
	for _, v := range viewers {
		knows[v.viewer] = v.encodings.Gradient()
	}
	for _, viewer := range []string{"TigerVNC 1.12", "xtightvncviewer 1.3.10", "ssvncviewer 1.0.29", "gvncviewer 1.3.1", "libvncclient 0.9.14", "noVNC 1.7", "vncsnapshot 1.2a"} {
		if !knows[viewer] {
			t.Errorf("%s could have it", viewer)
		}
	}
	if knows["Net::VNC"] || (SetEncodings{1, 7, -260, 16, 5, 2, 0, -26, -254, -223, -224, -258, -308, -309, -312, -313, -307, -1063131698, 0x574d5664, -239}).Gradient() {
		t.Error("noVNC 1.4 or Net::VNC is sent what it cannot decode")
	}
	if !(SetEncodings{EncodingTight, EncodingGradient}).Gradient() {
		t.Error("ours is not sent it")
	}
}
