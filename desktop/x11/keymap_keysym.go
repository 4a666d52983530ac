//go:build linux

package x11

import "unicode"

// The keysyms that typing treats in a way of their own (X Window System Protocol, appendix A; keysymdef.h).
const (
	symLevel3Shift = 0xfe03 // ISO_Level3_Shift: AltGr
	symLeftTab     = 0xfe20 // ISO_Left_Tab: Tab with Shift
	symDeadFirst   = 0xfe50
	symDeadLast    = 0xfe8f
	symTab         = 0xff09
	symModeSwitch  = 0xff7e // AltGr before there was Level3
	symNumLock     = 0xff7f
	symPadFirst    = 0xff80 // the keypad
	symPadLast     = 0xffbd
	symShiftL      = 0xffe1
	symShiftR      = 0xffe2
	symControlL    = 0xffe3
	symControlR    = 0xffe4
	symMetaL       = 0xffe7
	symMetaR       = 0xffe8
	symAltL        = 0xffe9
	symAltR        = 0xffea
	symSuperL      = 0xffeb
	symSuperR      = 0xffec
	symHyperL      = 0xffed
	symHyperR      = 0xffee
	symUnicode     = 0x0100_0000 // plus the code point, for all characters beyond Latin-1
	symVendor      = 0x1000_0000 // XF86 and other vendors' from here on
)

// canonical gives the one form in which keysyms are compared: Unicode's where an older keysym stands for the same
// character. 0 is for what cannot be typed: surrogates, private use, control characters and numbers that are no keysym.
func canonical(sym uint32) uint32 {
	if char, ok := legacy[sym]; ok {
		return keysymOf(char)
	}
	switch {
	case sym < 0x100 || sym >= symUnicode && sym <= symUnicode+unicode.MaxRune:
		char := character(sym)
		noncharacter := char&0xfffe == 0xfffe || char >= 0xfdd0 && char <= 0xfdef
		if noncharacter || unicode.In(char, unicode.Cc, unicode.Cs, unicode.Co) {
			return 0
		}
		return keysymOf(char)
	case sym >= 0xfd00 && sym <= 0xffff, sym >= symVendor && sym < 1<<29:
		return sym
	}
	return 0
}

// character is what a canonical keysym types, 0 when that is no character.
func character(sym uint32) rune {
	switch {
	case sym < 0x100:
		return rune(sym)
	case sym > symUnicode && sym <= symUnicode+unicode.MaxRune:
		return rune(sym - symUnicode)
	}
	return 0
}

// keysymOf is the canonical keysym of a character.
func keysymOf(char rune) uint32 {
	if char <= unicode.MaxLatin1 {
		return uint32(char)
	}
	return symUnicode + uint32(char)
}

// cases gives the small and the capital form of a letter that has both, each the other's.
func cases(sym uint32) (small, capital uint32, both bool) {
	char := character(sym)
	lo, up := unicode.ToLower(char), unicode.ToUpper(char)
	if char == 0 || lo == up || unicode.ToUpper(lo) != up || unicode.ToLower(up) != lo {
		return sym, sym, false
	}
	return keysymOf(lo), keysymOf(up), true
}

// hasCase says whether CapsLock may change what a key with this keysym types. Programs do not agree on the capitals of
// letters such as ß, so it is so for every letter.
func hasCase(sym uint32) bool {
	char := character(sym)
	return unicode.IsLetter(char) || unicode.ToLower(char) != char || unicode.ToUpper(char) != char
}

// isDead says whether the keysym puts an accent on the next one.
func isDead(sym uint32) bool { return sym >= symDeadFirst && sym <= symDeadLast }

// isPad says whether the keysym is on the keypad, where NumLock chooses.
func isPad(sym uint32) bool { return sym >= symPadFirst && sym <= symPadLast }

// isPlace says whether the keysym means a key rather than a character: Tab, F11, Shift. Which level it is on is
// nobody's wish, so the modifiers stay as they are.
func isPlace(sym uint32) bool {
	return character(sym) == 0 && !isDead(sym) && !isPad(sym)
}

// isModifier says whether the keysym only changes what other keys do; on a spare key it would do nothing.
func isModifier(sym uint32) bool {
	return sym >= symShiftL && sym <= symHyperR || sym >= 0xfe01 && sym <= 0xfe0f || sym == symModeSwitch || sym == symNumLock
}

// standIns are the keys pressed instead of a modifier that the layout lacks, best first.
var standIns = map[uint32][]uint32{
	symLeftTab:     {symTab},
	symLevel3Shift: {symModeSwitch},
	symModeSwitch:  {symLevel3Shift},
	symShiftL:      {symShiftR},
	symShiftR:      {symShiftL},
	symControlL:    {symControlR},
	symControlR:    {symControlL},
	symAltL:        {symMetaL},
	symAltR:        {symLevel3Shift, symAltL}, // where the key right of the space bar is AltGr
	symMetaL:       {symAltL},
	symMetaR:       {symAltR, symAltL},
	symSuperL:      {symSuperR},
	symSuperR:      {symSuperL},
	symHyperL:      {symSuperL},
	symHyperR:      {symSuperR, symSuperL},
}
