package rfbserver

import (
	"image"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

// enter leads the handshake of 3.8 without password, byte by byte, for tests that look at bytes.
func enter(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, _ := connect(t, s)
	talk(t, conn, "<RFB 003.008\n", "RFB 003.008\n", "<\x01\x01", "\x01", "<\x00\x00\x00\x00", "\x01")
	readServerInit(t, conn)
	return conn
}

func wire(m rfb.ClientMessage) string { return string(m.Append(nil)) }

const fenceOffer = "<\xf8\x00\x00\x00\x80\x00\x00\x07\x00"

func TestFences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := enter(t, share(t, &Server{Desktop: newPaper(8, 8)}))
		list := wire(rfb.SetEncodings{rfb.EncodingFence})
		talk(t, conn, list, fenceOffer,
			list, list, wire(rfb.Fence{Flags: rfb.FenceBlockAfter, Payload: "an answer"}), // offered once
			"\xf8\x00\x00\x00\x80\x00\xff\x03\x03abc", "<\xf8\x00\x00\x00\x00\x00\x00\x03\x03abc",
			"\xf8\x00\x00\x00\x80\x00\x00\x00\x41"+strings.Repeat("x", 65), // too long
			"\xf8\x00\x00\x00\x80\x00\x00\x00\x00", "<\xf8\x00\x00\x00\x00\x00\x00\x00\x00")
	})
}

// The update that is on its way goes before the answer; what the next message does comes after it.
func TestFenceOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		conn := enter(t, share(t, &Server{Desktop: d}))
		d.draw(image.Rect(0, 0, 8, 8), 0xff8001)
		ask := wire(rfb.FramebufferUpdateRequest{Rect: image.Rect(3, 3, 4, 4)})
		const head = "\x00\x00\x00\x01" + "\x00\x03\x00\x03\x00\x01\x00\x01" + "\x00\x00\x00\x00"
		talk(t, conn, ask)
		synctest.Wait() // now it is on its way
		sync := wire(rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceSyncNext, Payload: "s"})
		before := wire(rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceBlockBefore, Payload: "b"})
		talk(t, conn, ask, before, sync, wire(rfb.SetPixelFormat{Format: bgrx}), sync, sync, ask,
			"<"+head+"\x01\x80\xff\x00",
			"<"+string(rfb.AppendFence(nil, rfb.FenceBlockBefore, "b")),
			"<"+strings.Repeat(string(rfb.AppendFence(nil, rfb.FenceSyncNext, "s")), 3),
			"<"+head+"\x00\x01\x80\xff")
	})
}

// No update begins between a message and the answer that marks where it took effect, however long that takes.
func TestFenceHoldsUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		d.echo = func(keysym uint32) {
			d.draw(image.Rect(0, 0, 8, 8), keysym)
			time.Sleep(time.Second)
		}
		v := attach(t, share(t, &Server{Desktop: d}))
		v.update()
		for i := range 3 {
			v.ask(true)
			v.conn.Write(rfb.Fence{Flags: rfb.FenceRequest | rfb.FenceSyncNext}.Append(nil))
			v.conn.Write(rfb.KeyEvent{Down: true, Keysym: uint32(i) + 1}.Append(nil))
			if e := v.event(); e != (rfb.Fence{Flags: rfb.FenceSyncNext}) {
				t.Errorf("heard %v before the answer", e)
			}
			v.update() // and it is not lost
		}
	})
}

// Whoever asks and does not listen is sent away before it costs memory.
func TestUnheardAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, served := connect(t, share(t, &Server{Desktop: newPaper(8, 8)}))
		talk(t, conn, "<RFB 003.008\n", "RFB 003.008\n", "<\x01\x01", "\x01", "<\x00\x00\x00\x00", "\x01")
		readServerInit(t, conn)
		fence := []byte(wire(rfb.Fence{Flags: rfb.FenceRequest, Payload: strings.Repeat("x", 64)}))
		for range 2 * maxSays / len(fence) {
			conn.Write(fence)
		}
		if err := <-served; err != errDeaf {
			t.Errorf("left with %v", err)
		}
	})
}

func TestContinuousUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		s := share(t, &Server{Desktop: d})
		v := attach(t, s, rfb.EncodingRaw, rfb.EncodingFence, rfb.EncodingContinuousUpdates)
		if e := v.event(); e != (rfb.EndOfContinuousUpdates{}) {
			t.Fatalf("offered by %v", e)
		}
		v.update()
		v.ContinuousUpdates(true, image.Rect(0, 0, 32, 64))
		for i := range uint32(10) {
			d.draw(image.Rect(30, 10, 40, 20), i)
			if u := v.update(); len(u.Rects) != 1 || u.Rects[0] != image.Rect(30, 10, 32, 20) {
				t.Fatalf("%v", u.Rects)
			}
		}
		v.ask(true) // which means nothing now
		d.draw(image.Rect(50, 10, 60, 20), 1)
		time.Sleep(time.Second)
		v.Request(false, image.Rect(50, 0, 51, 1)) // and this does
		if u := v.update(); len(u.Rects) == 0 || u.Rects[0] != image.Rect(50, 0, 51, 1) {
			t.Fatalf("%v", u.Rects)
		}
		v.ContinuousUpdates(false, image.Rectangle{})
		if e := v.event(); e != (rfb.EndOfContinuousUpdates{}) {
			t.Fatalf("ended by %v", e)
		}
		before := d.captured()
		d.draw(image.Rect(0, 0, 9, 9), 77)
		time.Sleep(time.Second)
		if d.captured() != before {
			t.Error("captured for nobody")
		}
		v.sees(d)
	})
}

// Without fences nobody would know how far the viewer is.
func TestContinuousUpdatesNeedFences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingRaw, rfb.EncodingContinuousUpdates)
		v.update()
		v.ContinuousUpdates(true, v.Image().Rect)
		d.draw(image.Rect(0, 0, 9, 9), 1)
		v.ask(true)
		if u := v.update(); len(u.Rects) != 1 {
			t.Errorf("%v", u.Rects)
		}
	})
}
