//go:build linux

package conformance

import (
	"image"
	"testing"

	"sixgate/rfb"
)

// TestServers lets our decoder look at servers that others wrote, while their desktop changes.
func TestServers(t *testing.T) {
	const quality8 = rfb.EncodingQualityLevel0 + 8
	for name, encodings := range map[string][]rfb.Encoding{
		"x11vnc":     {rfb.EncodingRaw, rfb.EncodingRRE, rfb.EncodingCoRRE, rfb.EncodingHextile, rfb.EncodingZlib, rfb.EncodingZRLE, rfb.EncodingTight},
		"X0tigervnc": {rfb.EncodingRaw, rfb.EncodingRRE, rfb.EncodingHextile, rfb.EncodingZRLE, rfb.EncodingTight},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := sharePeer(t, d, name)
			viewers := map[string]func() (*image.RGBA, error){}
			for _, e := range encodings {
				viewers[e.String()] = ours(e, rfb.EncodingCopyRect)(t, s)
			}
			lossy := ours(rfb.EncodingTight, rfb.EncodingCopyRect, quality8)(t, s)
			look := func(change string) {
				for e, picture := range viewers {
					t.Run(change+"/"+e, func(t *testing.T) { watch(t, d, picture, same) })
				}
				t.Run(change+"/Tight JPEG", func(t *testing.T) { watch(t, d, lossy, alike) })
			}
			look("at first")
			d.page.Scroll(13)
			look("scrolled")
			d.page.Move(image.Pt(411, 203))
			look("moved")
		})
	}
}

// formats are what our client can ask for besides Native.
var formats = []struct {
	name   string
	format rfb.PixelFormat
	judge  compare
}{
	{"888 big", rfb.PixelFormat{BitsPerPixel: 32, Depth: 24, BigEndian: true, TrueColour: true,
		RedMax: 255, GreenMax: 255, BlueMax: 255, RedShift: 16, GreenShift: 8}, same},
	{"565 little", rfb.PixelFormat{BitsPerPixel: 16, Depth: 16, TrueColour: true,
		RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 11, GreenShift: 5}, coarse(5, 6, 5)},
	{"565 big", rfb.PixelFormat{BitsPerPixel: 16, Depth: 16, BigEndian: true, TrueColour: true,
		RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 11, GreenShift: 5}, coarse(5, 6, 5)},
	{"233", rfb.PixelFormat{BitsPerPixel: 8, Depth: 8, TrueColour: true,
		RedMax: 7, GreenMax: 7, BlueMax: 3, GreenShift: 3, BlueShift: 6}, coarse(3, 3, 2)},
}

// TestServersInOtherFormats asks the same servers for pixels of 16 and 8 bits.
func TestServersInOtherFormats(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"x11vnc", "X0tigervnc"} {
		s := sharePeer(t, d, name)
		for _, tt := range formats {
			for _, e := range []rfb.Encoding{rfb.EncodingRaw, rfb.EncodingHextile, rfb.EncodingZRLE, rfb.EncodingTight} {
				t.Run(name+"/"+tt.name+"/"+e.String(), func(t *testing.T) {
					f := follow(t, s, rfb.ClientOptions{Format: tt.format, Encodings: []rfb.Encoding{e, rfb.EncodingCursor}})
					watch(t, d, f.picture, tt.judge)
				})
			}
		}
	}
}
