//go:build linux

package x11

// Keysyms older than Unicode and the characters that they stand for (X Window System Protocol, appendix A). The name
// of a run is that of its character set. Those whose character the appendix calls an approximation are left out.

// legacyRuns are runs of keysyms with the character of each; a space where there is none.
var legacyRuns = []struct {
	first uint32
	chars string
}{
	{0x01a1, "Ą˘Ł ĽŚ  ŠŞŤŹ ŽŻ ą˛ł ľśˇ šşťź˝žżŔ  Ă ĹĆ Č Ę Ě  ĎĐŃŇ  Ő  ŘŮ Ű  Ţ ŕ  ă ĺć č ę ě  ďđńň  ő  řů ű  ţ˙"}, // Latin 2
	{0x02a1, "Ħ"}, // Latin 3
	{0x02a6, "Ĥ  İ ĞĴ"},
	{0x02b1, "ħ"},
	{0x02b6, "ĥ  ı ğĵ"},
	{0x02c5, "ĊĈ"},
	{0x02d5, "Ġ  Ĝ"},
	{0x02dd, "ŬŜ"},
	{0x02e5, "ċĉ"},
	{0x02f5, "ġ  ĝ"},
	{0x02fd, "ŭŝ"},
	{0x03a2, "ĸŖ ĨĻ   ĒĢŦ"}, // Latin 4
	{0x03b3, "ŗ ĩļ   ēģŧŊ ŋĀ"},
	{0x03c7, "Į"},
	{0x03cc, "Ė  Ī ŅŌĶ"},
	{0x03d9, "Ų   ŨŪ ā"},
	{0x03e7, "į"},
	{0x03ec, "ė  ī ņōķ"},
	{0x03f9, "ų   ũū"},
	{0x047e, "‾"}, // Katakana
	{0x04a1, "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜"},
	{0x06a1, "ђѓёєѕіїјљњћќґўџ№ЂЃЁЄЅІЇЈЉЊЋЌҐЎЏюабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"}, // Cyrillic
	{0x07a1, "ΆΈΉΊΪ ΌΎΫ Ώ  ΅― άέήίϊΐόύϋΰώ"}, // Greek
	{0x07c1, "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣ ΤΥΦΧΨΩ"},
	{0x07e1, "αβγδεζηθικλμνξοπρσςτυφχψω"},
	{0x08a1, "⎷  ⌠⌡ ⎡⎣⎤⎦⎛⎝⎞⎠⎨⎬"}, // technical
	{0x08bc, "≤≠≥∫∴∝∞  ∇  ∼≃   ⇔⇒≡"},
	{0x08d6, "√   ⊂⊃∩∪∧∨"},
	{0x08ef, "∂"},
	{0x08f6, "ƒ"},
	{0x08fb, "←↑→↓"},
	{0x09e0, "◆▒␉␌␍␊  ␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│"}, // line drawing
	{0x0aa1, "\u2003\u2002\u2004\u2005\u2007\u2008\u2009\u200a—–   …‥⅓⅔⅕⅖⅗⅘⅙⅚℅  ‒"}, // publishing
	{0x0ac3, "⅛⅜⅝⅞  ™"},
	{0x0ad0, "‘’“”℞‰′″ ✝"},
	{0x0aec, "♣♦♥ ✠†‡✓✗♯♭♂♀☎⌕℗‸‚„"},
	{0x0bc2, "⊤ ⌊"}, // APL
	{0x0bca, "∘ ⎕ ⊥○   ⌈"},
	{0x0bdc, "⊣"},
	{0x0bfc, "⊢"},
	{0x0ea1, "ㄱㄲㄳㄴㄵㄶㄷㄸㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅃㅄㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣᆨᆩᆪᆫᆬᆭᆮᆯᆰᆱᆲᆳᆴᆵᆶᆷᆸᆹᆺᆻᆼᆽᆾᆿᇀᇁᇂㅭㅱㅸㅿㆁㆄㆆㆍㆎᇫᇰᇹ"}, // Korean
	{0x13bc, "ŒœŸ"}, // Latin 9
	{0x20ac, "€"},   // currency
}

// legacyBlocks are n keysyms from first on, whose characters follow one another from char on.
var legacyBlocks = []struct {
	first uint32
	char  rune
	n     int
}{
	{0x05ac, 0x060c, 1}, {0x05bb, 0x061b, 1}, {0x05bf, 0x061f, 1}, {0x05c1, 0x0621, 26}, {0x05e0, 0x0640, 19}, // Arabic
	{0x0cdf, 0x2017, 1}, {0x0ce0, 0x05d0, 27}, // Hebrew
	{0x0da1, 0x0e01, 58}, {0x0ddf, 0x0e3f, 15}, {0x0df0, 0x0e50, 10}, // Thai
}

// legacy maps a keysym to its character.
var legacy = func() map[uint32]rune {
	m := make(map[uint32]rune, 800)
	for _, run := range legacyRuns {
		sym := run.first
		for _, char := range run.chars {
			if char != ' ' {
				m[sym] = char
			}
			sym++
		}
	}
	for _, block := range legacyBlocks {
		for i := range block.n {
			m[block.first+uint32(i)] = block.char + rune(i)
		}
	}
	return m
}()
