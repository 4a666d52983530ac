//go:build linux

package x11

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"sixgate/desktop"

	"github.com/jezek/xgb/xproto"
)

// client is what a program says of its window.
type client struct {
	title, program string
	kind           windowKind
	managed        bool          // by a window manager, also where it is iconified
	above          xproto.Window // the one that it is a dialog or a menu of (WM_TRANSIENT_FOR)
}

type windowKind byte

const (
	ordinary windowKind = iota
	panel               // a dock or the desktop with its icons: always there
	passing             // a menu, a tooltip or a notice
)

// atoms are those that windows' properties use.
type atoms map[string]xproto.Atom

var windowAtoms = []string{"WM_STATE", "_NET_WM_NAME", "UTF8_STRING", "_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_OPACITY", "_NET_SUPPORTING_WM_CHECK"}

// windowKinds are the types of windows (Extended Window Manager Hints, section 5) that are not ordinary.
var windowKinds = map[string]windowKind{
	"_NET_WM_WINDOW_TYPE_DOCK": panel, "_NET_WM_WINDOW_TYPE_DESKTOP": panel,
	"_NET_WM_WINDOW_TYPE_MENU": passing, "_NET_WM_WINDOW_TYPE_DROPDOWN_MENU": passing, "_NET_WM_WINDOW_TYPE_POPUP_MENU": passing,
	"_NET_WM_WINDOW_TYPE_TOOLTIP": passing, "_NET_WM_WINDOW_TYPE_NOTIFICATION": passing, "_NET_WM_WINDOW_TYPE_COMBO": passing, "_NET_WM_WINDOW_TYPE_DND": passing,
}

// intern asks for the numbers of names, all at once.
func (c *connection) intern(names []string) (atoms, error) {
	asked := make([]xproto.InternAtomCookie, len(names))
	for i, name := range names {
		asked[i] = xproto.InternAtom(c.Conn, false, uint16(len(name)), name)
	}
	a := make(atoms, len(names))
	var refused error
	for i, cookie := range asked {
		reply, err := cookie.Reply()
		if err != nil {
			refused = err
			continue
		}
		a[names[i]] = reply.Atom
	}
	return a, refused
}

// maxProperty is how many four-byte units of a property are read.
const maxProperty = 256

// clientQuery is what was asked about a window.
type clientQuery [6]xproto.GetPropertyCookie

func (d *Desktop) askClient(w xproto.Window) (q clientQuery) {
	for i, property := range [...]xproto.Atom{d.atoms["WM_STATE"], d.atoms["_NET_WM_NAME"], xproto.AtomWmName, xproto.AtomWmClass, xproto.AtomWmTransientFor,
		d.atoms["_NET_WM_WINDOW_TYPE"]} {
		q[i] = xproto.GetProperty(d.conn.Conn, false, w, property, xproto.GetPropertyTypeAny, 0, maxProperty)
	}
	return q
}

// answer waits for all answers: a window that is gone by now has none.
func (d *Desktop) answer(q clientQuery) (c client) {
	var values [len(q)]*xproto.GetPropertyReply
	for i, cookie := range q {
		if values[i], _ = cookie.Reply(); values[i] == nil {
			values[i] = &xproto.GetPropertyReply{}
		}
	}
	const withdrawn = 0
	state := values[0].Value
	c.managed = len(state) >= 4 && le.Uint32(state) != withdrawn
	if c.title = cleanTitle(values[1].Value); c.title == "" {
		c.title = cleanTitle(values[2].Value)
	}
	c.program = program(values[3].Value)
	if v := values[4].Value; len(v) >= 4 {
		c.above = xproto.Window(le.Uint32(v))
	}
	for v := values[5].Value; len(v) >= 4; v = v[4:] {
		if kind, known := d.kinds[xproto.Atom(le.Uint32(v))]; known {
			c.kind = kind
			break
		}
	}
	return c
}

// cleanTitle makes a title of what may be UTF-8, Latin-1 or anything.
func cleanTitle(raw []byte) string {
	if !utf8.Valid(raw) {
		runes := make([]rune, len(raw))
		for i, b := range raw {
			runes[i] = rune(b)
		}
		raw = []byte(string(runes))
	}
	title := strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, unicode.Is(unicode.C, r): // also what turns the direction of writing
			return -1
		}
		return r
	}, string(raw)))
	if len(title) <= desktop.MaxTitle {
		return title
	}
	end := desktop.MaxTitle - len("…")
	for !utf8.RuneStart(title[end]) {
		end--
	}
	return title[:end] + "…"
}

// program makes a name of WM_CLASS, an instance and a class. The class it is, for an instance may be the address of a site that
// runs as a program of its own; but Xt's convention of a second capital is nothing for people.
func program(raw []byte) string {
	instance, class, _ := strings.Cut(string(raw), "\x00")
	class, _, _ = strings.Cut(class, "\x00")
	if strings.EqualFold(instance, class) && strings.HasPrefix(class, "X") {
		return cleanTitle([]byte(instance))
	}
	if class == "" {
		class = instance
	}
	first, size := utf8.DecodeRuneInString(class)
	return cleanTitle([]byte(string(unicode.ToUpper(first)) + class[size:]))
}
