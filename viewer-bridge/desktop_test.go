package viewerbridge

import (
	"slices"
	"testing"

	"sixgate/rfb"
)

// The bridge decides what the path to the host carries: Tight, at its own quality.
func TestHostIsAskedForTight(t *testing.T) {
	for quality := -1; quality <= 9; quality++ {
		got := (&Bridge{Quality: quality}).encodings()
		if got[0] != rfb.EncodingTight {
			t.Errorf("quality %d: the host is asked for %v first", quality, got[0])
		}
		levels := slices.DeleteFunc(slices.Clone(got), func(e rfb.Encoding) bool { _, ok := e.QualityLevel(); return !ok })
		switch {
		case quality < 0 && len(levels) == 0: // lossless
		case quality >= 0 && len(levels) == 1 && levels[0] == rfb.EncodingQualityLevel0+rfb.Encoding(quality):
		default:
			t.Errorf("quality %d: the host is asked for %v", quality, levels)
		}
	}
}
