//go:build linux

package x11

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"sixgate/desktop/xvfb"
)

// rawKeymap is a GetMap reply as a real X server sends it.
func rawKeymap(tb testing.TB, layout string) []byte {
	tb.Helper()
	x, err := xvfb.Start(context.Background(), "64x64x24")
	if err != nil {
		tb.Fatal(err)
	}
	defer x.Close()
	if _, err := x.Run(context.Background(), "setxkbmap", "-layout", layout); err != nil {
		tb.Fatal(err)
	}
	in, err := openInput(x.Display, slog.New(slog.DiscardHandler), func() {})
	if err != nil {
		tb.Fatal(err)
	}
	defer in.close()
	req := le.AppendUint16(in.xkb.request(xkbGetMap), xkbMapParts)
	reply, err := send(in.xkb.conn, append(req, make([]byte, 28-len(req))...)).Reply()
	if err != nil {
		tb.Fatal(err)
	}
	return reply
}

func TestKeymapCutShortIsRefused(t *testing.T) {
	reply := rawKeymap(t, "us,ru")
	m, err := parseKeymap(reply)
	if err != nil {
		t.Fatal(err)
	}
	if sym, _, _ := m.typed(24, 1, modShift); sym != keysymOf('Й') {
		t.Errorf("Shift and the first letter key in the Russian group type %#x", sym)
	}
	used := len(reply) - 4 // the modifier map is padded to four bytes
	for n := range used {
		if _, err := parseKeymap(reply[:n]); err == nil {
			t.Fatalf("a keymap of %d bytes was read from its first %d", len(reply), n)
		}
	}
}

func TestKeymapThatContradictsItselfIsRefused(t *testing.T) {
	reply := shortened(rawKeymap(t, "us"), 50)
	r := mapReader{rest: reply}
	for range r.take(40)[15] {
		r.keyType()
	}
	for range 24 - 8 { // up to the first letter key
		r.key()
	}
	key := len(reply) - len(r.rest)
	for _, tt := range []struct {
		what  string
		at    int
		value byte
	}{
		{"a type that is not there", key, 255},
		{"five groups", key + 4, 5},
		{"more levels than keysyms", key + 5, 200},
		{"fewer keysyms than levels", key + 6, 1},
		{"more keys than keycodes", 17, 250},
		{"no keycodes", 11, 7},
	} {
		broken := slices.Clone(reply)
		broken[tt.at] = tt.value
		if _, err := parseKeymap(broken); err == nil {
			t.Errorf("a keymap with %s was taken", tt.what)
		}
	}
}

// A key with fewer groups than the layout wraps, stays at its last, or names one.
func TestGroupsOutOfRange(t *testing.T) {
	for _, tt := range []struct {
		groups int
		info   byte
		group  int
		want   int
	}{{1, 0, 3, 0}, {2, 0, 3, 1}, {2, 0, 2, 0}, {3, 0x40, 3, 2}, {3, 0x80 | 1<<4, 3, 1}, {2, 0x80 | 3<<4, 3, 0}, {4, 0, 3, 3}} {
		k := key{groups: tt.groups, outOfRange: tt.info}
		if got := k.groupOf(tt.group); got != tt.want {
			t.Errorf("group %d of %d, with group info %#x, is %d, want %d", tt.group, tt.groups, tt.info, got, tt.want)
		}
	}
}

// shortened is a keymap with its first keys only: the fuzzer gets on faster with little.
func shortened(reply []byte, keys int) []byte {
	r := mapReader{rest: reply}
	head := r.take(40)
	for range head[15] {
		r.keyType()
	}
	for range keys {
		r.key()
	}
	short := slices.Clone(reply[:len(reply)-len(r.rest)])
	short[20], short[33] = byte(keys), 0
	return short
}

func FuzzParseKeymap(f *testing.F) {
	f.Add(shortened(rawKeymap(f, "de"), 50))
	f.Fuzz(func(t *testing.T, reply []byte) {
		parseKeyNames(reply)
		findCounter(reply, pointerIdle)
		m, err := parseKeymap(reply)
		if err != nil {
			return
		}
		for _, sym := range []uint32{'a', '<', symF11, symPad4, symTab, keysymOf('Ж')} {
			m.find(state{mods: modShift | modLock, group: 3}, sym) // whatever the map says, no index leaves it
			m.modifierKey(sym)
			m.agrees(state{group: 2}, byte(sym), sym)
		}
		m.spareType()
	})
}

func TestKeysymsOfOneCharacterAreOne(t *testing.T) {
	for _, tt := range []struct{ sym, want uint32 }{
		{0x20ac, 0x010020ac}, // EuroSign
		{0x06c1, 0x01000430}, // Cyrillic_a
		{0x07f9, 0x010003c9}, // Greek_omega
		{0x0ba3, 0},          // leftcaret: only about the same as <
		{0x13be, 0x01000178}, // Ydiaeresis
		{0x05c7, 0x01000627}, // Arabic_alef
		{0x0cfa, 0x010005ea}, // hebrew_taw
		{0x0ddf, 0x01000e3f}, // Thai_baht
		{0x010000e4, 'ä'},
		{0x01000041, 'A'},
	} {
		if got := canonical(tt.sym); got != tt.want {
			t.Errorf("keysym %#x became %#x, want %#x", tt.sym, got, tt.want)
		}
	}
}
