package rfbserver

import (
	"slices"

	"sixgate/rfb"
)

// wishes are what SetEncodings says.
type wishes struct {
	encoding     rfb.Encoding // of pixels
	jpeg         rfb.JPEG
	exact        bool // jpeg is to be as it is
	level        int  // -1: none
	gradient     bool // Tight may use the filter
	noZlib       bool // Tight may leave it out
	photos       bool // may go as rectangles of JPEG, beside encoding
	cursor       bool
	desktopSize  bool
	extendedSize bool
	name         bool
	lastRect     bool
	fence        bool
	continuous   bool // and fences
	copies       bool // CopyRect
	clipboard    bool // in UTF-8
	power        bool // actions
	motion       bool // can say movements of the pointer

	cursorAs   rfb.Encoding   // the best that the viewer knows
	ledsAs     rfb.Encoding   // likewise; 0: none
	pointerAs  rfb.Encoding   // likewise
	extensions []rfb.Encoding // that the viewer has to be told of before it uses them
}

// What the viewer may know in several ways, the best first, and what it may use when it has been told that we know it.
var (
	cursorWays = []rfb.Encoding{rfb.EncodingCursorAlpha, rfb.EncodingVMwareCursor, rfb.EncodingCursor, rfb.EncodingXCursor}
	ledWays    = []rfb.Encoding{rfb.EncodingQEMULED, rfb.EncodingVMwareLED}
	placeWays  = []rfb.Encoding{rfb.EncodingPointerPos, rfb.EncodingVMwareCursorPos}
	extensions = []rfb.Encoding{
		rfb.EncodingFence, rfb.EncodingContinuousUpdates, rfb.EncodingExtendedClipboard, rfb.EncodingXVP,
		rfb.EncodingQEMUKey, rfb.EncodingExtendedMouseButtons, rfb.EncodingQEMUPointerMotion,
	}
)

// jpegLevel is the quality level of JPEG rectangles for a viewer, such as RealVNC's, that likes them best and names none.
const jpegLevel = 8

// parseWishes takes the viewer at its word: the first encoding that we can is the one it likes best. One
// that thinks itself on the server's own machine asks for Raw, and means it.
func parseWishes(list rfb.SetEncodings) wishes {
	w := wishes{encoding: rfb.EncodingRaw, level: -1}
	w.jpeg, w.exact = list.JPEG()
	w.gradient = list.Gradient()
	has := func(e rfb.Encoding) bool { return slices.Contains(list, e) }
	w.noZlib, w.copies = has(rfb.EncodingTightNoZlib), has(rfb.EncodingCopyRect)
	w.desktopSize, w.extendedSize = has(rfb.EncodingDesktopSize), has(rfb.EncodingExtendedDesktopSize)
	w.name, w.lastRect = has(rfb.EncodingDesktopName), has(rfb.EncodingLastRect)
	w.fence, w.continuous = has(rfb.EncodingFence), has(rfb.EncodingContinuousUpdates) && has(rfb.EncodingFence)
	w.clipboard, w.power, w.motion = has(rfb.EncodingExtendedClipboard), has(rfb.EncodingXVP), has(rfb.EncodingQEMUPointerMotion)
	chosen, likesJPEG := false, false
	for _, e := range list {
		switch e {
		case rfb.EncodingRaw, rfb.EncodingRRE, rfb.EncodingCoRRE, rfb.EncodingHextile, rfb.EncodingZlib, rfb.EncodingTRLE,
			rfb.EncodingZRLE, rfb.EncodingTight, rfb.EncodingTightPNG:
			if !chosen {
				w.encoding, chosen = e, true
			}
		case rfb.EncodingJPEG:
			w.photos, likesJPEG = true, !chosen
		default:
			if l, ok := e.CompressLevel(); ok {
				w.level = l
			}
		}
	}
	if likesJPEG && w.jpeg.Quality == 0 && w.encoding != rfb.EncodingTight && w.encoding != rfb.EncodingTightPNG {
		w.jpeg = rfb.QualityLevel(jpegLevel)
	}
	w.cursorAs, w.cursor = best(list, cursorWays)
	w.ledsAs, _ = best(list, ledWays)
	w.pointerAs, _ = best(list, placeWays)
	for _, e := range extensions {
		if has(e) && (e != rfb.EncodingContinuousUpdates || w.continuous) {
			w.extensions = append(w.extensions, e)
		}
	}
	return w
}

// best returns the first of ways that is in list.
func best(list rfb.SetEncodings, ways []rfb.Encoding) (way rfb.Encoding, ok bool) {
	for _, e := range ways {
		if slices.Contains(list, e) {
			return e, true
		}
	}
	return 0, false
}

// offer tells a viewer, once, which of the extensions that it listed it may use. v.mu is held.
func (v *viewer) offer() {
	for _, e := range v.wishes.extensions {
		if slices.Contains(v.offered, e) || e == rfb.EncodingXVP && v.server.Power == nil {
			continue
		}
		v.offered = append(v.offered, e)
		switch e {
		case rfb.EncodingFence:
			v.say(rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceBlockBefore | rfb.FenceBlockAfter | rfb.FenceSyncNext}.Append(nil)...)
		case rfb.EncodingContinuousUpdates:
			v.say(rfb.AppendEndOfContinuousUpdates(nil)...)
		case rfb.EncodingExtendedClipboard:
			v.say(rfb.AppendServerClipboard(nil, v.clip.peer.Caps())...)
		case rfb.EncodingQEMUPointerMotion:
			v.due.motion = true
		case rfb.EncodingXVP:
			v.say(rfb.AppendPowerOffered(nil)...)
		default:
			v.due.notices = append(v.due.notices, e)
		}
	}
}
