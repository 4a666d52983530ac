package session

import (
	"crypto/subtle"
	"fmt"
)

// MaxAttempts is how often the check digits may be typed.
const MaxAttempts = 3

// Attempts counts how often the user has typed the check digits. The zero value has all attempts left. Not for
// concurrent use.
type Attempts struct{ wrong int }

// Try compares what the user typed with the check digits. It returns nil when they fit, a WrongDigitsError while there
// are attempts left, and WrongDigits when the code is burnt, for this and every later try.
func (a *Attempts) Try(typed, digits string) error {
	if a.wrong >= MaxAttempts {
		return WrongDigits
	}
	got, ok := parseDigits(typed, CheckDigits)
	if ok && len(digits) == CheckDigits && subtle.ConstantTimeCompare([]byte(got), []byte(digits)) == 1 {
		return nil
	}
	if a.wrong++; a.wrong >= MaxAttempts {
		return WrongDigits
	}
	return WrongDigitsError{Left: MaxAttempts - a.wrong}
}

// WrongDigitsError says that the check digits did not fit and may be typed again.
type WrongDigitsError struct{ Left int }

func (e WrongDigitsError) Error() string {
	return fmt.Sprintf("these are not the check digits; ask your supporter to read them again (attempts left: %d)", e.Left)
}
