//go:build linux

package x11

import (
	"strings"
	"sync"
	"syscall"
	"testing"
)

// ideographs are n characters that no layout has.
func ideographs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune('一' + rune(i))
	}
	return b.String()
}

func TestMoreCharactersThanSpareKeycodes(t *testing.T) {
	term := openTerminal(t, "us")
	keymap := term.run("xmodmap", "-pke")
	for range 2 {
		term.send(ideographs(300), false)
		term.expect(ideographs(300))
	}
	term.send(strings.Repeat(texts[3], 2), true)
	term.expect(strings.Repeat(texts[3], 2))
	if err := term.close(); err != nil {
		t.Fatal(err)
	}
	term.same("keymap", keymap, term.run("xmodmap", "-pke"))
}

// A program that is late to read its keys finds the keymap as of the last one.
func TestProgramThatSleepsWhileCharactersAreTyped(t *testing.T) {
	term := openTerminal(t, "de")
	text := ideographs(76) // what 19 keycodes of four levels hold
	term.signalXterm(syscall.SIGSTOP)
	term.send(text, false)
	term.signalXterm(syscall.SIGCONT)
	term.expect(text)
}

func TestLayoutChangesWhileTyping(t *testing.T) {
	term := openTerminal(t, "us")
	text := "yz-ЖÉ€öq漢?" // keys that move, spare keys that are wiped or remain
	for _, layout := range []string{"de", "fr", "us,ru", "us", "gb"} {
		for range 2 {
			term.send(text, false)
			term.expect(text)
		}
		term.setLayout(layout)
	}
	term.send(text, true)
	term.expect(text)
}

// Another program's own keysyms on codes that we borrowed are not ours to take away.
func TestKeycodeTakenOver(t *testing.T) {
	term := openTerminal(t, "us")
	term.send("Ж漢", false)
	term.expect("Ж漢")
	term.run("xmodmap", "-e", "keycode 248 = F35", "-e", "keycode 10 = 1 exclam")
	term.send("Ж漢", false)
	term.expect("Ж漢")
	if err := term.close(); err != nil {
		t.Fatal(err)
	}
	if keymap := term.run("xmodmap", "-pke"); !strings.Contains(keymap, "keycode 248 = F35") {
		t.Error("the other program's key was wiped")
	}
}

func TestKilledHostsKeycodesAreReturned(t *testing.T) {
	term := openTerminal(t, "us")
	keymap := term.run("xmodmap", "-pke")
	term.send("Жé漢", false)
	term.expect("Жé漢")
	term.input.conn.Close()
	term.input.events.Wait()
	term.connect()
	term.same("keymap", keymap, term.run("xmodmap", "-pke"))
}

// The layout changes at any time, and letters that are on the same keys in all of them arrive as they were sent. Of
// others, one that is on its way while the layout changes may become another: the program looks it up when it comes to it.
func TestLayoutChangesBetweenLetters(t *testing.T) {
	term := openTerminal(t, "us")
	const text = "The Quick Brown Fox Jumps Over 1234567890 "
	var changing sync.WaitGroup
	done := make(chan struct{})
	changing.Go(func() {
		defer close(done)
		for i := range 20 {
			if _, err := term.x.Run(t.Context(), "setxkbmap", "-layout", []string{"de", "gb", "us"}[i%3]); err != nil {
				t.Error(err)
			}
		}
	})
	sent := ""
	for busy := true; busy; {
		term.send(text, len(sent)/len(text)%2 == 0)
		sent += text
		select {
		case <-done:
			busy = false
		default:
		}
	}
	changing.Wait()
	term.expect(sent)
	st, err := term.xkb.state()
	if err != nil || st.mods != 0 || st.group != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	before := term.condition()
	for range 2 { // and all others once it is quiet
		term.send(texts[0]+texts[4], false)
		term.expect(texts[0] + texts[4])
	}
	term.same("state", before, term.condition())
}
