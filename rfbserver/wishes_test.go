package rfbserver

import (
	"testing"

	"sixgate/rfb"
)

// TestChosenEncoding: the first that we have, and JPEG rectangles beside those that have no JPEG of their own.
func TestChosenEncoding(t *testing.T) {
	const quality5 = rfb.EncodingQualityLevel0 + 5
	for _, tt := range []struct {
		list           rfb.SetEncodings
		want           rfb.Encoding
		level          int // of JPEG; -1: none
		photos, noZlib bool
	}{
		{nil, rfb.EncodingRaw, -1, false, false},
		{rfb.SetEncodings{rfb.EncodingCopyRect, rfb.EncodingCoRRE, rfb.EncodingRRE, rfb.EncodingRaw}, rfb.EncodingCoRRE, -1, false, false},
		{rfb.SetEncodings{rfb.EncodingRRE, rfb.EncodingTight, quality5}, rfb.EncodingRRE, 5, false, false},
		{rfb.SetEncodings{24, 22, rfb.EncodingJPEG, rfb.EncodingZRLE, rfb.EncodingTRLE}, rfb.EncodingZRLE, jpegLevel, true, false}, // as RealVNC's
		{rfb.SetEncodings{rfb.EncodingJPEG, rfb.EncodingTRLE, quality5}, rfb.EncodingTRLE, 5, true, false},
		{rfb.SetEncodings{rfb.EncodingTRLE, rfb.EncodingJPEG}, rfb.EncodingTRLE, -1, true, false},
		{rfb.SetEncodings{rfb.EncodingJPEG, rfb.EncodingTight}, rfb.EncodingTight, -1, true, false},
		{rfb.SetEncodings{rfb.EncodingTightPNG, rfb.EncodingTight, rfb.EncodingTightNoZlib}, rfb.EncodingTightPNG, -1, false, true},
		{rfb.SetEncodings{8, 9, 10, 17, 50, rfb.EncodingZRLE}, rfb.EncodingZRLE, -1, false, false}, // what we do not have
	} {
		w := parseWishes(tt.list)
		if w.encoding != tt.want || w.jpeg != rfb.QualityLevel(tt.level) || w.photos != tt.photos || w.noZlib != tt.noZlib {
			t.Errorf("%v: %+v", tt.list, w)
		}
	}
}
