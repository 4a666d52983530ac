package session

import "strings"

// CodeDigits is the length of a code.
const CodeDigits = 6

// ParseCode reads a code as people type it: six digits, with spaces or hyphens anywhere.
func ParseCode(typed string) (code string, ok bool) { return parseDigits(typed, CodeDigits) }

// parseDigits takes n decimal digits out of what a person typed.
func parseDigits(typed string, n int) (digits string, ok bool) {
	if len(typed) > 64 { // longer than any typing error
		return "", false
	}
	digits = strings.NewReplacer(" ", "", "-", "", "\t", "", "\u00a0", "").Replace(strings.TrimSpace(typed))
	if len(digits) != n || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	return digits, true
}
