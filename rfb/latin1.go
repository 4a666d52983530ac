package rfb

import (
	"bytes"
	"unicode/utf8"
)

// appendLatin1 adds s in ISO 8859-1, the only character set of cut text, with line ends of one line feed
// (RFC 6143 §7.5.6). A character that is not in it becomes what a typist without it would write, or a question mark.
func appendLatin1(b []byte, s string) []byte {
	from := len(b)
	for _, r := range s {
		if r <= 0xff {
			b = append(b, byte(r))
		} else if like, ok := typed[r]; ok {
			b = append(b, like...)
		} else {
			b = append(b, '?')
		}
	}
	return b[:from+len(lineFeeds(b[from:]))]
}

// typed is how characters that Latin-1 lacks are typed without them: those of its successor Windows-1252, what word
// processors make of what is typed, and the letters of the languages that need but a few more.
var typed = plain(
	"EUR", "€", "'", "‘’‛′", ",", "‚", "\"", "“”‟″", ",,", "„", "-", "‐‑‒–—―−", "...", "…", "*", "•", "<", "‹", ">", "›",
	"+", "†", "++", "‡", "%o", "‰", "(TM)", "™", "^", "ˆ", "~", "˜", " ", "\u2002\u2003\u2007\u2009\u200a\u202f", "", "\u200b\u200d\u2060\ufeff",
	"->", "→", "<-", "←", "<=", "≤", ">=", "≥", "!=", "≠", "ff", "ﬀ", "fi", "ﬁ", "fl", "ﬂ", "OE", "Œ", "oe", "œ", "f", "ƒ",
	"A", "ĀĂĄ", "a", "āăą", "C", "ĆĈĊČ", "c", "ćĉċč", "D", "ĎĐ", "d", "ďđ", "E", "ĒĔĖĘĚ", "e", "ēĕėęě", "G", "ĜĞĠĢ", "g", "ĝğġģ",
	"H", "ĤĦ", "h", "ĥħ", "I", "ĨĪĬĮİ", "i", "ĩīĭįı", "J", "Ĵ", "j", "ĵ", "K", "Ķ", "k", "ķ", "L", "ĹĻĽĿŁ", "l", "ĺļľŀł",
	"N", "ŃŅŇ", "n", "ńņň", "O", "ŌŎŐ", "o", "ōŏő", "R", "ŔŖŘ", "r", "ŕŗř", "S", "ŚŜŞŠȘ", "s", "śŝşšș", "ß", "ẞ",
	"T", "ŢŤŦȚ", "t", "ţťŧț", "U", "ŨŪŬŮŰŲ", "u", "ũūŭůűų", "W", "Ŵ", "w", "ŵ", "Y", "ŶŸ", "y", "ŷ", "Z", "ŹŻŽ", "z", "źżž",
)

// plain maps each character of every second string to the Latin-1 of the string before it.
func plain(pairs ...string) map[rune][]byte {
	m := make(map[rune][]byte)
	for ; len(pairs) > 0; pairs = pairs[2:] {
		var like []byte
		for _, r := range pairs[0] {
			like = append(like, byte(r))
		}
		for _, r := range pairs[1] {
			m[r] = like
		}
	}
	return m
}

// fromLatin1 returns the text of b, with line ends of one line feed. RealVNC's viewer and others send UTF-8 here, which
// nobody means in Latin-1: it would be accented capitals, each followed by a control character or a sign.
func fromLatin1(b []byte) string {
	if utf8.Valid(b) {
		return string(lineFeeds(bytes.Clone(b)))
	}
	s := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		s = utf8.AppendRune(s, rune(c))
	}
	return string(lineFeeds(s))
}

// lineFeeds makes, in place, one line feed of each with carriage returns before it. Others stay.
func lineFeeds(b []byte) []byte {
	out := b[:0]
	for _, c := range b {
		if c == '\n' {
			out = bytes.TrimRight(out, "\r")
		}
		out = append(out, c)
	}
	return out
}
