package rfb

import (
	"strings"
	"testing"
)

func TestParsePixelFormat(t *testing.T) {
	for _, f := range formats {
		wire := (*[16]byte)(f.Append(nil))
		if got, err := ParsePixelFormat(wire); err != nil || got != f.PixelFormat {
			t.Errorf("%s: %+v, %v", f.name, got, err)
		}
	}
	if got := string(PixelFormat{}.Append(nil)); got != string(Native.Append(nil)) {
		t.Errorf("the zero format is %x on the wire", got)
	}
	for _, f := range []PixelFormat{ // what viewers in the field ask for
		{BitsPerPixel: 32, Depth: 32, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 16, GreenShift: 8},
		{BitsPerPixel: 8, Depth: 3, TrueColour: true, RedMax: 1, GreenMax: 1, BlueMax: 1, RedShift: 2, GreenShift: 1},
		{BitsPerPixel: 8, Depth: 6, TrueColour: true, RedMax: 3, GreenMax: 3, BlueMax: 3, RedShift: 4, GreenShift: 2},
		{BitsPerPixel: 16, Depth: 15, TrueColour: true, RedMax: 31, GreenMax: 31, BlueMax: 31, RedShift: 10, GreenShift: 5},
		{BitsPerPixel: 8, Depth: 8, RedMax: 3, GreenMax: 5, BlueShift: 99}, // of a colour map the rest means nothing
	} {
		if _, err := ParsePixelFormat((*[16]byte)(f.Append(nil))); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func TestBadPixelFormats(t *testing.T) {
	good := PixelFormat{BitsPerPixel: 32, Depth: 24, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 16, GreenShift: 8}
	for _, tt := range []struct {
		spoil func(f *PixelFormat)
		want  string
	}{
		{func(f *PixelFormat) { f.BitsPerPixel = 0 }, "0 bits per pixel"},
		{func(f *PixelFormat) { f.BitsPerPixel = 24 }, "24 bits per pixel"},
		{func(f *PixelFormat) { f.BitsPerPixel = 64 }, "64 bits per pixel"},
		{func(f *PixelFormat) { f.BitsPerPixel = 255 }, "255 bits per pixel"},
		{func(f *PixelFormat) { f.Depth = 0 }, "depth 0"},
		{func(f *PixelFormat) { f.Depth = 33 }, "depth 33"},
		{func(f *PixelFormat) { f.BitsPerPixel = 16 }, "depth 24 in 16"},
		{func(f *PixelFormat) { f.RedMax = 0 }, "maximum of 0"},
		{func(f *PixelFormat) { f.GreenMax = 254 }, "maximum of 254"},
		{func(f *PixelFormat) { f.BlueMax = 256 }, "maximum of 256"},
		{func(f *PixelFormat) { f.RedShift = 25 }, "at bit 25 of 32"},
		{func(f *PixelFormat) { f.RedShift = 255 }, "at bit 255"},
		{func(f *PixelFormat) { f.GreenMax, f.GreenShift = 65535, 17 }, "at bit 17"},
		{func(f *PixelFormat) { f.GreenShift = 0 }, "overlap"},
		{func(f *PixelFormat) { f.RedShift = 15 }, "overlap"},
		{func(f *PixelFormat) { f.TrueColour = false }, "colour map of depth 24 in 32"},
		{func(f *PixelFormat) { f.TrueColour, f.BitsPerPixel, f.Depth = false, 16, 8 }, "colour map of depth 8 in 16"},
		{func(f *PixelFormat) { f.TrueColour, f.BitsPerPixel, f.Depth = false, 8, 4 }, "colour map of depth 4 in 8"},
	} {
		f := good
		tt.spoil(&f)
		if _, err := ParsePixelFormat((*[16]byte)(f.Append(nil))); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, which does not say %q", f, err, tt.want)
		}
	}
}

// TestWireBytes fixes how one colour lies on the wire in each format, worked out by hand from the specification.
func TestWireBytes(t *testing.T) {
	want := map[string]string{
		"native": "\x33\x66\x99\x00", "888 RGBX": "\x99\x66\x33\x00", "888 XRGB": "\x00\x99\x66\x33", "888 XBGR": "\x00\x33\x66\x99",
		"888 of depth 32": "\x00\x33\x66\x99", "565 little-endian": "\x26\x9b", "565 big-endian": "\x9b\x26",
		"233": "\x5c", "colour map": "\x79",
	}
	// 233: red 0x99 is 4 of 7, green 0x66 is 3 of 7, blue 0x33 is 1 of 3: 4 | 3<<3 | 1<<6. The map: 3*36 + 2*6 + 1.
	for _, f := range formats {
		wire, ok := want[f.name]
		if !ok {
			continue
		}
		var p packer
		p.use(f.PixelFormat)
		row := p.row(make([]uint32, 1), []uint32{0x996633})
		if got := string(appendPixels(nil, row, p.size, 0)); got != wire {
			t.Errorf("%s: %x, not %x", f.name, got, wire)
		}
	}
}

// TestCPixel: which three bytes ZRLE sends (RFC 6143 §7.7.5).
func TestCPixel(t *testing.T) {
	for _, tt := range []struct {
		name       string
		size, skip int
	}{
		{"native", 3, 0}, {"888 RGBX", 3, 0}, {"888 XRGB", 3, 1}, {"888 XBGR", 3, 1}, {"888 of depth 32", 4, 0},
		{"888 at odd bits", 4, 0}, {"10 bits each", 4, 0}, {"565 in 32 bits", 3, 1}, {"565 big-endian", 2, 0}, {"233", 1, 0}, {"colour map", 1, 0},
	} {
		for _, f := range formats {
			if f.name != tt.name {
				continue
			}
			if size, skip := f.cpixel(); size != tt.size || skip != tt.skip {
				t.Errorf("%s: %d bytes after %d, not %d after %d", f.name, size, skip, tt.size, tt.skip)
			}
		}
	}
}

func TestColourMapIsDistinct(t *testing.T) {
	seen := map[uint32]bool{}
	for i, c := range ColourMap() {
		if seen[c] || c>>24 != 0 {
			t.Errorf("colour %d is %08x", i, c)
		}
		seen[c] = true
	}
}
