//go:build linux

package conformance

import (
	"image"
	"io"
	"slices"
	"testing"
	"time"

	"sixgate/rfb"
)

// The viewers of the project's notes on RFB, section 1.1: what they list, in their order. Those of which there is a real
// program for Debian are in viewers_test.go as well.
var (
	realVNC = []rfb.Encoding{encRealVNC24, encJRLE, encJPEG, rfb.EncodingZRLE, encTRLE, rfb.EncodingHextile, encCursorAlpha, rfb.EncodingCursor,
		rfb.EncodingDesktopSize}
	krdc = []rfb.Encoding{rfb.EncodingCopyRect, rfb.EncodingTight, rfb.EncodingZRLE, encUltra, rfb.EncodingZlib, rfb.EncodingHextile, encCoRRE, encRRE,
		rfb.EncodingRaw, rfb.EncodingCompressLevel0 + 5, rfb.EncodingQualityLevel0 + 7, rfb.EncodingCursor, rfb.EncodingDesktopSize, encQEMUKey}
	remmina = []rfb.Encoding{rfb.EncodingCopyRect, rfb.EncodingZlib, rfb.EncodingHextile, rfb.EncodingRaw, rfb.EncodingCompressLevel0 + 1, encXCursor,
		rfb.EncodingCursor, encPointerPos, rfb.EncodingDesktopSize, rfb.EncodingExtendedDesktopSize, encXVP, encQEMUKey}
	gtkVNC = []rfb.Encoding{rfb.EncodingQualityLevel0 + 5, rfb.EncodingTight, encXVP, encQEMUKey, encQEMULED, rfb.EncodingExtendedDesktopSize,
		rfb.EncodingDesktopSize, rfb.EncodingDesktopName, rfb.EncodingLastRect, encCursorAlpha, rfb.EncodingCursor, encXCursor, encQEMUPointer,
		rfb.EncodingZRLE, rfb.EncodingHextile, encRRE, rfb.EncodingCopyRect, rfb.EncodingRaw}
	tigerVNC = []rfb.Encoding{encCursorAlpha, encVMCursor, rfb.EncodingCursor, encXCursor, encVMPosition, rfb.EncodingDesktopSize,
		rfb.EncodingExtendedDesktopSize, encQEMULED, encVMLED, rfb.EncodingDesktopName, rfb.EncodingLastRect, encClipboard, encContinuous, encFence,
		encQEMUKey, encMouseButtons, rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingZRLE, rfb.EncodingHextile, encRRE, rfb.EncodingRaw,
		rfb.EncodingCompressLevel0 + 2, rfb.EncodingQualityLevel0 + 8}
	turboVNC = []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCopyRect, encRRE, rfb.EncodingHextile, rfb.EncodingZlib, rfb.EncodingZRLE,
		rfb.EncodingCompressLevel0 + 1, encXCursor, rfb.EncodingCursor, encPointerPos, rfb.EncodingLastRect, rfb.EncodingDesktopSize,
		rfb.EncodingExtendedDesktopSize, encContinuous, encFence}
	tightVNC2 = []rfb.Encoding{rfb.EncodingRaw, rfb.EncodingCopyRect, encRRE, rfb.EncodingHextile, rfb.EncodingTight, rfb.EncodingZRLE,
		rfb.EncodingCursor, encXCursor, encPointerPos, rfb.EncodingLastRect, rfb.EncodingDesktopSize, rfb.EncodingQualityLevel0 + 6,
		rfb.EncodingCompressLevel0 + 6}
	// UltraVNC's own: a queue, a cache, the server's state, keep-alive, idle time, file transfer, session, monitors, Unicode chat.
	ultraVNC = []rfb.Encoding{rfb.EncodingTight, rfb.EncodingCompressLevel0 + 6, rfb.EncodingCursor, encPointerPos, rfb.EncodingQualityLevel0 + 8, 11,
		rfb.EncodingLastRect, rfb.EncodingDesktopSize, rfb.EncodingExtendedDesktopSize, -0xffff, -0x8000, -0x7fff, -0x7ffe, -0x7ffd, -0x7ffc, -0x7ffb,
		-0x7ffa, -0x7ff9, encClipboard, -0x3f5e1a33, -305}
	vncsnapshotList = []rfb.Encoding{rfb.EncodingLastRect, rfb.EncodingCopyRect, rfb.EncodingRaw, rfb.EncodingZRLE, rfb.EncodingHextile, encCoRRE, encRRE,
		rfb.EncodingTight, rfb.EncodingCompressLevel0 + 4, rfb.EncodingQualityLevel0 + 9, encXCursor, rfb.EncodingCursor, encPointerPos}
	// macOS, as far as servers' logs tell; 1000 and up are Apple's own.
	macOS = []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingZlib, 1011, 1002, 1000, rfb.EncodingHextile, rfb.EncodingRaw, rfb.EncodingCopyRect,
		rfb.EncodingCursor, rfb.EncodingDesktopSize, 1100, 1101, 1103}
)

var (
	rgb565 = formats[1].format
	bgr233 = formats[3].format
	// RealVNC begins with 64 colours until it knows how fast the path is.
	rgb222 = rfb.PixelFormat{BitsPerPixel: 8, Depth: 6, TrueColour: true, RedMax: 3, GreenMax: 3, BlueMax: 3, RedShift: 4, GreenShift: 2}
)

const (
	rfb33 = "RFB 003.003\n"
	rfb38 = "RFB 003.008\n"
)

// TestQuirks plays each viewer against one server, while a good viewer looks on.
func TestQuirks(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	onlooker := follow(t, s, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE}})
	for _, tt := range []struct {
		name   string
		format rfb.PixelFormat // what it asks for at first; zero: nothing
		list   []rfb.Encoding
		shared byte
		judge  compare
		use    []rfb.Encoding // at least one of which the server must choose
	}{
		{name: "KRDC in 16 bits", format: rgb565, list: krdc, shared: 1, judge: coarse(5, 6, 5), use: []rfb.Encoding{rfb.EncodingTight}},
		{name: "Remmina without Tight", format: bgrx, list: remmina, shared: 1, judge: same, use: []rfb.Encoding{rfb.EncodingZlib}},
		{name: "Remmina poor, in 8 bits", format: bgr233, list: remmina, shared: 1, judge: coarse(3, 3, 2), use: []rfb.Encoding{rfb.EncodingZlib}},
		{name: "gtk-vnc, which wants to be alone", format: bgrx, list: gtkVNC, judge: alike, use: []rfb.Encoding{rfb.EncodingTight}},
		{name: "TigerVNC, which wants to be alone", list: tigerVNC, judge: alike, use: []rfb.Encoding{rfb.EncodingTight}},
		{name: "TurboVNC", list: turboVNC, shared: 1, judge: same, use: []rfb.Encoding{rfb.EncodingTight}},
		{name: "TightVNC 2 on this machine", list: tightVNC2, shared: 1, judge: same, use: []rfb.Encoding{rfb.EncodingRaw}},
		{name: "TightVNC 2", list: slices.Concat(tightVNC2[1:], tightVNC2[:1]), shared: 1, judge: same, use: []rfb.Encoding{encRRE, rfb.EncodingHextile}},
		{name: "UltraVNC", list: ultraVNC, shared: 1, judge: alike, use: []rfb.Encoding{rfb.EncodingTight}},
		{name: "RealVNC without JPEG", list: slices.DeleteFunc(slices.Clone(realVNC), func(e rfb.Encoding) bool { return e == encJPEG }),
			shared: 1, judge: same, use: []rfb.Encoding{rfb.EncodingZRLE}},
		{name: "RealVNC with JPEG", list: realVNC, shared: 1, judge: alike, use: []rfb.Encoding{rfb.EncodingZRLE, encJPEG}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := attach(t, s, rfb38, tt.shared)
			if tt.format != (rfb.PixelFormat{}) {
				v.formats(tt.format)
			}
			v.lists(tt.list...)
			v.shows(d, tt.judge)
			if !slices.ContainsFunc(tt.use, func(e rfb.Encoding) bool { return v.tally[e].pixels > 0 }) {
				t.Errorf("the server used %v", v.tally)
			}
			d.change(t)
			v.follows(d, tt.judge)
			watch(t, d, onlooker.picture, same)
		})
	}
}

// change draws something, another thing each time.
func (d *desk) change(t *testing.T) {
	t.Helper()
	if err := d.page.Write(image.Pt(9, 60), time.Now().Format(time.RFC3339Nano)); err != nil {
		t.Fatal(err)
	}
}

// macOS Screen Sharing speaks 3.3, drops its first connection in the handshake and comes again at once. None is unusable for
// it: it asks for a password anyway and leaves, so what we offer by default is VncAuth.
func TestScreenSharingOfMacOS(t *testing.T) {
	d := newDesk(t)
	s := shareOurs(t, d)
	start := time.Now()
	for _, after := range []string{"", "version", "challenge"} {
		conn := s.dial(t)
		if _, err := io.ReadFull(conn, make([]byte, 12)); err != nil {
			t.Fatal(err)
		}
		if after != "" {
			io.WriteString(conn, rfb33)
		}
		if after == "challenge" {
			if _, err := io.ReadFull(conn, make([]byte, 4+16)); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
	}
	v := begin(t, s, rfb33)
	if kind := be.Uint32(v.take(4)); kind != 2 {
		t.Fatalf("the server chose security type %d", kind)
	}
	v.say(answer(t, s.password, v.take(16)))
	if result := be.Uint32(v.take(4)); result != 0 {
		t.Fatalf("the right password is answered with %d", result)
	}
	v.say([]byte{1})
	v.serverInit()
	if took := time.Since(start); took > soon {
		t.Errorf("coming again took %v", took)
	}
	v.formats(bgrx)
	v.lists(macOS...)
	v.shows(d, same)

	t.Run("a wrong password", func(t *testing.T) { // is told by a number and, in 3.3, no words
		v := begin(t, s, rfb33)
		v.take(4)
		v.say(answer(t, "wrong", v.take(16)))
		if result := be.Uint32(v.take(4)); result != 1 {
			t.Errorf("a wrong password is answered with %d", result)
		}
		if rest, err := io.ReadAll(v.br); err != nil || len(rest) > 0 {
			t.Errorf("and then with %q, %v", rest, err)
		}
	})
	t.Run("without a password", func(t *testing.T) { // 3.3: the server's choice, and no result
		attach(t, share(t, d), rfb33, 1).shows(d, same)
	})
}

// RealVNC's viewer begins with few colours, and asks for all of them when it has seen how fast that went.
func TestRealVNCsColours(t *testing.T) {
	d := newDesk(t)
	v := attach(t, share(t, d), rfb38, 1)
	v.formats(rgb222)
	v.lists(rfb.EncodingZRLE, encTRLE, rfb.EncodingHextile, encCursorAlpha, rfb.EncodingCursor)
	v.shows(d, coarse(2, 2, 2))
	v.SetReadDeadline(time.Now().Add(time.Second / 4))
	v.formats(bgrx) // while a request is pending: its answer is in the new format
	v.shows(d, same)
	for e, list := range map[rfb.Encoding][]rfb.Encoding{encTRLE: {encTRLE, rfb.EncodingHextile}, rfb.EncodingHextile: {rfb.EncodingHextile}} {
		clear(v.tally)
		v.lists(list...)
		v.shows(d, same)
		if v.tally[e].pixels == 0 {
			t.Errorf("for %v the server used %v", list, v.tally)
		}
	}
}

// vncsnapshot 1.2 takes a LastRect for an empty rectangle and waits for the rest of 65535; it asks for it nevertheless.
func TestVncsnapshotsLastRect(t *testing.T) {
	d := newDesk(t)
	v := attach(t, share(t, d), rfb33, 1)
	v.formats(bgrx)
	v.lists(vncsnapshotList...)
	v.listed = slices.DeleteFunc(v.listed, func(e rfb.Encoding) bool { return e == rfb.EncodingLastRect }) // fails on one
	v.shows(d, alike)
}

// TurboVNC's viewer for Windows asks no more after an empty update, which script.readUpdate fails on: whatever makes the
// server want to answer, there is at least one rectangle.
func TestNoUpdateIsEmpty(t *testing.T) {
	d := newDesk(t)
	s := share(t, d)
	v := attach(t, s, rfb38, 1)
	v.lists(turboVNC...)
	v.shows(d, same)
	for range 20 {
		v.say(request(1, 0, 0, 0, 0), request(0, 2000, 2000, 5, 5), request(1, 1, 1, 3, 3), request(0, 0, 0, 0, 7))
		v.lists(turboVNC...)
		v.lists(rfb.EncodingTight)
	}
	d.change(t)
	v.lists(turboVNC...)
	v.shows(d, same)
	d.page.Fill(image.Rect(0, 0, 100, 100), 0x405060)
	v.follows(d, same)
}
