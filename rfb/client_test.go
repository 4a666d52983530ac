package rfb

import (
	"bufio"
	"bytes"
	"errors"
	"image"
	"io"
	"runtime"
	"strings"
	"testing"
)

// server is what a server says after the handshake, and what the client said to it.
func server(says ...string) *script {
	return &script{Reader: strings.NewReader(strings.Join(says, ""))}
}

const (
	hello    = "RFB 003.008\n\x01\x01" + ok                                                                                          // security None
	init4x3  = "\x00\x04\x00\x03" + "\x20\x18\x00\x01\x00\xff\x00\xff\x00\xff\x10\x08\x00\x00\x00\x00" + "\x00\x00\x00\x04" + "name" // ServerInit
	rect1    = "\x00\x00\x00\x01"                                                                                                    // head of an update of one rectangle
	rawPixel = "\x00\x01\x00\x02\x00\x01\x00\x01" + "\x00\x00\x00\x00" + "\x33\x22\x11\x00"
)

func TestClientHandshake(t *testing.T) {
	const challenge = "sixteen bytes..."
	for _, tt := range []struct {
		name, password string
		says           string
		heard          string // besides the version, until its messages
		fails          string
	}{
		{"3.8 None", "", hello + init4x3, "RFB 003.008\n\x01\x01", ""},
		{"3.889", "", "RFB 003.889\n\x01\x01" + ok + init4x3, "RFB 003.008\n\x01\x01", ""},
		{"3.7 None", "", "RFB 003.007\n\x02\x10\x01" + init4x3, "RFB 003.007\n\x01\x01", ""},
		{"3.3 None", "", "RFB 003.003\n\x00\x00\x00\x01" + init4x3, "RFB 003.003\n\x01", ""},
		{"both are offered", "pw", "RFB 003.008\n\x02\x01\x02" + challenge + ok + init4x3, "RFB 003.008\n\x02", ""},
		{"a password that is not needed", "pw", hello + init4x3, "RFB 003.008\n\x01\x01", ""},
		{"wrong password", "pw", "RFB 003.008\n\x01\x02" + challenge + "\x00\x00\x00\x01" + string(appendString(nil, ErrPassword.Error())), "", ErrPassword.Error()},
		{"wrong password, 3.3", "pw", "RFB 003.003\n\x00\x00\x00\x02" + challenge + "\x00\x00\x00\x01", "", ErrPassword.Error()},
		{"no password", "", "RFB 003.008\n\x01\x02", "", "asks for a password"},
		{"unknown types", "", "RFB 003.008\n\x02\x12\x13", "", "[18 19]"},
		{"unknown type, 3.3", "", "RFB 003.003\n\x00\x00\x01\x01", "", "257"},
		{"refused", "", "RFB 003.008\n\x00\x00\x00\x00\x06go\naway", "", `"go\naw`},
		{"refused, 3.3", "", "RFB 003.003\n\x00\x00\x00\x00\x00\x00\x00\x04busy", "", `"busy"`},
		{"version 5", "", "RFB 005.000\n", "", "RFB 5.0"},
		{"SSH", "", "SSH-2.0-OpenSSH_9.2\r\n", "", "something else than VNC"},
		{"reason of 4 GiB", "", "RFB 003.008\n\x00\xff\xff\xff\xff", "", "limit"},
		{"name of 4 GiB", "", hello + init4x3[:20] + "\xff\xff\xff\xff", "", "limit"},
		{"65535x65535", "", hello + "\xff\xff\xff\xff" + init4x3[4:], "", "too large"},
		{"16384x16384", "", hello + "\x40\x00\x40\x00" + init4x3[4:], "", "too large"},
		{"65535x1", "", hello + "\xff\xff\x00\x01" + init4x3[4:], "", "too large"},
	} {
		s := server(tt.says)
		c, err := NewClient(s, ClientOptions{Password: tt.password, Encodings: []Encoding{EncodingRaw}})
		if tt.fails != "" {
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || c.Name() != "name" || c.Image().Rect != image.Rect(0, 0, 4, 3) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if heard := s.said.String(); !strings.HasPrefix(heard, tt.heard) || !strings.HasSuffix(heard, string(SetEncodings{EncodingRaw}.Append(SetPixelFormat{Native}.Append(nil)))) {
			t.Errorf("%s: said %q", tt.name, heard)
		}
		for n := range len(tt.says) {
			if _, err := NewClient(server(tt.says[:n]), ClientOptions{Password: tt.password}); err == nil {
				t.Errorf("%s: satisfied with the first %d bytes", tt.name, n)
			}
		}
	}
	if _, err := NewClient(server("RFB 003.008\n\x01\x02"+challenge+"\x00\x00\x00\x01"+string(appendString(nil, ErrPassword.Error()))), ClientOptions{Password: "pw"}); !errors.Is(err, ErrPassword) {
		t.Errorf("a wrong password is %v", err)
	}
}

func client(t testing.TB, o ClientOptions, says ...string) *Client {
	t.Helper()
	c, err := NewClient(server(hello, init4x3, strings.Join(says, "")), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientEvents(t *testing.T) {
	c := client(t, ClientOptions{},
		rect1+rawPixel,
		"\x02",
		"\x03\x00\x00\x00\xff\xff\xff\xfc"+"\x01\x00\x00\x00", // an extended clipboard, skipped
		"\x03\x00\x00\x00\x00\x00\x00\x03\xfcb\n",
		string(AppendDesktopName(AppendExtendedDesktopSize(AppendFramebufferUpdate(nil, 2), 0, 0, image.Pt(9, 5),
			[]Screen{{Rect: image.Rect(0, 0, 4, 5)}, {ID: 1, Rect: image.Rect(4, 0, 9, 5)}}), "büro")),
		string(AppendLastRect(append(AppendFramebufferUpdate(nil, UntilLastRect), rawPixel...))),
		string(AppendExtendedDesktopSize(AppendFramebufferUpdate(nil, 1), 0, 0, image.Pt(9, 5), []Screen{{Rect: image.Rect(0, 0, 9, 5)}})),
		string(AppendExtendedDesktopSize(AppendFramebufferUpdate(nil, 1), ResizedByClient, ResizeProhibited, image.Pt(100, 100), nil)),
		string(AppendDesktopSize(AppendFramebufferUpdate(nil, 1), image.Pt(2, 2))),
		"\x96",
		string(AppendFence(nil, FenceBlockAfter, "answer")),
		"\x03",
	)
	u := next1[*Update](t, c)
	if len(u.Rects) != 1 || u.Rects[0] != image.Rect(1, 2, 2, 3) || c.Image().Row(1, 2, 2)[0] != 0x112233 {
		t.Errorf("%+v, %x", u, c.Image().Pix)
	}
	next1[Bell](t, c)
	if e := next1[CutText](t, c); e.Text != "üb\n" {
		t.Errorf("%q", e.Text)
	}
	u = next1[*Update](t, c)
	if !u.Resized || !u.ScreensChanged || !u.NameChanged || c.Name() != "büro" || len(c.Screens()) != 2 || c.Image().Rect != image.Rect(0, 0, 9, 5) {
		t.Errorf("%+v %q %v", u, c.Name(), c.Screens())
	}
	if u = next1[*Update](t, c); len(u.Rects) != 1 {
		t.Errorf("%+v", u)
	}
	if u = next1[*Update](t, c); u.Resized || !u.ScreensChanged || c.Image().Row(1, 2, 2)[0] != 0x112233 {
		t.Errorf("of the same size: %+v", u)
	}
	if u = next1[*Update](t, c); !u.Refused || u.Resized {
		t.Errorf("%+v", u)
	}
	if u = next1[*Update](t, c); !u.Resized || !u.ScreensChanged || c.Image().Rect != image.Rect(0, 0, 2, 2) {
		t.Errorf("%+v", u)
	}
	next1[EndOfContinuousUpdates](t, c)
	if e := next1[Fence](t, c); e != (Fence{FenceBlockAfter, "answer"}) {
		t.Errorf("%+v", e)
	}
	if _, err := c.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("in the middle of a message: %v", err)
	}
	if _, err := client(t, ClientOptions{}).Next(); err != io.EOF {
		t.Errorf("between two messages: %v", err)
	}
}

func next1[E Event](t *testing.T, c *Client) E {
	t.Helper()
	e, err := c.Next()
	got, ok := e.(E)
	if !ok || err != nil {
		t.Fatalf("%T, %v", e, err)
	}
	return got
}

// A client answers what is asked, with the flags it knows, and nothing else.
func TestClientAnswersFences(t *testing.T) {
	s := server(hello, init4x3,
		string(AppendFence(nil, FenceRequest|FenceBlockBefore|0x70, "one")),
		string(AppendFence(nil, FenceRequest, strings.Repeat("x", 65))),
		string(AppendFence(nil, FenceRequest, "")),
		"\x02")
	c, err := NewClient(s, ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.said.Reset()
	next1[Bell](t, c)
	if want := string(Fence{0, ""}.Append(Fence{FenceBlockBefore, "one"}.Append(nil))); s.said.String() != want {
		t.Errorf("said %q", s.said.String())
	}
	s.said.Reset()
	c.Fence(FenceSyncNext, "mine")
	c.ContinuousUpdates(true, image.Rect(0, 0, 4, 3))
	if want := "\xf8\x00\x00\x00\x80\x00\x00\x04\x04mine" + "\x96\x01\x00\x00\x00\x00\x00\x04\x00\x03"; s.said.String() != want {
		t.Errorf("said %q", s.said.String())
	}
}

func TestClientColours(t *testing.T) {
	c := client(t, ClientOptions{Format: PixelFormat{BitsPerPixel: 8, Depth: 8}},
		"\x01\x00\x00\xfe\x00\x02"+"\x11\x11\x22\x22\x33\x33"+"\xff\xff\x80\x80\x00\x00",
		rect1+"\x00\x01\x00\x02\x00\x01\x00\x01"+"\x00\x00\x00\x00"+"\xff")
	next1[*Update](t, c)
	if px := c.Image().Row(1, 2, 2)[0]; px != 0xff8000 {
		t.Errorf("%06x", px)
	}
}

// fill1000 is a Tight rectangle of 1000x1000 pixels of one colour.
const fill1000 = "\x00\x00\x00\x00\x03\xe8\x03\xe8" + "\x00\x00\x00\x07" + "\x80\x11\x22\x33"

// What a hostile server may say after the handshake. Each is an error, and none costs memory.
var hostileServers = map[string]string{
	"unknown message":               "\x04",
	"rectangle outside":             rect1 + "\x00\x04\x00\x00\x00\x01\x00\x01" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00",
	"rectangle too wide":            rect1 + "\x00\x00\x00\x00\xff\xff\x00\x01" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00",
	"unknown encoding":              rect1 + "\x00\x00\x00\x00\x00\x01\x00\x01" + "\x00\x00\x00\x09",
	"CopyRect from outside":         rect1 + "\x00\x00\x00\x00\x02\x00\x02\x00" + "\x00\x00\x00\x01" + "\x00\x03\x00\x02",
	"resize to 65535x65535":         string(AppendDesktopSize(AppendFramebufferUpdate(nil, 1), image.Pt(65535, 65535))),
	"extended resize to 16384x4097": string(AppendExtendedDesktopSize(AppendFramebufferUpdate(nil, 1), 0, 0, image.Pt(16384, 4097), nil)),
	"resize, and resize again":      string(AppendDesktopSize(AppendDesktopSize(AppendFramebufferUpdate(nil, 2), image.Pt(9, 9)), image.Pt(8, 9))),
	"a screen painted 100 times":    string(AppendDesktopSize(AppendFramebufferUpdate(nil, 101), image.Pt(1000, 1000))) + strings.Repeat(fill1000, 100),
	"name of 4 GiB":                 rect1 + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\xff\xff\xfe\xcd" + "\xff\xff\xff\xff",
	"cursor of 65535x65535":         rect1 + "\x00\x00\x00\x00\xff\xff\xff\xff" + "\xff\xff\xff\x11",
	"colours past the end":          "\x01\x00\x00\xff\x00\x02" + strings.Repeat("\x00", 12),
	"65535 colours":                 "\x01\x00\x00\x00\xff\xff" + strings.Repeat("\x00", 6*65535),
	"cut text of 4 GiB":             "\x03\x00\x00\x00\x7f\xff\xff\xff" + "and no more",
	"clipboard of -2 GiB":           "\x03\x00\x00\x00\x80\x00\x00\x00" + "and no more",
	"rectangles without end":        string(AppendFramebufferUpdate(nil, UntilLastRect)) + strings.Repeat(rawPixel, maxRects),
	"Tight data of 4 MiB":           rect1 + "\x00\x00\x00\x00\x00\x04\x00\x03" + "\x00\x00\x00\x07" + "\x00\xff\xff\xff",
	"ZRLE data of 4 GiB":            rect1 + "\x00\x00\x00\x00\x00\x01\x00\x01" + "\x00\x00\x00\x10" + "\xff\xff\xff\xff",
	"Zlib data of 4 GiB":            rect1 + "\x00\x00\x00\x00\x00\x01\x00\x01" + "\x00\x00\x00\x06" + "\xff\xff\xff\xff",
}

func TestClientOfHostileServer(t *testing.T) {
	for name, says := range hostileServers {
		c := client(t, ClientOptions{}, says)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e, err := c.Next()
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: accepted as %+v", name, e)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
			t.Errorf("%s: %d KiB were allocated", name, n>>10)
		}
	}
}

// A server that does nothing but resize costs the largest framebuffer once.
func TestClientOfResizingServer(t *testing.T) {
	var says []byte
	for i := range 100 {
		says = AppendDesktopSize(AppendFramebufferUpdate(says, 1), image.Pt(1000, 1000-i%2))
	}
	c := client(t, ClientOptions{}, string(says))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if u := next1[*Update](t, c); !u.Resized {
			t.Fatal("not resized")
		}
		c.Image().Pix[0] = 1
		if m := c.Image(); m.Pix[len(m.Pix)-1] != 0 || len(m.Pix) != m.Rect.Dx()*m.Rect.Dy() {
			t.Fatal("the new framebuffer is not black")
		}
		c.Image().Pix[len(c.Image().Pix)-1] = 1
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d KiB were allocated", n>>10)
	}
}

func FuzzClientHandshake(f *testing.F) {
	for _, says := range []string{
		hello + init4x3,
		"RFB 003.003\n\x00\x00\x00\x02sixteen bytes..." + ok + init4x3,
		"RFB 003.007\n\x02\x10\x02sixteen bytes..." + ok + init4x3,
		"RFB 003.008\n\x00\x00\x00\x00\x04busy",
	} {
		f.Add([]byte(says))
	}
	f.Fuzz(func(t *testing.T, says []byte) {
		joinServer(bufio.NewReader(bytes.NewReader(says)), io.Discard, "password")
	})
}

func FuzzClientNext(f *testing.F) {
	for _, says := range hostileServers {
		if len(says) < 1000 {
			f.Add([]byte(says), false)
		}
	}
	for name, said := range recordings(f, "servers") {
		if strings.HasSuffix(name, "-raw") { // large, and no puzzle
			continue
		}
		init := said[len(hello):]
		messages := init[24+be.Uint32(init[20:]):]
		f.Add(append(AppendDesktopSize(AppendFramebufferUpdate(nil, 1), image.Pt(64, 48)), messages...), false)
	}
	m := NewImage(image.Rect(0, 0, 4, 3))
	m.fill(image.Rect(1, 1, 3, 3), 0xff8000)
	for _, format := range []PixelFormat{Native, f565, b233, rgbx} {
		for _, enc := range []Encoding{EncodingRaw, EncodingHextile, EncodingZlib, EncodingTight, EncodingZRLE} {
			for _, quality := range []int{-1, 5} {
				e := Encoder{Format: format, JPEG: QualityLevel(quality), Level: -1}
				b := AppendFramebufferUpdate(nil, 0)
				b, n := e.Append(b, enc, m, m.Rect)
				SetUpdateRects(b, n)
				f.Add(b, format.BitsPerPixel == 8)
			}
		}
	}
	f.Add(AppendLastRect(AppendFramebufferUpdate(nil, UntilLastRect)), false)
	f.Add(AppendExtendedDesktopSize(AppendFramebufferUpdate(nil, 1), 0, 0, image.Pt(4, 3), []Screen{{Rect: image.Rect(0, 0, 4, 3)}}), false)
	f.Add(AppendServerCutText(nil, "text"), false)
	for _, enc := range cursorEncodings {
		f.Add((&Encoder{}).AppendCursor(AppendFramebufferUpdate(nil, 1), enc, arrow(), image.Pt(1, 1)), false)
	}
	f.Add(AppendPowerFailed(AppendServerClipboard(nil, Clipboard{Flags: ClipboardProvide | ClipboardText, Text: "10 €\n"})), false)
	f.Add(AppendPointerMotion(AppendNotice(AppendFramebufferUpdate(nil, 2), EncodingQEMUKey), true), false)
	f.Add(AppendLEDs(AppendLEDs(AppendFramebufferUpdate(nil, 2), EncodingQEMULED, 1), EncodingVMwareLED, 4), false)
	f.Add(AppendEndOfContinuousUpdates(AppendFence(nil, FenceRequest, "fence")), false)
	f.Fuzz(func(t *testing.T, says []byte, eight bool) {
		o := ClientOptions{}
		if eight {
			o.Format = b233
		}
		c := client(t, o, string(says))
		for range 100 {
			e, err := c.Next()
			if err != nil {
				return
			}
			if u, ok := e.(*Update); ok {
				for _, r := range u.Rects {
					if !r.In(c.Image().Rect) {
						t.Fatalf("painted %v of %v", r, c.Image().Rect)
					}
				}
			}
		}
	})
}

// A client that speaks ahead says all before it hears a word, and leaves a server that is not the one it was made for.
func TestClientSpeaksAhead(t *testing.T) {
	o := ClientOptions{Encodings: []Encoding{EncodingRaw}, Ahead: true}
	all := FramebufferUpdateRequest{false, image.Rect(0, 0, 65535, 65535)}.Append(
		SetEncodings{EncodingRaw}.Append(SetPixelFormat{Native}.Append([]byte("RFB 003.008\n\x01\x01"))))
	for says, want := range map[string]string{
		hello + init4x3:             "",
		"":                          "EOF",
		"RFB 003.003\n":             "another conversation",
		"RFB 003.008\n\x01\x02":     "asks for a password",
		"RFB 003.008\n\x02\x02\x10": "asks for a password",
	} {
		s := server(says)
		if _, err := NewClient(s, o); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("a server that says %q: %v", says, err)
		}
		if heard := s.said.String(); heard != string(all) {
			t.Errorf("a server that says %q hears %q, want %q", says, heard, all)
		}
	}
}

// A server that does not answer as one who spoke ahead expects, in any byte of the greeting, is refused, or has said the same in another
// way: what follows is never shown as something else.
func TestOtherAnswersThanExpectedAhead(t *testing.T) {
	update := "\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x04\x00\x03\x00\x00\x00\x00" + strings.Repeat("\x11\x22\x33\x00", 12)
	good := hello + init4x3 + update
	accepted := 0
	for i := range hello {
		for b := range 256 {
			s := server(good[:i] + string([]byte{byte(b)}) + good[i+1:])
			c, err := NewClient(s, ClientOptions{Encodings: []Encoding{EncodingRaw}, Ahead: true})
			if err != nil {
				continue
			}
			e, err := c.Next()
			if err != nil {
				continue
			}
			accepted++
			if u, ok := e.(*Update); !ok || len(u.Rects) != 1 || c.Image().Rect.Max != image.Pt(4, 3) || c.Image().Pix[11] != 0x332211 {
				t.Errorf("byte %d is %#x: %+v", i, b, e)
			}
		}
	}
	if accepted < len(hello) || accepted > len(hello)+19 { // a higher minor number means 3.8, too
		t.Errorf("%d of %d greetings are accepted", accepted, 256*len(hello))
	}
}
