package rfb

import (
	"bufio"
	"errors"
	"image"
	"strings"
	"testing"
)

// TestTRLEForms: each form of a tile is used where it is the shortest, those with the palette of the tile before too.
func TestTRLEForms(t *testing.T) {
	dots := func(colours int, every int) func(x, y int) uint32 {
		return func(x, y int) uint32 {
			if i := x%16 + 16*(y%16); i%every == 0 {
				return uint32(i/every%colours) * 0x010203
			}
			return 0
		}
	}
	for _, tt := range []struct {
		name string
		m    *Image
		want []byte
	}{
		{"solid", solidScreen(32, 16), []byte{zrleSolid, zrleSolid}},
		{"noise", noiseScreen(32, 16), []byte{zrleRaw, zrleRaw}},
		{"two colours", screen(48, 16, dots(2, 1)), []byte{2, trlePacked, trlePacked}},
		{"sixteen colours", screen(32, 16, dots(16, 1)), []byte{16, trlePacked}},
		{"a few runs", screen(32, 16, dots(8, 32)), []byte{zrlePaletteRLE + 8, trleRuns}},
		{"long runs", screen(32, 16, func(x, y int) uint32 { return uint32(y/4+x/16*4) * 0x010203 }), []byte{zrlePlainRLE, zrlePlainRLE}},
		{"a palette after noise", screen(48, 16, func(x, y int) uint32 {
			if x/16 == 1 {
				return noiseScreen(48, 16).Row(x, x+1, y)[0]
			}
			return dots(2, 1)(x, y)
		}), []byte{2, zrleRaw, 2}},
		{"two colours after sixteen", screen(32, 16, func(x, y int) uint32 {
			if x < 16 {
				return dots(16, 1)(x, y)
			}
			return dots(2, 1)(x, y)
		}), []byte{16, 2}},
	} {
		buf, _ := new(Encoder).Append(nil, EncodingTRLE, tt.m, tt.m.Rect)
		v := &plainViewer{t: t, f: Native, m: NewImage(tt.m.Rect)}
		v.from(buf)
		if diff := firstDifference(v.m, tt.m); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if string(v.kinds) != string(tt.want) {
			t.Errorf("%s: tiles of kind %d, not %d", tt.name, v.kinds, tt.want)
		}
	}
}

// TestTRLEPaletteEndsWithItsRectangle: the next one begins without.
func TestTRLEPaletteEndsWithItsRectangle(t *testing.T) {
	r := image.Rect(0, 0, 16, 16)
	d, m := newDecoder(Native), NewImage(r)
	two := string(join(2, zeros(6), zeros(32)))
	if err := d.Decode(bufio.NewReader(strings.NewReader(two)), EncodingTRLE, r, m); err != nil {
		t.Fatal(err)
	}
	again := string(join(trlePacked, zeros(32)))
	if err := d.Decode(bufio.NewReader(strings.NewReader(again)), EncodingTRLE, r, m); !errors.Is(err, errTRLEPalette) {
		t.Error(err)
	}
}
