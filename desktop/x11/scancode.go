//go:build linux

package x11

import "strings"

// scancodes names the key of an XT scancode, bit 7 for the prefix 0xe0, as XKB's keymaps name keys by their place, under
// evdev's keycodes and under those of older servers alike; "" where the names differ or there is no such key.
var scancodes = func() (names [256]string) {
	for _, run := range []struct {
		first int
		keys  string
	}{
		{0x01, "ESC AE01 AE02 AE03 AE04 AE05 AE06 AE07 AE08 AE09 AE10 AE11 AE12 BKSP TAB"},
		{0x10, "AD01 AD02 AD03 AD04 AD05 AD06 AD07 AD08 AD09 AD10 AD11 AD12 RTRN LCTL"},
		{0x1e, "AC01 AC02 AC03 AC04 AC05 AC06 AC07 AC08 AC09 AC10 AC11 TLDE LFSH BKSL"},
		{0x2c, "AB01 AB02 AB03 AB04 AB05 AB06 AB07 AB08 AB09 AB10 RTSH KPMU LALT SPCE CAPS"},
		{0x3b, "FK01 FK02 FK03 FK04 FK05 FK06 FK07 FK08 FK09 FK10 NMLK SCLK"},
		{0x47, "KP7 KP8 KP9 KPSU KP4 KP5 KP6 KPAD KP1 KP2 KP3 KP0 KPDL"},
		{0x56, "LSGT FK11 FK12 KPEQ"},
		{0x55, "FK16"}, {0x5a, "FK20"}, {0x5d, "FK13 FK14 FK15"}, {0x6d, "FK23"}, {0x6f, "FK24"}, {0x74, "FK21"},
		{0x70, "HKTG HJCV HNGL AB11"}, {0x79, "HENK"}, {0x7b, "MUHE"}, {0x7d, "AE13 I129"}, // on Japanese and Korean keyboards
		{0x83, "FK17 FK19"}, {0xf7, "FK18"}, {0xf9, "FK22"},
		{0x9c, "KPEN RCTL"},
		{0xa0, "MUTE"}, {0xae, "VOL-"}, {0xb0, "VOL+"},
		{0xb5, "KPDV"}, {0xb7, "PRSC RALT"},
		{0xc6, "PAUS HOME UP PGUP"}, {0xcb, "LEFT"}, {0xcd, "RGHT"}, {0xcf, "END DOWN PGDN INS DELE"},
		{0xdb, "LWIN RWIN COMP"},
	} {
		for i, key := range strings.Fields(run.keys) {
			names[run.first+i] = key
		}
	}
	return names
}()

// parseKeyNames reads the reply to GetNames that has nothing but the keys' names, and gives the keycode of each scancode, 0
// where the map has no key of that name.
func parseKeyNames(reply []byte) (codes [256]byte, err error) {
	r := mapReader{rest: reply}
	head := r.take(32)
	at := make(map[string]byte, 256)
	for i := range int(head[19]) {
		name := strings.TrimRight(string(r.take(4)), "\x00")
		if r.short || int(head[18])+i > 255 {
			return codes, errShortMap
		}
		if name != "" {
			at[name] = head[18] + byte(i)
		}
	}
	for scancode, name := range scancodes {
		codes[scancode] = at[name]
	}
	return codes, nil
}

// keyCode presses or releases the key of a scancode; where that key is not the one of the keysym under this layout, the
// keysym's. A release is for what the scancode pressed, whatever the layout, the modifiers and the keysym are by then.
func (k *keyboard) keyCode(scancode, keysym uint32, down bool) {
	if scancode == 0 || scancode >= uint32(len(scancodes)) {
		k.key(keysym, down)
		return
	}
	scan, sym := byte(scancode), canonical(keysym)
	k.mu.Lock()
	defer k.mu.Unlock()
	held := k.byScancode(scan)
	switch {
	case !down:
		if held >= 0 {
			k.letGo(held)
		}
		return
	case held >= 0:
		return // the server repeats it
	case k.curtain.typed():
		return
	}
	st, err := k.now()
	if err != nil {
		k.log.Warn("keyboard state unknown, a key is lost", "err", err)
		return
	}
	if code := k.keymap.scancodes[scan]; code != 0 && k.keymap.agrees(st, code, sym) {
		k.hold(heldKey{sym, code, scan})
	} else if sym != 0 {
		k.press(st, sym, scan)
	}
}

// agrees says whether to press a key itself is to do what sym asks for: it types that as things are, or it is a place, or
// part of a command, and at some level has it. Where it would type something else, because a lock is on here and not there
// or because the layouts differ, it is not.
func (m *keymap) agrees(st state, code byte, sym uint32) bool {
	if sym == 0 {
		return true
	}
	if got, _, sure := m.typed(code, st.group, st.mods); got == sym && sure {
		return true
	}
	return m.has(code, sym) && (isPlace(sym) || st.mods&m.shortcut != 0)
}
