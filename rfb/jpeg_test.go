package rfb

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"testing"
)

// psnr compares a part of two images, in dB.
func psnr(a, b *Image, r image.Rectangle) float64 {
	sum := 0.0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		rowA, rowB := a.Row(r.Min.X, r.Max.X, y), b.Row(r.Min.X, r.Max.X, y)
		for x := range rowA {
			for shift := 0; shift < 24; shift += 8 {
				d := float64(rowA[x]>>shift&255) - float64(rowB[x]>>shift&255)
				sum += d * d
			}
		}
	}
	return 10 * math.Log10(255*255/(sum/float64(3*r.Dx()*r.Dy())))
}

type jpegCoder interface {
	compress(dst []byte, m *Image, r image.Rectangle, how JPEG) ([]byte, error)
	decompress(data []byte, m *Image, r image.Rectangle) error
}

func jpegCodecs() map[string]jpegCoder {
	return map[string]jpegCoder{"libjpeg-turbo or what there is": new(jpegCodec), "ours": new(goJPEG)}
}

// TestJPEG has each codec read what the other wrote, within an image that it must leave alone elsewhere.
func TestJPEG(t *testing.T) {
	m := photoScreen(150, 120)
	for _, r := range []image.Rectangle{m.Rect, image.Rect(20, 30, 21, 31), image.Rect(3, 5, 100, 38), image.Rect(149, 0, 150, 120)} {
		for wrote, writer := range jpegCodecs() {
			for read, reader := range jpegCodecs() {
				for level, l := range qualityLevels {
					packed, err := writer.compress([]byte("before"), m, r, l)
					if err != nil || string(packed[:6]) != "before" {
						t.Fatalf("%s: %v", wrote, err)
					}
					got := NewImage(m.Rect)
					if err := reader.decompress(packed[6:], got, r); err != nil {
						t.Fatalf("%s by %s: %v", wrote, read, err)
					}
					for _, px := range got.Pix {
						if px>>24 != 0 {
							t.Fatalf("%s leaves a pixel %08x", read, px)
						}
					}
					if p := psnr(m, got, r); p < 24+float64(level) {
						t.Errorf("%s by %s, level %d of %v: %.1f dB", wrote, read, level, r, p)
					}
					got.fill(r, 0)
					if diff := firstDifference(got, NewImage(m.Rect)); diff != "" {
						t.Errorf("%s painted outside of %v: %s", read, r, diff)
					}
				}
			}
		}
	}
}

// TestOurJPEG is as good and as small as libjpeg-turbo's, at every quality and sampling, and reads the same everywhere.
func TestOurJPEG(t *testing.T) {
	m := photoScreen(203, 131)
	var ours goJPEG
	var theirs jpegCodec
	for _, r := range []image.Rectangle{m.Rect, image.Rect(1, 2, 2, 3), image.Rect(5, 7, 22, 24)} {
		for sampling := range SamplingGrey + 1 {
			want := NewImage(m.Rect)
			if copy(want.Pix, m.Pix); sampling == SamplingGrey {
				greys(want.Pix, m.Pix)
			}
			for _, quality := range []int{1, 2, 10, 25, 49, 50, 51, 75, 85, 92, 97, 99, 100} {
				name := fmt.Sprintf("%v sampling %d quality %d", r, sampling, quality)
				a, err := ours.compress(nil, m, r, JPEG{quality, sampling})
				if err != nil {
					t.Fatal(err)
				}
				b, err := theirs.compress(nil, m, r, JPEG{quality, sampling})
				if err != nil {
					t.Fatal(err)
				}
				if more := len(a) - len(b); more > len(b)/25+8 {
					t.Errorf("%s: %d bytes, not %d", name, len(a), len(b))
				}
				var db [3]float64
				for i, decode := range []func(*Image) error{
					func(m *Image) error { return ours.decompress(a, m, r) }, // image/jpeg
					func(m *Image) error { return theirs.decompress(a, m, r) },
					func(m *Image) error { return theirs.decompress(b, m, r) },
				} {
					got := NewImage(m.Rect)
					if err := decode(got); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					db[i] = psnr(want, got, r)
				}
				if db[1] < db[2]-1 || db[0] < db[1]-1 && sampling == Sampling444 {
					t.Errorf("%s: %.1f dB by image/jpeg and %.1f by libjpeg-turbo, whose own has %.1f", name, db[0], db[1], db[2])
				}
			}
		}
	}
}

// TestOurJPEGOfExtremes: the steepest pictures have the longest codes.
func TestOurJPEGOfExtremes(t *testing.T) {
	for name, m := range map[string]*Image{"noise": noiseScreen(64, 48), "white": negative(screen(16, 16, func(x, y int) uint32 { return 0 })),
		"stripes": screen(80, 48, func(x, y int) uint32 { return uint32(x&1) * 0xffffff }),
		"blocks":  screen(80, 48, func(x, y int) uint32 { return uint32(x/8+y/8) & 1 * 0xffffff })} {
		for sampling := range SamplingGrey + 1 {
			packed, err := new(goJPEG).compress(nil, m, m.Rect, JPEG{100, sampling})
			got := NewImage(m.Rect)
			if err = errors.Join(err, new(jpegCodec).decompress(packed, got, m.Rect)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if p := psnr(m, got, m.Rect); sampling == Sampling444 && p < 44 {
				t.Errorf("%s: %.1f dB", name, p)
			}
		}
	}
}

// TestJPEGWishes: a level stands for both parameters, and what is said of one itself goes before it, in any order.
func TestJPEGWishes(t *testing.T) {
	for _, tt := range []struct {
		list  SetEncodings
		want  JPEG
		exact bool
	}{
		{nil, JPEG{}, false},
		{SetEncodings{EncodingTight, EncodingQualityLevel0}, JPEG{15, Sampling420}, false},
		{SetEncodings{EncodingQualityLevel9, EncodingQualityLevel0 + 4}, JPEG{62, Sampling422}, false},
		{SetEncodings{EncodingQualityLevel0 + 8, EncodingFineQuality0 + 71}, JPEG{71, Sampling444}, true},
		{SetEncodings{EncodingFineQuality0, EncodingQualityLevel0 + 8}, JPEG{1, Sampling444}, true},
		{SetEncodings{EncodingFineQuality100}, JPEG{100, Sampling444}, true},
		{SetEncodings{EncodingSubsampling4X, EncodingQualityLevel0 + 8}, JPEG{92, Sampling420}, true},
		{SetEncodings{EncodingSubsampling2X, EncodingFineQuality0 + 50}, JPEG{50, Sampling422}, true},
		{SetEncodings{EncodingSubsampling1X, EncodingQualityLevel0}, JPEG{15, Sampling444}, true},
		{SetEncodings{EncodingSubsampling16X, EncodingQualityLevel0 + 8}, JPEG{92, Sampling420}, true},
		{SetEncodings{EncodingSubsampling8X, EncodingQualityLevel0 + 8}, JPEG{92, Sampling420}, true},
		{SetEncodings{EncodingSubsamplingGrey, EncodingQualityLevel0 + 8}, JPEG{92, SamplingGrey}, true},
		{SetEncodings{EncodingSubsamplingGrey}, JPEG{0, SamplingGrey}, true},
	} {
		if got, exact := tt.list.JPEG(); got != tt.want || exact != tt.exact {
			t.Errorf("%v: %v %v, want %v %v", tt.list, got, exact, tt.want, tt.exact)
		}
	}
}

// TestGreyViewer: one that wants no colour gets none, neither in photos nor in what is sent without JPEG, and text
// stays exact.
func TestGreyViewer(t *testing.T) {
	m := desktopScreen(400, 300)
	want := NewImage(m.Rect)
	greys(want.Pix, m.Pix)
	for _, j := range []JPEG{{Sampling: SamplingGrey}, {92, SamplingGrey}} {
		e := &Encoder{JPEG: j, Level: -1}
		all, got := tightRects(t, e, m)
		if j.Quality == 0 {
			if diff := firstDifference(got, want); diff != "" {
				t.Error(diff)
			}
			continue
		}
		photos := 0
		for _, s := range all {
			least := math.Inf(1)
			if s.control == tightJPEG {
				photos++
				least = 38
			}
			if p := psnr(got, want, s.r); p < least || least > 99 && !math.IsInf(p, 1) {
				t.Errorf("%v: %.1f dB", s.r, p)
			}
		}
		for i, px := range got.Pix {
			if px != px&255*0x010101 {
				t.Fatalf("pixel %d has colour: %06x", i, px)
			}
		}
		if photos == 0 || len(e.Lossy) != photos {
			t.Errorf("%d photos, loss at %v", photos, e.Lossy)
		}
	}
}

// TestSamplingIsAsAsked looks into the JPEG for how many values of each component it has.
func TestSamplingIsAsAsked(t *testing.T) {
	m := photoScreen(64, 64)
	for sampling, want := range map[Sampling]string{
		Sampling444: "\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01", Sampling422: "\x03\x01\x21\x00\x02\x11\x01\x03\x11\x01",
		Sampling420: "\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", SamplingGrey: "\x01\x01\x11\x00",
	} {
		for name, codec := range jpegCodecs() {
			packed, err := codec.compress(nil, m, m.Rect, JPEG{80, sampling})
			if err != nil {
				t.Fatal(err)
			}
			_, frame, _ := bytes.Cut(packed, []byte("\xff\xc0\x00")) // then a length, 8 bits, height and width
			if len(frame) < 20 || string(frame[6:6+len(want)]) != want {
				t.Errorf("%s, sampling %d: frame %x", name, sampling, frame[:min(20, len(frame))])
			}
		}
	}
}

// TestMovingIsCheaper, and looks nearly the same.
func TestMovingIsCheaper(t *testing.T) {
	m := photoScreen(640, 256)
	code := func(how JPEG) (bytes int, db float64) {
		var j jpegCodec
		packed, err := j.compress(nil, m, m.Rect, how)
		got := NewImage(m.Rect)
		if err = errors.Join(err, j.decompress(packed, got, m.Rect)); err != nil {
			t.Fatal(err)
		}
		return len(packed), psnr(m, got, m.Rect)
	}
	for level := range 10 {
		wish := QualityLevel(level)
		bytes, db := code(wish)
		movingBytes, movingDB := code(wish.Moving())
		most := [10]float64{1, 1, 1, 0.95, 0.92, 0.88, 0.75, 0.7, 0.55, 0.2}[level]
		if of := float64(movingBytes) / float64(bytes); of > most || movingDB < min(db-1, 41) {
			t.Errorf("level %d: %.2f of the bytes, %.1f dB of %.1f", level, of, movingDB, db)
		}
	}
	if grey := (JPEG{92, SamplingGrey}); grey.Moving() != grey {
		t.Error("who wants no colour gets some while it moves")
	}
}

// TestGreyJPEG reads what only other servers send: JPEG without colour.
func TestGreyJPEG(t *testing.T) {
	// image/jpeg writes one component for an image.Gray; both readers must spread it over three.
	packed := greyJPEG(40, 30)
	a, b := NewImage(image.Rect(0, 0, 40, 30)), NewImage(image.Rect(0, 0, 40, 30))
	if err := new(jpegCodec).decompress(packed, a, a.Rect); err != nil {
		t.Fatal(err)
	}
	if err := new(goJPEG).decompress(packed, b, b.Rect); err != nil {
		t.Fatal(err)
	}
	if p := psnr(a, b, a.Rect); p < 40 {
		t.Errorf("%.1f dB apart", p)
	}
	if a.Pix[0] == a.Pix[39] {
		t.Error("no picture")
	}
}

func greyJPEG(w, h int) []byte {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % w * 6)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}
