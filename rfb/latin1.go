package rfb

import "unicode/utf8"

// appendLatin1 adds s in ISO 8859-1, the only character set of cut text, with line ends of one line feed
// (RFC 6143 §7.5.6). A character that is not in it becomes a question mark.
func appendLatin1(b []byte, s string) []byte {
	for i, r := range s {
		switch {
		case r == '\r' && i+1 < len(s) && s[i+1] == '\n':
		case r > 0xff:
			b = append(b, '?')
		default:
			b = append(b, byte(r))
		}
	}
	return b
}

// fromLatin1 returns the text of b, with line ends of one line feed.
func fromLatin1(b []byte) string {
	s := make([]byte, 0, len(b)+len(b)/8)
	for i, c := range b {
		if c == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			continue
		}
		s = utf8.AppendRune(s, rune(c))
	}
	return string(s)
}
