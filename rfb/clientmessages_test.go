package rfb

import (
	"bytes"
	"image"
	"io"
	"reflect"
	"strings"
	"testing"
)

// Wire bytes written down from RFC 6143 §7.5, and what they mean.
var clientMessages = []struct {
	name string
	wire string
	want ClientMessage
}{
	{"SetPixelFormat", "\x00\x00\x00\x00" + "\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00", SetPixelFormat{Native}},
	{"SetEncodings", "\x02\x00\x00\x03\x00\x00\x00\x07\x00\x00\x00\x00\xff\xff\xff\x11", SetEncodings{EncodingTight, EncodingRaw, EncodingCursor}},
	{"SetEncodings none", "\x02\x00\x00\x00", SetEncodings{}},
	{"FramebufferUpdateRequest", "\x03\x01\x00\x01\x00\x02\x01\x00\x02\x00", FramebufferUpdateRequest{true, image.Rect(1, 2, 257, 514)}},
	{"FramebufferUpdateRequest far out", "\x03\x00\xff\xff\xff\xff\xff\xff\xff\xff", FramebufferUpdateRequest{false, image.Rect(65535, 65535, 131070, 131070)}},
	{"KeyEvent", "\x04\x01\x00\x00\x00\x00\xff\x0d", KeyEvent{true, 0xff0d}},
	{"PointerEvent", "\x05\x05\x03\x20\x00\x10", PointerEvent{5, image.Pt(800, 16)}},
	{"ClientCutText", "\x06\x00\x00\x00\x00\x00\x00\x05gr\xfc\xdf\n", ClientCutText("grüß\n")},
	{"SetDesktopSize", "\xfb\x00\x05\x00\x03\x20\x01\x00" + "\x00\x00\x00\x07\x00\x01\x00\x02\x00\x03\x00\x04\x00\x00\x00\x00",
		SetDesktopSize{image.Pt(1280, 800), []Screen{{ID: 7, Rect: image.Rect(1, 2, 4, 6)}}}},
	{"Fence", "\xf8\x00\x00\x00\x80\x00\x00\x05\x03abc", Fence{FenceRequest | FenceBlockBefore | FenceSyncNext, "abc"}},
	{"Fence of 64 bytes", "\xf8\x00\x00\x00\x00\x00\x00\x02\x40" + strings.Repeat("x", 64), Fence{FenceBlockAfter, strings.Repeat("x", 64)}},
	{"KeyCodeEvent", "\xff\x00\x00\x01\x00\x00\xff\xe4\x00\x00\x00\x9d", KeyCodeEvent{true, 0xffe4, 0x9d}},
	{"xvp", "\xfa\x00\x01\x03", Power{PowerReboot}},
	{"TextChat", "\x0b\x00\x00\x00\x00\x00\x00\x03gr\xfc", TextChat{Text: "grü"}},
	{"TextChat open", "\x0b\x00\x00\x00\xff\xff\xff\xff", TextChat{State: ChatOpen}},
	{"TextChat close", "\x0b\x00\x00\x00\xff\xff\xff\xfe", TextChat{State: ChatClose}},
	{"TextChat finished", "\x0b\x00\x00\x00\xff\xff\xff\xfd", TextChat{State: ChatFinished}},
	{"clipboard caps", "\x06\x00\x00\x00\xff\xff\xff\xf8" + "\x1f\x00\x00\x01\x00\x10\x00\x00",
		Clipboard{Flags: ClipboardCaps | clipboardActions | ClipboardText, MaxText: MaxClipboard}},
	{"clipboard notify", "\x06\x00\x00\x00\xff\xff\xff\xfc" + "\x08\x00\x00\x01", Clipboard{Flags: ClipboardNotify | ClipboardText}},
	{"clipboard notify nothing", "\x06\x00\x00\x00\xff\xff\xff\xfc" + "\x08\x00\x00\x00", Clipboard{Flags: ClipboardNotify}},
	{"clipboard request", "\x06\x00\x00\x00\xff\xff\xff\xfc" + "\x02\x00\x00\x01", Clipboard{Flags: ClipboardRequest | ClipboardText}},
	{"clipboard peek", "\x06\x00\x00\x00\xff\xff\xff\xfc" + "\x04\x00\x00\x00", Clipboard{Flags: ClipboardPeek}},
	{"EnableContinuousUpdates", "\x96\x01\x00\x01\x00\x02\x01\x00\x02\x00", EnableContinuousUpdates{true, image.Rect(1, 2, 257, 514)}},
}

func reader(wire string) *ClientReader { return NewClientReader(strings.NewReader(wire)) }

func TestClientMessages(t *testing.T) {
	for _, tt := range clientMessages {
		got, err := reader(tt.wire).Next()
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: read %#v, %v", tt.name, got, err)
		}
		if wire := tt.want.Append(nil); string(wire) != tt.wire {
			t.Errorf("%s: wrote %x", tt.name, wire)
		}
		for n := range len(tt.wire) {
			_, err := reader(tt.wire[:n]).Next()
			if n == 0 && err != io.EOF || n > 0 && !strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error()) {
				t.Errorf("%s cut at byte %d: %v", tt.name, n, err)
			}
		}
	}
}

// next is a message that must still be understood after whatever comes before it.
const next = "\x05\x00\x00\x01\x00\x02"

func TestClientMessagesSkipped(t *testing.T) {
	for name, wire := range map[string]string{
		"cut text that is too long":        "\x06\x00\x00\x00\x00\x04\x00\x01" + strings.Repeat("x", maxCutText+1),
		"extended clipboard of two kinds":  "\x06\x00\x00\x00\xff\xff\xff\xfc" + "\x06\x00\x00\x01",
		"SetScale 0":                       "\x08\x00\x00\x00",
		"SetScale 0 of PalmVNC":            "\x0f\x00\x00\x00",
		"SetServerInput":                   "\x09\x01\x00\x00",
		"SetSW":                            "\x0a\xcd\x27\x0f\x27\x0f",
		"extended clipboard of one byte":   "\x06\x00\x00\x00\xff\xff\xff\xff" + "\x01",
		"extended clipboard, a large one":  "\x06\x00\x00\x00\xff\xef\xff\xff" + strings.Repeat("x", 0x100001),
		"Fence of 65 bytes":                "\xf8\x00\x00\x00\x80\x00\x00\x00\x41" + strings.Repeat("x", 65),
		"Fence of 255 bytes":               "\xf8\x00\x00\x00\x80\x00\x00\x00\xff" + strings.Repeat("x", 255),
		"two that are skipped in sequence": "\x06\x00\x00\x00\xff\xff\xff\xff" + "\x01" + "\x06\x00\x00\x00\xff\xff\xff\xff" + "\x01",
	} {
		m, err := reader(wire + next).Next()
		if m != (PointerEvent{0, image.Pt(1, 2)}) {
			t.Errorf("%s: then read %v, %v", name, m, err)
		}
	}
}

func TestManyEncodings(t *testing.T) {
	r := reader("\x02\x00\xff\xff" + strings.Repeat("\x00\x00\x00\x07", 0xffff) + next)
	m, err := r.Next()
	if list, ok := m.(SetEncodings); !ok || len(list) != maxEncodings {
		t.Errorf("kept %d encodings of %T, %v", len(list), m, err)
	}
	if m, err := r.Next(); m != (PointerEvent{0, image.Pt(1, 2)}) {
		t.Errorf("then read %v, %v", m, err)
	}
}

// A length is a promise. What is kept before it comes true must stay small.
func TestCutTextAllocates(t *testing.T) {
	for _, length := range []string{"\x7f\xff\xff\xff", "\x80\x00\x00\x00", "\xff\xff\xff\xff", "\x00\x04\x00\x01", "\xff\xe0\x00\x00"} {
		r, in := NewClientReader(nil), strings.NewReader("")
		bytes := testing.AllocsPerRun(10, func() {
			in.Reset("\x06\x00\x00\x00" + length)
			r.br.Reset(in)
			if _, err := r.Next(); err == nil {
				t.Error("read cut text that is not there")
			}
		})
		if bytes > 20 {
			t.Errorf("length %x: %v allocations", length, bytes)
		}
	}
}

func TestUnknownClientMessage(t *testing.T) {
	for _, kind := range []string{"\x01", "\x0c", "\x0d", "\xf9", "\xfc", "\xfd"} {
		if m, err := reader(kind + strings.Repeat("\x00", 100)).Next(); err == nil || !strings.Contains(err.Error(), "lost its place") {
			t.Errorf("message %x: read %v, %v", kind, m, err)
		}
	}
}

func TestLatin1(t *testing.T) {
	for _, tt := range []struct{ utf8, latin1, back string }{
		{"", "", ""},
		{"ASCII", "ASCII", "ASCII"},
		{"äöüÄÖÜß§°ÿ", "\xe4\xf6\xfc\xc4\xd6\xdc\xdf\xa7\xb0\xff", "äöüÄÖÜß§°ÿ"},
		{"10 €, Ж, 😀", "10 EUR, ?, ?", "10 EUR, ?, ?"},
		{"„Žluťoučký kůň“ – l’œuvre…", ",,Zlutouck\xfd kun\" - l'oeuvre...", ",,Zlutoucký kun\" - l'oeuvre..."},
		{"a\r\nb\rc\nd\r", "a\nb\rc\nd\r", "a\nb\rc\nd\r"},
		{"broken \xff\xfe", "broken ??", "broken ??"},
	} {
		if got := appendLatin1(nil, tt.utf8); string(got) != tt.latin1 {
			t.Errorf("%q goes out as %q", tt.utf8, got)
		}
		if got := fromLatin1([]byte(tt.latin1)); got != tt.back {
			t.Errorf("%q comes back as %q", tt.latin1, got)
		}
	}
	for said, want := range map[string]string{"a\r\nb": "a\nb", "a\r\r\nb": "a\nb", "\r\n\r\n\r": "\n\n\r", "a\n\rb": "a\n\rb"} {
		if got := fromLatin1([]byte(said)); got != want {
			t.Errorf("%q arrives as %q, want %q", said, got, want)
		}
		if got := string(appendLatin1([]byte("\r"), said)); got != "\r"+want {
			t.Errorf("%q goes out as %q, want %q", said, got[1:], want)
		}
	}
}

// RealVNC's viewer sends UTF-8.
func TestUTF8InCutText(t *testing.T) {
	for said, want := range map[string]string{
		"10 \u20ac, Ж, 😀\r\n": "10 €, Ж, 😀\n", "gr\xfc\xdfe": "grüße", "Ж \xff": "Ð\u0096 ÿ",
	} {
		if got := fromLatin1([]byte(said)); got != want {
			t.Errorf("%q arrives as %q, want %q", said, got, want)
		}
	}
}

// Only of a client that says that it knows more buttons is bit 7 a sign that another byte follows.
func TestExtendedButtons(t *testing.T) {
	const back = "\x05\x81\x00\x01\x00\x02"
	list := string(SetEncodings{EncodingRaw, EncodingExtendedMouseButtons}.Append(nil))
	r := reader(back + list + back + "\x03" + next + string(SetEncodings{}.Append(nil)) + back)
	for _, want := range []ClientMessage{
		PointerEvent{0x81, image.Pt(1, 2)}, SetEncodings{EncodingRaw, EncodingExtendedMouseButtons},
		ExtendedPointerEvent{0x181, image.Pt(1, 2)}, PointerEvent{0, image.Pt(1, 2)}, SetEncodings{},
		PointerEvent{0x81, image.Pt(1, 2)},
	} {
		if m, err := r.Next(); !reflect.DeepEqual(m, want) {
			t.Errorf("read %#v, %v; want %#v", m, err, want)
		}
	}
	if wire := (ExtendedPointerEvent{0x181, image.Pt(1, 2)}).Append(nil); string(wire) != back+"\x03" {
		t.Errorf("wrote %x", wire)
	}
	if _, err := reader(list + back).Next(); err != nil {
		t.Error(err)
	}
}

// What UltraVNC's viewer or QEMU's would send to servers that offer it ends the connection, and says why.
func TestNotOffered(t *testing.T) {
	for wire, why := range map[string]string{
		"\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00":           "files go another way",
		"\xff\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00":       "was not offered",
		"\x0b\x00\x00\x00\x00\x00\x10\x01" + string(zeros(5000)): "4097 bytes: 4096 are the limit",
		"\x0b\x00\x00\x00\xff\xff\xff\xfc":                       "4294967292 bytes",
		"\x0b\x00\x00\x00\x80\x00\x00\x00":                       "2147483648 bytes",
	} {
		if m, err := reader(wire).Next(); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%x: %v, %v", wire[:8], m, err)
		}
	}
}

func FuzzReadClientMessage(f *testing.F) {
	for _, tt := range clientMessages {
		f.Add([]byte(tt.wire))
	}
	for _, v := range viewers {
		f.Add(v.messages())
	}
	f.Add(Clipboard{Flags: ClipboardProvide | ClipboardText, Text: "10 €\n"}.Append(nil))
	f.Add(ExtendedPointerEvent{0x1ff, image.Pt(3, 4)}.Append(SetEncodings{EncodingExtendedMouseButtons}.Append(nil)))
	for _, said := range recordings(f, "viewers") {
		f.Add(said[14:]) // after version, security type and ClientInit; after 3.3's, one byte is missing
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for r := NewClientReader(bytes.NewReader(b)); ; {
			m, err := r.Next()
			if err != nil {
				return
			}
			r2 := NewClientReader(bytes.NewReader(m.Append(nil)))
			r2.buttons = r.buttons
			again, err := r2.Next()
			switch m.(type) {
			case ClientCutText, TextChat: // lose what Latin-1 lacks
				if err != nil {
					t.Fatalf("%#v came back as %v", m, err)
				}
				continue
			}
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%#v came back as %#v, %v", m, again, err)
			}
		}
	})
}
