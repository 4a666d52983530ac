package rfbserver

import (
	"fmt"
	"image"
	"image/color"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
)

var (
	f565 = rfb.PixelFormat{BitsPerPixel: 16, Depth: 16, TrueColour: true, RedMax: 31, GreenMax: 63, BlueMax: 31, RedShift: 11, GreenShift: 5}
	bgrx = rfb.PixelFormat{BitsPerPixel: 32, Depth: 24, BigEndian: true, TrueColour: true, RedMax: 255, GreenMax: 255, BlueMax: 255, GreenShift: 8, BlueShift: 16}
	b233 = rfb.PixelFormat{BitsPerPixel: 8, Depth: 8, TrueColour: true, RedMax: 7, GreenMax: 7, BlueMax: 3, GreenShift: 3, BlueShift: 6}
	maps = rfb.PixelFormat{BitsPerPixel: 8, Depth: 8}
)

// near compares the colours of two pixels; slack is what each channel may differ by.
func near(a, b uint32, slack int) bool {
	for _, shift := range []int{0, 8, 16} {
		if d := int(a>>shift&0xff) - int(b>>shift&0xff); d > slack || -d > slack {
			return false
		}
	}
	return true
}

func shows(m *rfb.Image, d *paper, slack int) error {
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x, px := range m.Row(0, m.Rect.Max.X, y) {
			if want := d.pixel(x, y); !near(px, want, slack) {
				return fmt.Errorf("pixel %d,%d is %06x and should be %06x", x, y, px, want)
			}
		}
	}
	return nil
}

// Each viewer has its own format and its own encoding, all at once.
func TestViewersOfAllKinds(t *testing.T) {
	d := newPaper(333, 222)
	s := share(t, &Server{Desktop: d, Password: "geheim"})
	kinds := []struct {
		format rfb.PixelFormat
		slack  int
	}{{rfb.Native, 0}, {bgrx, 0}, {f565, 8}, {b233, 85}, {maps, 52}}
	var all sync.WaitGroup
	for _, enc := range []rfb.Encoding{rfb.EncodingRaw, rfb.EncodingHextile, rfb.EncodingZlib, rfb.EncodingTight, rfb.EncodingZRLE} {
		for _, kind := range kinds {
			conn, _ := connect(t, s)
			all.Go(func() {
				c, err := rfb.NewClient(conn, rfb.ClientOptions{Password: "geheim", Format: kind.format, Encodings: []rfb.Encoding{enc, rfb.EncodingLastRect, rfb.EncodingCursor}})
				if err != nil {
					t.Error(err)
					return
				}
				for last := false; ; { // one answer to each request
					last = d.pixel(0, 0) == 19
					c.Request(!last, c.Image().Rect)
					if _, err := c.Next(); err != nil {
						t.Errorf("%v %v: %v", enc, kind.format, err)
						return
					}
					if last {
						break
					}
				}
				if err := shows(c.Image(), d, kind.slack); err != nil {
					t.Errorf("%v %v: %v", enc, kind.format, err)
				}
			})
		}
	}
	for i := range uint32(20) {
		d.draw(image.Rect(int(i)*3, int(i)*5, 200, 150), i*0x0a0b0c)
		d.draw(image.Rect(0, 0, 9, 9), i)
		time.Sleep(5 * time.Millisecond) // frames of a film, not a wait for anything
	}
	all.Wait()
}

// A format that comes in the middle counts from the next update on.
func TestFormatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(8, 8)
		conn, _ := connect(t, share(t, &Server{Desktop: d}))
		talk(t, conn, "<RFB 003.008\n", "RFB 003.008\n", "<\x01\x01", "\x01", "<\x00\x00\x00\x00", "\x01",
			"<\x00\x08\x00\x08"+string(rfb.Native.Append(nil))+"\x00\x00\x00\x05paper")
		one := image.Rect(3, 3, 4, 4)
		ask := func() string {
			return string(rfb.FramebufferUpdateRequest{Rect: one}.Append(nil))
		}
		d.draw(image.Rect(0, 0, 8, 8), 0xff8001)
		const head = "<\x00\x00\x00\x01" + "\x00\x03\x00\x03\x00\x01\x00\x01" + "\x00\x00\x00\x00"
		talk(t, conn, ask(), head+"\x01\x80\xff\x00")
		talk(t, conn, string(rfb.SetPixelFormat{Format: bgrx}.Append(nil)), ask(), head+"\x00\x01\x80\xff")
		talk(t, conn, string(rfb.SetPixelFormat{Format: f565}.Append(nil)), ask(), head+"\x00\xfc")
		colours := rfb.ColourMap()
		talk(t, conn, string(rfb.SetPixelFormat{Format: maps}.Append(nil)), ask(),
			"<"+string(rfb.AppendSetColourMapEntries(nil, &colours)), head+"\xc6") // 5, 3, 0 of the cube
	})
}

func shape() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 4, 4))
	m.SetRGBA(0, 0, color.RGBA{255, 0, 0, 255})
	m.SetRGBA(1, 0, color.RGBA{64, 64, 64, 128}) // half of a grey
	return m
}

// A viewer that paints the cursor gets its shape, another one finds it in the picture.
func TestCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(64, 64)
		d.draw(image.Rect(0, 0, 64, 64), 0x808080)
		d.shape, d.hot, d.at = shape(), image.Pt(1, 1), image.Pt(10, 10)
		s := share(t, &Server{Desktop: d})
		own, soft := attach(t, s, rfb.EncodingRaw, rfb.EncodingCursor), attach(t, s)
		u := own.update()
		if got, hot := own.Cursor(); !u.CursorChanged || hot != d.hot || got == nil || got.RGBAAt(0, 0) != (color.RGBA{255, 0, 0, 255}) {
			t.Errorf("the shape arrived as %v at %v", got, hot)
		}
		if !own.same(d) {
			t.Error("a viewer has two cursors")
		}
		soft.update()
		if soft.pixel(9, 9) != 0xff0000 || soft.pixel(10, 9) != 0x7f7f7f || soft.pixel(11, 11) != 0x808080 {
			t.Errorf("painted as %06x %06x %06x", soft.pixel(9, 9), soft.pixel(10, 9), soft.pixel(11, 11))
		}

		soft.ask(true)
		own.ask(true)
		d.set(func() { d.at = image.Pt(30, 0) }) // its upper row lies outside now
		soft.update()
		if soft.pixel(9, 9) != 0x808080 || soft.pixel(29, 0) != 0x808080 {
			t.Error("the old cursor stays")
		}
		time.Sleep(time.Second)
		d.set(func() { d.shape = nil })
		if u := own.update(); !u.CursorChanged || len(u.Rects) != 0 {
			t.Errorf("for a cursor that moved and then vanished: %+v", u)
		}
		soft.sees(d)

		d.set(func() { d.shape, d.at = shape(), image.Pt(10, 10) })
		soft.until(func() bool { return soft.pixel(9, 9) == 0xff0000 })
		soft.SetEncodings(rfb.EncodingCursor) // it paints from now on
		soft.ask(true)
		if u := soft.update(); !u.CursorChanged || !soft.same(d) {
			t.Errorf("painted cursor stays: %+v", u)
		}
		soft.SetEncodings() // and now no longer
		soft.ask(true)
		if soft.update(); soft.pixel(9, 9) != 0xff0000 {
			t.Error("nobody paints the cursor")
		}
	})
}

func TestResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(100, 80)
		s := share(t, &Server{Desktop: d})
		old := attach(t, s)
		plain := attach(t, s, rfb.EncodingRaw, rfb.EncodingDesktopSize)
		extended := attach(t, s, rfb.EncodingRaw, rfb.EncodingDesktopSize, rfb.EncodingExtendedDesktopSize)
		for _, v := range []*viewerEnd{old, plain, extended} {
			if u := v.update(); len(u.Rects) == 0 {
				t.Fatalf("first update %+v", u)
			}
			v.ask(true)
		}
		screens := []image.Rectangle{image.Rect(0, 0, 60, 90), image.Rect(60, 0, 120, 70)}
		d.resize(screens...)
		for _, v := range []*viewerEnd{plain, extended} {
			if u := v.update(); !u.Resized || len(u.Rects) != 0 || v.Image().Rect != image.Rect(0, 0, 120, 90) {
				t.Errorf("%+v, %v", u, v.Image().Rect)
			}
			v.sees(d)
		}
		if got := extended.Screens(); len(got) != 2 || got[0] != screens[0] || got[1] != screens[1] {
			t.Errorf("screens %v", got)
		}
		old.until(func() bool { return old.pixel(99, 0) == d.pixel(99, 0) && old.pixel(0, 79) == d.pixel(0, 79) })

		d.resize(image.Rect(0, 0, 50, 40)) // for the old one black is around it
		old.until(func() bool {
			return old.pixel(50, 0) == 0 && old.pixel(0, 40) == 0 && old.pixel(49, 39) == d.pixel(49, 39)
		})
		for _, v := range []*viewerEnd{plain, extended} {
			v.ask(true)
			v.update()
			v.sees(d)
		}

		extended.ask(true)
		d.set(func() { d.screens = []image.Rectangle{image.Rect(0, 0, 50, 20), image.Rect(0, 20, 50, 40)} })
		if u := extended.update(); !u.ScreensChanged || u.Resized || len(u.Rects) != 0 {
			t.Errorf("screens moved: %+v", u)
		}
		extended.ask(false)
		if u := extended.update(); len(u.Rects) == 0 {
			t.Errorf("screens told again: %+v", u)
		}
	})
}

// The screen changes its size over and over while large updates are on their way.
func TestResizeWhileSending(t *testing.T) {
	d := newPaper(700, 500)
	s := share(t, &Server{Desktop: d})
	var all sync.WaitGroup
	for _, list := range [][]rfb.Encoding{
		{rfb.EncodingTight, rfb.EncodingLastRect, rfb.EncodingExtendedDesktopSize},
		{rfb.EncodingZRLE, rfb.EncodingDesktopSize},
		{rfb.EncodingRaw},
	} {
		conn, _ := connect(t, s)
		all.Go(func() {
			c, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: list})
			if err != nil {
				t.Error(err)
				return
			}
			for incremental := false; c.Image().Pix[0] != 0x123456; incremental = true {
				c.Request(incremental, c.Image().Rect)
				if _, err := c.Next(); err != nil {
					t.Errorf("%v: %v", list, err)
					return
				}
			}
		})
	}
	for i := range 60 {
		d.resize(image.Rect(0, 0, 500+i*37%400, 300+i*53%300))
		time.Sleep(3 * time.Millisecond) // frames of a film, not a wait for anything
	}
	d.draw(image.Rect(0, 0, 1, 1), 0x123456)
	all.Wait()
}

// The desktop has another size when it is captured than a moment before.
func TestResizeWhileCapturing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(100, 80)
		v := attach(t, share(t, &Server{Desktop: d}), rfb.EncodingRaw, rfb.EncodingDesktopSize)
		v.update()
		for _, size := range []image.Rectangle{image.Rect(0, 0, 200, 160), image.Rect(0, 0, 90, 170)} {
			d.set(func() { d.meanwhile = func() { d.resize(size) } })
			v.sees(d)
			v.ask(true)
			v.update()
			v.sees(d)
		}
	})
}

// A viewer that stops reading in the middle of an update costs the others nothing, and gets the newest
// picture when it goes on.
func TestStalledViewerCostsOthersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPaper(400, 300)
		s := share(t, &Server{Desktop: d})
		stalled := attach(t, s) // its picture is never read, and net.Pipe holds no byte of it
		synctest.Wait()
		stalled.ask(true)
		synctest.Wait()
		before := d.captured()
		for i := range uint32(10) {
			d.draw(image.Rect(10, 10, 20, 20), i)
			time.Sleep(time.Second)
		}
		if d.captured() != before {
			t.Errorf("%d captures for one that does not read", d.captured()-before)
		}
		halfSaid, _ := connect(t, s)
		talk(t, halfSaid, "<RFB 003.008\n", "RFB 003.003\n", "<\x00\x00\x00\x01", "\x01")
		readServerInit(t, halfSaid)
		talk(t, halfSaid, "\x02")
		good := attach(t, s)
		good.update()
		start := time.Now()
		for i := range uint32(1000) {
			good.ask(true)
			d.draw(image.Rect(10, 10, 20, 20), i)
			if u := good.update(); len(u.Rects) != 1 {
				t.Fatalf("%v", u.Rects)
			}
		}
		if took := time.Since(start); took > 1000*frame {
			t.Errorf("1000 updates took %v", took)
		}
		stalled.update()
		stalled.sees(d)
	})
}

func TestDeadViewerIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := attach(t, share(t, &Server{Desktop: newPaper(400, 300)}))
		start := time.Now()
		err := <-v.served
		if took := time.Since(start); err != errStalled || took < stallFor || took > stallFor+frame+time.Millisecond { // the desktop may rest first
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// One that reads slowly is not dead.
func TestSlowViewerStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := attach(t, share(t, &Server{Desktop: newPaper(400, 300)}))
		b := make([]byte, 2<<10)
		for range 200 {
			if _, err := v.conn.Read(b); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
	})
}

// Whoever does not read LastRect waits for as many rectangles as the update says: vncsnapshot, of 3.3.
func TestLastRectIsNotForEveryone(t *testing.T) {
	for _, tt := range []struct {
		version string
		list    rfb.SetEncodings
		counted bool
	}{
		{"RFB 003.008\n", rfb.SetEncodings{rfb.EncodingTight}, true},
		{"RFB 003.008\n", rfb.SetEncodings{rfb.EncodingTight, rfb.EncodingLastRect}, false},
		{"RFB 003.003\n", rfb.SetEncodings{rfb.EncodingTight, rfb.EncodingLastRect}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			conn, _ := connect(t, share(t, &Server{Desktop: newPaper(1200, 300)}))
			if tt.version == "RFB 003.003\n" {
				talk(t, conn, "<RFB 003.008\n", tt.version, "<\x00\x00\x00\x01", "\x01")
			} else {
				talk(t, conn, "<RFB 003.008\n", tt.version, "<\x01\x01", "\x01", "<\x00\x00\x00\x00", "\x01")
			}
			readServerInit(t, conn)
			conn.Write(tt.list.Append(nil))
			conn.Write(rfb.FramebufferUpdateRequest{Rect: image.Rect(0, 0, 1200, 300)}.Append(nil))
			head := make([]byte, 4)
			conn.Read(head)
			if counted := string(head[2:]) != "\xff\xff"; counted != tt.counted {
				t.Errorf("%q %v: %x", tt.version, tt.list, head)
			}
		})
	}
}

// The whole of it over TCP, where there are buffers between the two.
func TestOverTCP(t *testing.T) {
	d := newPaper(1024, 768)
	s := share(t, &Server{Desktop: d})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context(), accepted) }()
	c, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingTight, rfb.EncodingLastRect}})
	if err != nil {
		t.Fatal(err)
	}
	v := &viewerEnd{Client: c, t: t, conn: conn, served: served}
	v.ask(false)
	v.update()
	for i := range uint32(20) {
		d.draw(image.Rect(int(i), 20, 900, 700), i)
		v.sees(d)
	}
	if err := v.leave(); err != nil {
		t.Errorf("left with %v", err)
	}
}
