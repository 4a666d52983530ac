package session

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

// sets are all sets of modes, by their bits.
func modesOf(set uint) (modes []Mode) {
	for m := range Mode(len(modeNames)) {
		if set>>m&1 == 1 {
			modes = append(modes, m)
		}
	}
	return modes
}

// TestChoices has the whole of the rule as a table: for what is wanted, a row, and for each set of what is allowed, the mode that
// is used. The letters are the modes' first ones; a point is no session.
func TestChoices(t *testing.T) {
	const letters = "agmcf"
	// Columns: the sets in the order of their bits, a = 1, g = 2, m = 4, c = 8, f = 16.
	table := [...]string{
		ModeActive:   ".agamagacagamagafagamagacagamaga",
		ModeGuidance: "..ggmmggccggmmggffggmmggccggmmgg",
		ModeMonitor:  "....mmmmccccmmmmffffmmmmccccmmmm",
		ModeChat:     "........ccccccccffffffffcccccccc",
		ModeFiles:    "................ffffffffffffffff",
	}
	for wanted, row := range table {
		if len(row) != 1<<len(modeNames) {
			t.Fatalf("%v has %d sets", Mode(wanted), len(row))
		}
		for set := range uint(len(row)) {
			allowed := modesOf(set)
			used := byte('.')
			if choices := Choices(Mode(wanted), allowed); len(choices) > 0 {
				used = letters[choices[0]]
			}
			if used != row[set] {
				t.Errorf("wanted %v, allowed %v: %c is used, want %c", Mode(wanted), allowed, used, row[set])
			}
		}
	}
}

// Whatever is wanted and in whatever order it is allowed, nobody gets what they did not want or were not allowed, and nothing that
// they could have is missing.
func TestChoicesNeverRaise(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 14))
	for range 20_000 {
		wanted := Mode(r.UintN(256))
		allowed := make([]Mode, r.IntN(12))
		var set, want uint
		for i := range allowed {
			allowed[i] = Mode(r.UintN(8)) // with some of a newer version, and some twice
			set |= 1 << allowed[i]
		}
		choices := Choices(wanted, allowed)
		for _, c := range choices {
			if c < wanted || !c.Known() || !slices.Contains(allowed, c) {
				t.Fatalf("wanted %v, allowed %v: %v may be chosen", wanted, allowed, c)
			}
		}
		if wanted.Known() {
			want = set & (1<<len(modeNames) - 1) &^ (1<<wanted - 1)
		}
		if !slices.IsSorted(choices) || len(choices) != bits.OnesCount(want) || len(slices.Compact(slices.Clone(choices))) != len(choices) {
			t.Fatalf("wanted %v, allowed %v: choices %v", wanted, allowed, choices)
		}
	}
}

func TestModesOffer(t *testing.T) {
	for m, want := range map[Mode]Permissions{
		ModeActive: View | Control | Files | Clipboard | Tunnel, ModeGuidance: View | Files | Clipboard, ModeMonitor: View,
		ModeChat: 0, ModeFiles: Files, 5: 0, 255: 0,
	} {
		if m.Offers() != want {
			t.Errorf("%v offers %v, want %v", m, m.Offers(), want)
		}
		if back, ok := ParseMode(m.String()); ok != m.Known() || ok && back != m {
			t.Errorf("%v is read as %v, %v", m, back, ok)
		}
	}
}
