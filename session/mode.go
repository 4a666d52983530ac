package session

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

// word is names[i], and "unknown" for a value from a newer program.
func word(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}
