package host

import (
	"image/color"
	"strings"
	"time"

	"sixgate/session"
)

// bar is what the end user has before their eyes while somebody sees their screen: who, since when, what a key changes, and how to
// stop. Each part of it does what its key does.
type bar struct {
	words map[string]string
	keys  hotKeys
	page  bool // there is one, which the name shows again
}

// action is what a key or a part of the bar does.
type action uint8

const (
	nothing action = iota
	toggleFiles
	toggleControl
	stop
	showPage
	showWindows
	hideWindows
)

const longName = 40 // letters of a supporter's name

var (
	barGround = color.RGBA{0x16, 0x21, 0x2c, 0xff}
	barPart   = color.RGBA{0x2c, 0x3b, 0x49, 0xff}
	barRed    = color.RGBA{0xc6, 0x28, 0x28, 0xff}
	barBroken = color.RGBA{0x8a, 0x5a, 0x00, 0xff}
	barInk    = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

// part is a piece of the bar.
type part struct {
	text    string
	ground  color.RGBA
	does    action
	windows []uint32 // that it is about
	width   int      // 0: what its text needs
}

// parts are those of the bar's first row, from left to right. While the connection is broken it says so, and Stop stays where it was.
func (b bar) parts(c *Consent) []part {
	parts := b.whole(c)
	s := c.Standing()
	if s.State != session.Broken {
		return parts
	}
	text := strings.ReplaceAll(b.words["barBroken"], "{time}", s.Since.Format(time.TimeOnly)[:5])
	told, last := part{text: "○  " + text, ground: barBroken, does: parts[0].does}, len(parts)-1
	for _, p := range parts[:last] {
		told.width += p.needs()
	}
	return []part{told, parts[last]}
}

// whole are the parts while there is a connection.
func (b bar) whole(c *Consent) []part {
	name := []rune(who(c.Supporter))
	if len(name) > longName {
		name = append(name[:longName-1], '…')
	}
	shows := nothing
	if b.page {
		shows = showPage
	}
	parts := []part{{text: "●  " + string(name) + "   " + c.From.Format(time.TimeOnly)[:5], ground: barGround, does: shows}}
	allowed := c.Allowed()
	if c.Offered().Has(session.Files) {
		parts = append(parts, part{text: b.key(toggleFiles) + b.state("files", allowed.Has(session.Files)), ground: barPart, does: toggleFiles})
	}
	if c.Offered().Has(session.Control) {
		parts = append(parts, part{text: b.key(toggleControl) + b.state("control", allowed.Has(session.Control)), ground: barPart, does: toggleControl})
	} else {
		parts = append(parts, part{text: b.words["is-"+c.Mode().String()], ground: barGround})
	}
	return append(parts, part{text: b.key(stop) + b.words["stop"], ground: barRed, does: stop})
}

func (b bar) state(what string, on bool) string {
	if on {
		return b.words[what+"On"]
	}
	return b.words[what+"Off"]
}

// key names the key of an action, for those who have it.
func (b bar) key(a action) string {
	if name := b.keys.name(a); name != "" {
		return name + "  "
	}
	return ""
}
