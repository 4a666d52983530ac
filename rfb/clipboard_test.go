package rfb

import (
	"bytes"
	"compress/zlib"
	"image"
	"runtime"
	"strings"
	"testing"
)

// provided is a provide as other programs write it: with or without the end of the zlib stream, and size as they say.
func provided(t testing.TB, flags ClipboardFlags, size uint32, data string, ended bool) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(append(be.AppendUint32(nil, size), data...))
	z.Flush()
	if ended {
		z.Close()
	}
	wire := be.AppendUint32([]byte{msgClientCutText, 0, 0, 0}, uint32(-(b.Len() + 4)))
	return string(append(be.AppendUint32(wire, uint32(flags)), b.Bytes()...))
}

const textProvided = ClipboardProvide | ClipboardText

func TestProvidedText(t *testing.T) {
	long := strings.Repeat("0123456789abcde\r\n", 60_000)
	for _, tt := range []struct{ name, wire, want string }{
		{"whole", provided(t, textProvided, 5, "text\x00", true), "text"},
		{"without end", provided(t, textProvided, 5, "text\x00", false), "text"},
		{"without NUL", provided(t, textProvided, 4, "text", false), "text"},
		{"with text after NUL", provided(t, textProvided, 9, "text\x00more", false), "text"},
		{"lines", provided(t, textProvided, 11, "a\r\nb\nc\rd\r\r\n\x00", false), "a\nb\nc\rd\n"},
		{"empty", provided(t, textProvided, 1, "\x00", false), ""},
		{"empty, without NUL", provided(t, textProvided, 0, "", false), ""},
		{"UTF-8", provided(t, textProvided, 10, "10 €😀\x00", true), "10 €😀"},
		{"not UTF-8", provided(t, textProvided, 4, "a\xff\xfeb", true), "a\ufffdb"},
		{"RTF and HTML as well", provided(t, textProvided|6, 5, "text\x00"+"\x00\x00\x00\x02xx", false), "text"},
		{"long", provided(t, textProvided, uint32(len(long)+1), long+"\x00", false), strings.ReplaceAll(long, "\r", "")},
	} {
		m, err := reader(tt.wire).Next()
		if got, ok := m.(Clipboard); !ok || got.Text != tt.want || got.Flags != textProvided {
			t.Errorf("%s: %.100v, %v", tt.name, m, err)
		}
		for n := range min(len(tt.wire), 100) {
			if m, err := reader(tt.wire[:n]).Next(); err == nil {
				t.Errorf("%s: the first %d bytes are %v", tt.name, n, m)
			}
		}
	}
}

// Each is of no use, costs little, and the next message is understood.
func TestHostileClipboard(t *testing.T) {
	raw := func(rest string) string {
		return "\x06\x00\x00\x00" + string(be.AppendUint32(nil, uint32(-len(rest)))) + rest
	}
	for name, wire := range map[string]string{
		"one byte":                     raw("x"),
		"three bytes":                  raw("xyz"),
		"no action":                    raw("\x00\x00\x00\x01"),
		"two actions":                  raw("\x0a\x00\x00\x01"),
		"caps without sizes":           raw("\x1f\x00\x00\x01"),
		"caps with half a size":        raw("\x1f\x00\x00\x01\x00\x10"),
		"a provide of nothing":         raw("\x10\x00\x00\x01"),
		"a provide without text":       provided(t, ClipboardProvide|2, 5, "text\x00", false),
		"not zlib":                     raw("\x10\x00\x00\x01" + strings.Repeat("x", 100)),
		"a size of 4 GiB":              provided(t, textProvided, 0xffffffff, "text\x00", false),
		"a size of 2 MiB and no text":  provided(t, textProvided, 2<<20, "text\x00", false),
		"more than a clipboard":        provided(t, textProvided, MaxClipboard+2, strings.Repeat("x", MaxClipboard+1)+"\x00", false),
		"a bomb":                       provided(t, textProvided, 20<<20, strings.Repeat("x", 20<<20), false),
		"rubbish in place of UTF-8":    provided(t, textProvided, MaxClipboard, strings.Repeat("a\xff", MaxClipboard/2), false),
		"far more than is compressed":  raw("\x10\x00\x00\x01" + strings.Repeat("x", maxClipboardWire)),
		"half of a size, nothing else": raw("\x10\x00\x00\x01\x78\x01\x02\x00\x00\x00\xff\xff"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := reader(wire + next).Next()
		runtime.ReadMemStats(&after)
		if m != (PointerEvent{0, image.Pt(1, 2)}) {
			t.Errorf("%s: then read %.100v, %v", name, m, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 32<<20 {
			t.Errorf("%s: %d KiB were allocated", name, n>>10)
		}
	}
	if _, err := reader("\x06\x00\x00\x00\x80\x00\x00\x00" + strings.Repeat("x", 1<<20)).Next(); err == nil {
		t.Error("2 GiB were read of 1 MiB")
	}
}

func TestClipboardText(t *testing.T) {
	for said, want := range map[string]string{
		"": "", "text": "text", "a\nb\r\nc\rd\r": "a\nb\nc\rd\r", "10 €, Ж, 😀\n": "10 €, Ж, 😀\n", "a\xffb": "ab", "a\x00b": "a",
		strings.Repeat("ab\n", MaxClipboard/3):  strings.Repeat("ab\n", MaxClipboard/3),
		strings.Repeat("😀", MaxClipboard):       strings.Repeat("😀", MaxClipboard/4),
		"a" + strings.Repeat("😀", MaxClipboard): "a" + strings.Repeat("😀", MaxClipboard/4-1),
	} {
		m, err := reader(string(Clipboard{Flags: textProvided, Text: said}.Append(nil))).Next()
		if got, ok := m.(Clipboard); !ok || got.Text != want {
			t.Errorf("%.50q arrives as %.50v, %v", said, m, err)
		}
	}
	wire := Clipboard{Flags: textProvided, Text: "a\nb"}.Append(nil)
	z, err := zlib.NewReader(bytes.NewReader(wire[12:]))
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(z); err != nil || plain.String() != "\x00\x00\x00\x05a\r\nb\x00" {
		t.Errorf("on the wire: %q, %v", plain.String(), err)
	}
}

func TestClipboardPeer(t *testing.T) {
	const text = "text\n"
	all := ClipboardCaps | ClipboardText | clipboardActions
	for _, tt := range []struct {
		name string
		caps Clipboard
		want ClipboardFlags // of what it is offered; 0: nothing
	}{
		{"one that says nothing", Clipboard{}, textProvided},
		{"one that takes it", Clipboard{Flags: all, MaxText: 7}, textProvided},
		{"one that takes less", Clipboard{Flags: all, MaxText: 6}, ClipboardNotify | ClipboardText},
		{"one that takes nothing unasked", Clipboard{Flags: all}, ClipboardNotify | ClipboardText},
		{"one that only asks", Clipboard{Flags: ClipboardCaps | ClipboardText | ClipboardNotify, MaxText: 99}, ClipboardNotify | ClipboardText},
		{"one that cannot ask", Clipboard{Flags: ClipboardCaps | ClipboardText}, 0},
		{"one without text", Clipboard{Flags: all &^ ClipboardText, MaxText: 99}, 0},
	} {
		var p ClipboardPeer
		if tt.caps != (Clipboard{}) {
			p.Heard(tt.caps)
		}
		if m, ok := p.Offer(text); m.Flags != tt.want || ok != (tt.want != 0) {
			t.Errorf("%s gets %x, %v", tt.name, m.Flags, ok)
		}
	}
	var p ClipboardPeer
	for _, tt := range []struct {
		said ClipboardFlags
		text string
		want ClipboardFlags
	}{
		{ClipboardPeek, text, ClipboardNotify | ClipboardText},
		{ClipboardPeek, "", ClipboardNotify},
		{ClipboardNotify | ClipboardText, "", ClipboardRequest | ClipboardText},
		{ClipboardNotify, "", 0},
		{ClipboardRequest | ClipboardText, text, textProvided},
		{ClipboardRequest | ClipboardText, "", 0},
		{ClipboardRequest, text, 0},
	} {
		if m, ok := p.Answer(Clipboard{Flags: tt.said}, tt.text); ok != (tt.want != 0) || ok && m.Flags != tt.want {
			t.Errorf("%x with %q is answered by %x, %v", tt.said, tt.text, m.Flags, ok)
		}
	}
}

// The client says Latin-1 until the server says that it knows better.
func TestClientClipboard(t *testing.T) {
	from := func(m Clipboard) string { return string(AppendServerClipboard(nil, m)) }
	s := server(hello, init4x3, "\x02",
		from((*ClipboardPeer).Caps(nil)), "\x02",
		from(Clipboard{Flags: ClipboardPeek}), from(Clipboard{Flags: ClipboardNotify | ClipboardText}),
		from(Clipboard{Flags: ClipboardRequest | ClipboardText}), from(Clipboard{Flags: textProvided, Text: "10 €\n"}))
	c, err := NewClient(s, ClientOptions{Encodings: []Encoding{EncodingExtendedClipboard}})
	if err != nil {
		t.Fatal(err)
	}
	said := func() string { defer s.said.Reset(); return s.said.String() }
	said()
	next1[Bell](t, c)
	c.CutText("5 €")
	if got, want := said(), string(ClientCutText("5 EUR").Append(nil)); got != want {
		t.Errorf("said %q", got)
	}
	next1[Bell](t, c)
	if got, want := said(), string((*ClipboardPeer).Caps(nil).Append(nil)); got != want {
		t.Errorf("answered %q", got)
	}
	c.CutText("5 €")
	mine := string(Clipboard{Flags: textProvided, Text: "5 €"}.Append(nil))
	if got := said(); got != mine {
		t.Errorf("said %q", got)
	}
	if e := next1[CutText](t, c); e.Text != "10 €\n" {
		t.Errorf("%q", e.Text)
	}
	want := string(Clipboard{Flags: ClipboardNotify | ClipboardText}.Append(nil)) + string(Clipboard{Flags: ClipboardRequest | ClipboardText}.Append(nil)) + mine
	if got := said(); got != want {
		t.Errorf("answered %q", got)
	}
}
