package rfb

import "strconv"

// Encoding is the number of a way to code a rectangle, or of a pseudo-encoding: a wish of the
// viewer, or a rectangle that carries something other than pixels (RFC 6143 §7.7 and §7.8, and the
// community's list in rfbproto).
type Encoding int32

// Encodings of pixels.
const (
	EncodingRaw      Encoding = 0  // w*h pixels
	EncodingCopyRect Encoding = 1  // source x2, y2
	EncodingRRE      Encoding = 2  // background and subrectangles
	EncodingCoRRE    Encoding = 4  // as RRE, in pieces of at most 255x255
	EncodingHextile  Encoding = 5  // tiles of 16x16
	EncodingZlib     Encoding = 6  // length4, Raw in one zlib stream
	EncodingTight    Encoding = 7  // fill, palette, full colour, JPEG; four zlib streams
	EncodingTRLE     Encoding = 15 // tiles of 16x16, as ZRLE has them but without zlib
	EncodingZRLE     Encoding = 16 // length4, tiles of 64x64 in one zlib stream
	EncodingJPEG     Encoding = 21 // one JPEG, which may leave out the tables of the one before

	EncodingTightPNG Encoding = -260 // as Tight, with PNG in place of everything in zlib
)

// Pseudo-encodings.
const (
	EncodingQualityLevel0        Encoding = -32  // up to -23: JPEG quality level 0 to 9
	EncodingQualityLevel9        Encoding = -23  //
	EncodingFineQuality0         Encoding = -512 // up to -412: JPEG quality 0 to 100, as libjpeg counts
	EncodingFineQuality100       Encoding = -412 //
	EncodingSubsampling1X        Encoding = -768 // a value of colour for each pixel of a JPEG
	EncodingSubsampling4X        Encoding = -767 // for four
	EncodingSubsampling2X        Encoding = -766 // for two
	EncodingSubsamplingGrey      Encoding = -765 // none at all
	EncodingSubsampling8X        Encoding = -764 // for eight
	EncodingSubsampling16X       Encoding = -763 // for sixteen
	EncodingDesktopSize          Encoding = -223 // w and h are the new size, no data
	EncodingLastRect             Encoding = -224 // ends an update of 0xFFFF rectangles, no data
	EncodingPointerPos           Encoding = -232 // x, y is the pointer's place, no data; rfbproto's -225 is nobody's
	EncodingCursor               Encoding = -239 // pixels, then a bit mask; x, y is the hotspot
	EncodingXCursor              Encoding = -240 // two colours, bits, then a bit mask; x, y is the hotspot
	EncodingCompressLevel0       Encoding = -256 // up to -247: compression level 0 to 9
	EncodingCompressLevel9       Encoding = -247 //
	EncodingQEMUPointerMotion    Encoding = -257 // x is 1: PointerEvents are places, 0: movements; no data
	EncodingQEMUKey              Encoding = -258 // extended key events are understood, no data
	EncodingQEMULED              Encoding = -261 // LEDs1
	EncodingDesktopName          Encoding = -307 // length4, UTF-8
	EncodingExtendedDesktopSize  Encoding = -308 // screens1, padding3, screens of 16 bytes; x why, y result
	EncodingXVP                  Encoding = -309 // a wish: power actions
	EncodingFence                Encoding = -312 // a wish: fences
	EncodingContinuousUpdates    Encoding = -313 // a wish: updates without requests
	EncodingCursorAlpha          Encoding = -314 // encoding4, red, green, blue, alpha; x, y is the hotspot
	EncodingExtendedMouseButtons Encoding = -316 // PointerEvents may have nine buttons, no data
	EncodingTightNoZlib          Encoding = -317 // Tight may leave out zlib

	EncodingGradient          Encoding = 0x53670001         // ours: the client decodes Tight's gradient filter
	EncodingExtendedClipboard Encoding = 0xc0a1e5ce - 1<<32 // a wish: cut text in UTF-8
	EncodingVMwareCursor      Encoding = 0x574d5664         // kind1, padding1, masks or red, green, blue, alpha; x, y is the hotspot
	EncodingVMwareCursorPos   Encoding = 0x574d5666         // x, y is the pointer's place, no data
	EncodingVMwareLED         Encoding = 0x574d5668         // LEDs4
)

var encodingNames = map[Encoding]string{
	EncodingRaw: "Raw", EncodingCopyRect: "CopyRect", EncodingRRE: "RRE", EncodingHextile: "Hextile",
	EncodingZlib: "Zlib", EncodingTight: "Tight", EncodingZRLE: "ZRLE",
	EncodingCoRRE: "CoRRE", EncodingTRLE: "TRLE", EncodingJPEG: "JPEG", EncodingTightPNG: "TightPNG",
	EncodingDesktopSize: "DesktopSize", EncodingLastRect: "LastRect", EncodingCursor: "Cursor",
	EncodingSubsampling1X: "Subsampling1X", EncodingSubsampling4X: "Subsampling4X", EncodingSubsampling2X: "Subsampling2X",
	EncodingSubsamplingGrey: "SubsamplingGrey", EncodingSubsampling8X: "Subsampling8X", EncodingSubsampling16X: "Subsampling16X",
	EncodingGradient: "Gradient", EncodingDesktopName: "DesktopName", EncodingExtendedDesktopSize: "ExtendedDesktopSize",
	EncodingXCursor: "XCursor", EncodingCursorAlpha: "CursorWithAlpha", EncodingVMwareCursor: "VMwareCursor",
	EncodingTightNoZlib: "TightNoZlib",
	EncodingPointerPos:  "PointerPos", EncodingVMwareCursorPos: "VMwareCursorPos", EncodingQEMUPointerMotion: "QEMUPointerMotion",
	EncodingQEMUKey: "QEMUKey", EncodingQEMULED: "QEMULED", EncodingVMwareLED: "VMwareLED", EncodingXVP: "XVP",
	EncodingExtendedMouseButtons: "ExtendedMouseButtons", EncodingExtendedClipboard: "ExtendedClipboard",
	EncodingFence: "Fence", EncodingContinuousUpdates: "ContinuousUpdates",
}

// String is the name in the specification, or the number.
func (e Encoding) String() string {
	if name, ok := encodingNames[e]; ok {
		return name
	}
	if level, ok := e.QualityLevel(); ok {
		return "QualityLevel" + strconv.Itoa(level)
	}
	if level, ok := e.CompressLevel(); ok {
		return "CompressLevel" + strconv.Itoa(level)
	}
	if quality, ok := e.FineQuality(); ok {
		return "FineQuality" + strconv.Itoa(quality)
	}
	return strconv.Itoa(int(e))
}

// QualityLevel returns the JPEG quality level, 0 to 9, when e asks for one.
func (e Encoding) QualityLevel() (level int, ok bool) {
	return int(e - EncodingQualityLevel0), e >= EncodingQualityLevel0 && e <= EncodingQualityLevel9
}

// CompressLevel returns the compression level, 0 to 9, when e asks for one.
func (e Encoding) CompressLevel() (level int, ok bool) {
	return int(e - EncodingCompressLevel0), e >= EncodingCompressLevel0 && e <= EncodingCompressLevel9
}

// FineQuality returns the JPEG quality, 0 to 100, when e asks for one.
func (e Encoding) FineQuality() (quality int, ok bool) {
	return int(e - EncodingFineQuality0), e >= EncodingFineQuality0 && e <= EncodingFineQuality100
}
