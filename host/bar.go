package host

import (
	"image/color"
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
	barInk    = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

// part is a piece of the bar.
type part struct {
	text    string
	ground  color.RGBA
	does    action
	windows []uint32 // that it is about
	width   int
}

// parts are those of the bar's first row, from left to right.
func (b bar) parts(c *Consent) []part {
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
