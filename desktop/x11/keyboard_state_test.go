//go:build linux

package x11

import (
	"image"
	"os"
	"strings"
	"sync"
	"testing"
)

const (
	symReturn   = 0xff0d
	symF11      = 0xffc8
	symCapsLock = 0xffe5
	symPadLeft  = 0xff96
	symPad4     = 0xffb4
)

func TestLocksStayAndInvertNothing(t *testing.T) {
	for _, layout := range []string{"us", "de", "fr"} {
		t.Run(layout, func(t *testing.T) {
			term := openTerminal(t, layout)
			term.tapKey(symCapsLock, symNumLock)
			before := term.condition()
			for _, text := range texts {
				term.send(text, false)
				term.expect(text)
				term.send(text, true)
				term.expect(text)
			}
			term.same("state", before, term.condition())
		})
	}
}

// A viewer whose user turned CapsLock on sends the key itself and then capitals.
func TestCapsLockOfTheViewer(t *testing.T) {
	w := openWitness(t, "us")
	w.tapKey(symCapsLock, 'A')
	w.sawStates("+Caps_Lock:0x0 -Caps_Lock:0x2 +A:0x2 -A:0x2")
}

func TestKeypadWhateverNumLockSays(t *testing.T) {
	for _, on := range []bool{false, true} {
		w := openWitness(t, "us")
		if on {
			w.tapKey(symNumLock)
			w.saw("+Num_Lock -Num_Lock")
		}
		before := w.condition()
		w.tapKey(symPad4, symPadLeft)
		w.saw("+KP_4 -KP_4 +KP_Left -KP_Left")
		w.press(symShiftL)
		w.tapKey(symPad4, symPadLeft)
		w.release(symShiftL)
		w.saw("+Shift_L -Shift_L +KP_4 -KP_4 +Shift_L +KP_Left -KP_Left -Shift_L") // Shift and a digit cannot be had together
		w.same("state", before, w.condition())
	}
}

// Keys that mean a place, and commands, are pressed with the modifiers that the viewer sent and no others.
func TestCommandsKeepTheirModifiers(t *testing.T) {
	w := openWitness(t, "us")
	for _, tt := range []struct {
		name string
		mods []uint32
		sym  uint32
		want string
	}{
		{"Shift+F11", []uint32{symShiftL}, symF11, "+Shift_L:0x0 +F11:0x1 -F11:0x1 -Shift_L:0x1"},
		{"Ctrl+Shift+Tab", []uint32{symControlL, symShiftL}, symTab,
			"+Control_L:0x0 +Shift_L:0x4 +ISO_Left_Tab:0x5 -ISO_Left_Tab:0x5 -Shift_L:0x5 -Control_L:0x4"},
		{"Shift+Tab as Tab", []uint32{symShiftL}, symTab, "+Shift_L:0x0 +ISO_Left_Tab:0x1 -ISO_Left_Tab:0x1 -Shift_L:0x1"},
		{"Shift+Tab as ISO_Left_Tab", []uint32{symShiftL}, symLeftTab, "+Shift_L:0x0 +ISO_Left_Tab:0x1 -ISO_Left_Tab:0x1 -Shift_L:0x1"},
		{"ISO_Left_Tab alone", nil, symLeftTab, "+Shift_L:0x0 +ISO_Left_Tab:0x1 -ISO_Left_Tab:0x1 -Shift_L:0x1"},
		{"Ctrl+C from a viewer with CapsLock", []uint32{symControlL}, 'C', "+Control_L:0x0 +c:0x4 -c:0x4 -Control_L:0x4"},
		{"Ctrl+Shift+c", []uint32{symControlL, symShiftL}, 'c', "+Control_L:0x0 +Shift_L:0x4 +C:0x5 -C:0x5 -Shift_L:0x5 -Control_L:0x4"},
		{"Ctrl+plus from a keyboard that has it without Shift", []uint32{symControlL}, '+',
			"+Control_L:0x0 +Shift_L:0x4 +plus:0x5 -plus:0x5 -Shift_L:0x5 -Control_L:0x4"},
		{"Alt+F11", []uint32{symAltL}, symF11, "+Alt_L:0x0 +F11:0x8 -F11:0x8 -Alt_L:0x8"},
		{"Super+e", []uint32{symSuperL}, 'e', "+Super_L:0x0 +e:0x40 -e:0x40 -Super_L:0x40"},
	} {
		w.press(tt.mods...)
		w.tapKey(tt.sym)
		for i := range tt.mods {
			w.release(tt.mods[len(tt.mods)-1-i])
		}
		if got := w.seen(true); got != tt.want {
			t.Errorf("%s: a program saw %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestAltGr(t *testing.T) {
	for _, tt := range []struct {
		layout, name string
		altGr        []uint32
		text         string
	}{
		{"de", "X", []uint32{symLevel3Shift}, "@€{[]}\\~|²³"},
		{"de", "RealVNC", []uint32{symAltR}, "@€{[]}\\~|²³"},
		{"de", "Windows", []uint32{symControlL, symAltR}, "@€{[]}\\~|²³"},
		{"de", "old X", []uint32{symModeSwitch}, "@€{[]}\\~|²³"},
		{"us", "X", []uint32{symLevel3Shift}, "@€{[]}\\~|²³"},
		{"us", "RealVNC", []uint32{symAltR}, "@€{[]}\\~|²³"},
		{"us", "Windows", []uint32{symControlL, symAltR}, "@€{[]}\\~|²³"},
		{"us", "old X", []uint32{symModeSwitch}, "@€{[]}\\~|²³"},
	} {
		t.Run(tt.layout+" "+tt.name, func(t *testing.T) {
			term := openTerminal(t, tt.layout)
			before := term.condition()
			for _, char := range tt.text {
				term.press(tt.altGr...)
				term.tapKey(viewerKeysym(char))
				term.release(tt.altGr...)
			}
			term.expect(tt.text)
			term.same("state", before, term.condition())
		})
	}
}

// Left Alt and a letter is a command in every case; right Alt is where the layout has no AltGr.
func TestAltIsAlt(t *testing.T) {
	w := openWitness(t, "us")
	for _, alt := range []uint32{symAltL, symAltR} {
		w.press(alt)
		w.tapKey('f')
		w.release(alt)
	}
	w.sawStates("+Alt_L:0x0 +f:0x8 -f:0x8 -Alt_L:0x8 +Alt_R:0x0 +f:0x8 -f:0x8 -Alt_R:0x8")
}

// Modifiers that a German keyboard lacks are those of its keys that do the same.
func TestModifiersStandIn(t *testing.T) {
	w := openWitness(t, "de")
	w.tapKey(symAltR, symModeSwitch, symMetaL, symHyperL)
	w.saw("+ISO_Level3_Shift -ISO_Level3_Shift +ISO_Level3_Shift -ISO_Level3_Shift +Alt_L -Alt_L +Super_L -Super_L")
}

func TestReleaseBelongsToItsPress(t *testing.T) {
	w := openWitness(t, "us")
	w.press(symShiftL, 'A')
	w.release(symShiftL, 'a')
	w.saw("+Shift_L +A -Shift_L -a")
	w.press(symShiftL, '!')
	w.release(symShiftL, '1')
	w.saw("+Shift_L +exclam -Shift_L -1")
	w.press('a', symShiftL, 'A') // the same key, for another keysym
	w.release('a', 'A', symShiftL)
	w.saw("+a +Shift_L -A +A -A -Shift_L")
	w.release('x', symControlL, 'é') // never pressed
	w.saw("")
}

func TestHeldKeyPressedAgain(t *testing.T) {
	w := openWitness(t, "us")
	w.run("xset", "r", "off") // what a slow machine makes of the server's own repeat is not the question
	w.press('a', 'a', 'a')
	w.release('a')
	w.saw("+a -a")
	w.press('A', 'A') // only with Shift: every press types it
	w.release('A')
	w.saw("+Shift_L +A -A -Shift_L +Shift_L +A -A -Shift_L")
}

func TestServerRepeatsAHeldKey(t *testing.T) {
	w := openWitness(t, "us")
	w.run("xset", "r", "rate", "50", "50")
	w.press('a')
	for repeats := 0; repeats < 3; {
		if sym, _, _ := w.event(); sym == "+a" {
			repeats++
		}
	}
	w.release('a')
}

func TestNothingStaysHeld(t *testing.T) {
	for _, end := range []struct {
		name string
		end  func(*witness)
	}{
		{"releaseAll", func(w *witness) { w.releaseAll() }},
		{"close", func(w *witness) { w.close(); w.connect() }},
	} {
		t.Run(end.name, func(t *testing.T) {
			w := openWitness(t, "us")
			before := w.condition()
			w.press(symControlL, symAltL, symShiftL, 'x', 'Ω')
			w.press(symF11)
			end.end(w)
			w.same("state", before, w.condition())
		})
	}
}

func TestLessIsWhereTheLayoutHasIt(t *testing.T) {
	for _, tt := range []struct{ layout, code string }{{"us", "59"}, {"gb", "59"}, {"de", "94"}, {"fr", "94"}} {
		w := openWitness(t, tt.layout)
		w.tapKey('<')
		for {
			sym, code, _ := w.event()
			if sym != "+less" {
				continue
			}
			if code != tt.code {
				t.Errorf("%s: < typed with keycode %s, want %s", tt.layout, code, tt.code)
			}
			break
		}
	}
}

func TestDeadKeys(t *testing.T) {
	const deadAcute, deadDiaeresis = 0xfe51, 0xfe57
	for _, layout := range []string{"us", "de"} { // de has the first, us neither
		term := openTerminal(t, layout)
		term.tapKey(deadAcute, 'e', deadDiaeresis, 'u', deadAcute, 'A')
		term.expect("éüÁ")
	}
}

func TestWhatIsNoKeysymIsDropped(t *testing.T) {
	w := openWitness(t, "us")
	w.tapKey(0, 1, 0x1f, 0x7f, 0x9f, 0x0100d800, 0x0100dfff, 0x0100e000, 0x010f0000, 0x0100fffe, 0x01110000, 0x0100000a, 0x00ffffff, 0xffffffff)
	w.saw("")
}

func TestSeveralViewersAtOnce(t *testing.T) {
	term := openTerminal(t, "us")
	before := term.condition()
	var viewers sync.WaitGroup
	for _, char := range "aéЖ" {
		viewers.Go(func() {
			for i := range 50 {
				term.tapKey(viewerKeysym(char))
				term.movePointer(image.Pt(50+i, 50), 0)
			}
		})
	}
	viewers.Wait()
	term.tapKey(symReturn)
	var got string
	term.until("Return", func() bool {
		b, _ := os.ReadFile(term.path)
		got = string(b)
		return strings.HasSuffix(got, "\n")
	})
	for _, char := range "aéЖ" {
		if n := strings.Count(got, string(char)); n != 50 {
			t.Errorf("%c was typed %d times, 50 sent", char, n)
		}
	}
	term.same("state", before, term.condition())
}
