package rfb

// The tables of T.81's annex K, of brightness and of colour.

// zigzag is where the values of a block lie, in the order in which they are coded.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// divisors are those of quality 50, row by row.
var divisors = [2][64]uint8{{
	16, 11, 10, 16, 24, 40, 51, 61,
	12, 12, 14, 19, 26, 58, 60, 55,
	14, 13, 16, 24, 40, 57, 69, 56,
	14, 17, 22, 29, 51, 87, 80, 62,
	18, 22, 37, 56, 68, 109, 103, 77,
	24, 35, 55, 64, 81, 104, 113, 92,
	49, 64, 78, 87, 103, 121, 120, 101,
	72, 92, 95, 98, 112, 100, 103, 99,
}, {
	17, 18, 24, 47, 99, 99, 99, 99,
	18, 21, 26, 66, 99, 99, 99, 99,
	24, 26, 56, 99, 99, 99, 99, 99,
	47, 66, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
	99, 99, 99, 99, 99, 99, 99, 99,
}}

// divisor returns one of a quality, 1 to 100, as libjpeg scales them.
func divisor(kind int, at uint8, quality int) int {
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	return min(max((int(divisors[kind][at])*scale+50)/100, 1), 255)
}

// factorsOf returns what coefficients are multiplied by, in zigzag order.
func factorsOf(quality int) (factors [2][64]float32) {
	for kind := range factors {
		for i, at := range zigzag {
			scale := cosineScale[at/8] * cosineScale[at%8] * 8
			factors[kind][i] = float32(1 / (float64(divisor(kind, at, quality)) * scale))
		}
	}
	return factors
}

// A prefix code as a JPEG has it: how many codes there are of 1 to 16 bits, and what they mean.
type prefixCode struct{ lengths, symbols string }

var firstCodes = [2]prefixCode{
	{"\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"},
	{"\x00\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"},
}

var restCodes = [2]prefixCode{
	{"\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d",
		"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08" +
			"\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28" +
			"\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59" +
			"\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89" +
			"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6" +
			"\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2" +
			"\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"},
	{"\x00\x02\x01\x02\x04\x04\x03\x04\x07\x05\x04\x04\x00\x01\x02\x77",
		"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91" +
			"\xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26" +
			"\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58" +
			"\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87" +
			"\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4" +
			"\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda" +
			"\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa"},
}

// code is how a symbol is written.
type code struct {
	bits   uint16
	length uint
}

// codes are those of a component: of a block's first value and of the rest, by symbol.
type codes struct {
	first [16]code
	rest  [256]code
}

var jpegCodes = [2]codes{codesOf(0), codesOf(1)}

func codesOf(kind int) (c codes) {
	set := func(to []code, p prefixCode) {
		next, i := uint16(0), 0
		for length, n := range []byte(p.lengths) {
			for range n {
				to[p.symbols[i]] = code{next, uint(length + 1)}
				next++
				i++
			}
			next <<= 1
		}
	}
	set(c.first[:], firstCodes[kind])
	set(c.rest[:], restCodes[kind])
	return c
}

// A JPEG's markers, each after a byte of ones (T.81 §B.1).
const (
	markerSOF0 = 0xc0 // length2, bits, height2, width2, components: number, sampling, divisors
	markerDHT  = 0xc4 // length2, codes
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda // length2, components: number, codes; what is coded of them
	markerDQT  = 0xdb // length2, divisors
	markerAPP0 = 0xe0 // length2, JFIF
)

// jpegHead returns what comes before the blocks of a JPEG, and where its height and width have a place.
func jpegHead(how JPEG) (b []byte, size int) {
	components, kinds := "\x01\x02\x03", 2
	if how.Sampling == SamplingGrey {
		components, kinds = "\x01", 1
	}
	b = append([]byte{0xff, markerSOI, 0xff, markerAPP0, 0, 16}, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"...)
	for kind := range kinds {
		b = append(b, 0xff, markerDQT, 0, 67, byte(kind))
		for _, at := range zigzag {
			b = append(b, byte(divisor(kind, at, how.Quality)))
		}
	}
	across, down := how.Sampling.unit()
	b = append(b, 0xff, markerSOF0, 0, byte(8+3*len(components)), 8)
	size = len(b)
	b = append(b, 0, 0, 0, 0, byte(len(components)))
	for i, c := range []byte(components) {
		sampling := byte(0x11)
		if i == 0 {
			sampling = byte(across/8<<4 | down/8)
		}
		b = append(b, c, sampling, byte(min(i, 1)))
	}
	for kind := range kinds {
		for class, p := range []prefixCode{firstCodes[kind], restCodes[kind]} {
			b = append(b, 0xff, markerDHT, 0, byte(3+16+len(p.symbols)), byte(class<<4|kind))
			b = append(append(b, p.lengths...), p.symbols...)
		}
	}
	b = append(b, 0xff, markerSOS, 0, byte(6+2*len(components)), byte(len(components)))
	for i, c := range []byte(components) {
		b = append(b, c, byte(min(i, 1)*0x11))
	}
	return append(b, 0, 63, 0), size
}
