package rfb

// JPEG says how photos are sent where the encoding has JPEG. The zero JPEG is no JPEG: all is sent without loss.
type JPEG struct {
	Quality  int      // 1 to 100, as libjpeg counts; 0: none
	Sampling Sampling // of colour
}

// Sampling says for how many pixels, across and down, a JPEG has one value of colour.
type Sampling uint8

const (
	Sampling444 Sampling = iota // 1x1
	Sampling422                 // 2x1
	Sampling420                 // 2x2
)

// qualityLevels are TigerVNC's.
var qualityLevels = [10]JPEG{
	{15, Sampling420}, {29, Sampling420}, {41, Sampling420}, {42, Sampling422}, {62, Sampling422},
	{77, Sampling422}, {79, Sampling444}, {86, Sampling444}, {92, Sampling444}, {100, Sampling444},
}

// QualityLevel returns what a viewer means by a quality level, 0 to 9, as TigerVNC has it. Below 0 is without loss,
// and above 9 is 9.
func QualityLevel(level int) JPEG {
	if level < 0 {
		return JPEG{}
	}
	return qualityLevels[min(level, len(qualityLevels)-1)]
}
