package rfb

import (
	"bytes"
	"unicode/utf8"
)

// appendLatin1 adds s in ISO 8859-1, the only character set of cut text, with line ends of one line feed
// (RFC 6143 §7.5.6). A character that is not in it becomes a question mark.
func appendLatin1(b []byte, s string) []byte {
	from := len(b)
	for _, r := range s {
		if r > 0xff {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return b[:from+len(lineFeeds(b[from:]))]
}

// fromLatin1 returns the text of b, with line ends of one line feed.
func fromLatin1(b []byte) string {
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
