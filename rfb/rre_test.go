package rfb

import (
	"encoding/binary"
	"image"
	"testing"
)

// headers encodes m and returns where its rectangles lie, by encoding.
func headers(t *testing.T, enc Encoding, m *Image) map[Encoding][]image.Rectangle {
	t.Helper()
	e := &Encoder{Level: -1}
	buf, n := e.Append(nil, enc, m, m.Rect)
	v := &plainViewer{t: t, f: Native, m: NewImage(m.Rect)}
	all := map[Encoding][]image.Rectangle{}
	rest := buf
	for range n {
		u16 := func(i int) int { return int(binary.BigEndian.Uint16(rest[i:])) }
		r := image.Rect(u16(0), u16(2), u16(0)+u16(4), u16(2)+u16(6))
		enc := Encoding(binary.BigEndian.Uint32(rest[8:]))
		all[enc] = append(all[enc], r)
		rest = rest[v.from(rest):]
	}
	if diff := firstDifference(v.m, m); diff != "" {
		t.Error(diff)
	}
	return all
}

// TestRREIsRawWhereThatIsShorter, and only there.
func TestRREIsRawWhereThatIsShorter(t *testing.T) {
	m := textScreen(512, 256)
	photo := photoScreen(512, 256)
	for y := range 256 {
		copy(m.Row(256, 512, y), photo.Row(256, 512, y))
	}
	for _, enc := range []Encoding{EncodingRRE, EncodingCoRRE} {
		all := headers(t, enc, m)
		if len(all[enc]) != 16 || len(all[EncodingRaw]) != 16 {
			t.Errorf("%v: %d and %d raw", enc, len(all[enc]), len(all[EncodingRaw]))
		}
		for _, r := range all[EncodingRaw] {
			if r.Min.X < 256 {
				t.Errorf("%v: text at %v is raw", enc, r)
			}
		}
	}
}

// TestSolidIsOneRRE: one rectangle without subrectangles, or as few as CoRRE allows.
func TestSolidIsOneRRE(t *testing.T) {
	m := solidScreen(600, 300)
	if all := headers(t, EncodingRRE, m); len(all[EncodingRRE]) != 1 {
		t.Errorf("%v", all)
	}
	if all := headers(t, EncodingCoRRE, m); len(all[EncodingCoRRE]) != 6 {
		t.Errorf("%v", all)
	}
}
