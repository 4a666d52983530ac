package rfb

// JPEG says how photos are sent where the encoding has JPEG. The zero JPEG is no JPEG: all is sent without loss.
type JPEG struct {
	Quality  int      // 1 to 100, as libjpeg counts; 0: none
	Sampling Sampling // of colour
}

// Sampling says for how many pixels, across and down, a JPEG has one value of colour.
type Sampling uint8

const (
	Sampling444  Sampling = iota // 1x1
	Sampling422                  // 2x1
	Sampling420                  // 2x2
	SamplingGrey                 // no colour, which goes for what is sent without JPEG, too
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

// Moving returns what j becomes for pictures that change faster than one can look at them: a sixth off the quality
// above 50, and a value of colour for four pixels. What comes to rest has to be sent again.
//
// At the viewers' levels, of j's, for two pictures of 1280x720 by libjpeg-turbo:
//
//	level        3     4     5     6     7     8     9
//	time      0.82  0.82  0.81  0.60  0.55  0.53  0.27
//	bytes     0.92  0.90  0.85  0.75  0.65  0.52  0.12
//	PSNR, dB   0.0   0.0  -0.4  -0.4  -0.5  -0.5  -8.8, to 41.5
//
// Levels 0 to 2 stay as they are: they have little colour already.
func (j JPEG) Moving() JPEG {
	if j.Sampling == SamplingGrey {
		return j
	}
	return JPEG{j.Quality - max(j.Quality-50, 0)/6, Sampling420}
}

// samplings are what viewers may ask for. A JPEG with a value of colour for 16 pixels has more blocks in a unit than
// the standard allows, and one for 8 is read by few: they get the most that everybody reads, as from TigerVNC.
var samplings = map[Encoding]Sampling{
	EncodingSubsampling1X: Sampling444, EncodingSubsampling2X: Sampling422, EncodingSubsampling4X: Sampling420,
	EncodingSubsampling8X: Sampling420, EncodingSubsampling16X: Sampling420, EncodingSubsamplingGrey: SamplingGrey,
}

// JPEG returns what the viewer wants of photos: none without a quality. Exact says that it chose the parameters of
// JPEG themselves, which are then not ours to vary; they go before its quality level.
func (m SetEncodings) JPEG() (j JPEG, exact bool) {
	fine, sampling := 0, -1
	for _, e := range m {
		if level, ok := e.QualityLevel(); ok {
			j = QualityLevel(level)
		} else if q, ok := e.FineQuality(); ok {
			fine = max(q, 1) // as libjpeg does
		} else if s, ok := samplings[e]; ok {
			sampling = int(s)
		}
	}
	if fine > 0 {
		j.Quality = fine
	}
	if sampling >= 0 {
		j.Sampling = Sampling(sampling)
	}
	return j, fine > 0 || sampling >= 0
}
