//go:build linux

package x11

import (
	"fmt"
	"strings"
	"testing"
)

// texts are those of which x11vnc and TigerVNC lose a part under one layout or another.
var texts = []string{
	printable(),
	"äöüÄÖÜß§°éèñç¿¡µ",
	"€ЖЩяжλΩ漢字かな한😀",
	"áÁàÀâÂãÃåÅæÆćĆčČďĎđĐěĚęĘğĞíÍîÎłŁńŃňŇóÓôÔőŐøØřŘśŚšŠşŞťŤúÚůŮűŰýÝžŽżŻ",
	"Gr\u00fc\u00dfe aus Π\u03bb and Привет, МИР! \\|<>@[]{}~",
}

// printable is the whole of ASCII that can be seen.
func printable() string {
	var b strings.Builder
	for c := ' '; c <= '~'; c++ {
		b.WriteRune(c)
	}
	return b.String()
}

func TestTypesEveryText(t *testing.T) {
	for _, layout := range []string{"us", "de", "fr", "gb", "us,ru"} {
		for group := range strings.Count(layout, ",") + 1 {
			t.Run(fmt.Sprintf("%s group %d", layout, group), func(t *testing.T) {
				term := openTerminal(t, layout)
				term.xkb.lockGroup(group)
				keymap, before := term.run("xmodmap", "-pke"), term.condition()
				for _, text := range texts {
					for _, withShift := range []bool{false, true} {
						term.send(text, withShift)
						term.expect(text)
					}
				}
				term.same("state", before, term.condition())
				if err := term.close(); err != nil {
					t.Fatal(err)
				}
				term.same("keymap", keymap, term.run("xmodmap", "-pke"))
			})
		}
	}
}
