package session

import "slices"

// Mode is what a session is for. Where several apply, the lowest value takes precedence.
type Mode uint8

const (
	ModeActive   Mode = iota // the supporter works on the desktop
	ModeGuidance             // the supporter points, the user works
	ModeMonitor              // the supporter watches
	ModeChat                 // words only
	ModeFiles                // files only
)

var modeNames = [...]string{"active", "guidance", "monitor", "chat", "files"}

func (m Mode) String() string { return word(modeNames[:], int(m)) }

// Known reports whether m is a mode of this version.
func (m Mode) Known() bool { return int(m) < len(modeNames) }

// ParseMode is the mode of a name; false when there is none.
func ParseMode(name string) (Mode, bool) {
	i := slices.Index(modeNames[:], name)
	return Mode(max(i, 0)), i >= 0
}

// Offers are the permissions that there can be in a mode. All others are off in it, and cannot be turned on.
func (m Mode) Offers() Permissions {
	switch m {
	case ModeActive:
		return View | Control | Files | Clipboard | Tunnel
	case ModeGuidance:
		return View | Files | Clipboard
	case ModeMonitor:
		return View
	case ModeFiles:
		return Files
	}
	return 0
}

// Choices are the modes a session can have when a supporter wants one of them: of those that are allowed it and the lower ones, in
// the order of precedence. The first is used unless the user chooses another. There is none, and no session, where nothing
// is left: also for a mode of a newer version, of which this one cannot know what it would give.
func Choices(wanted Mode, allowed []Mode) []Mode {
	var choices []Mode
	for m := wanted; m.Known(); m++ {
		if slices.Contains(allowed, m) {
			choices = append(choices, m)
		}
	}
	return choices
}

// word is names[i], and "unknown" for a value from a newer program.
func word(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}
