//go:build linux

package x11

import (
	"image"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"sixgate/desktop"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// A secret is painted in red, which nothing else on a screen has, and a trace of it remains when it fades. Frames are greyish.
const secretColour = 0xee1100

func isSecret(px uint32) bool { return px>>16&0xff > px>>8&0xff+12 }

// guest is a client of its own that opens windows.
type guest struct {
	t    testing.TB
	conn *xgb.Conn
	c    *connection
}

func (p *painter) guest() *guest {
	p.t.Helper()
	c, err := dial(p.x.Display)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.shut)
	return &guest{p.t, c.Conn, c}
}

// none is a window without a background.
const none = -1

// open creates a window with a background, and maps it.
func (g *guest) open(at image.Rectangle, background int, popup bool) xproto.Window {
	g.t.Helper()
	id, err := xproto.NewWindowId(g.conn)
	if err != nil {
		g.t.Error(err)
		return 0
	}
	mask, values := uint32(xproto.CwBackPixel|xproto.CwOverrideRedirect), []uint32{uint32(background), 0}
	if background == none {
		mask, values[0] = xproto.CwBackPixmap|xproto.CwOverrideRedirect, xproto.BackPixmapNone
	}
	if popup {
		values[1] = 1
	}
	xproto.CreateWindow(g.conn, 0, id, g.c.screen.Root, int16(at.Min.X), int16(at.Min.Y), uint16(at.Dx()), uint16(at.Dy()), 0,
		xproto.WindowClassInputOutput, g.c.screen.RootVisual, mask, values)
	g.sync(xproto.MapWindowChecked(g.conn, id).Check())
	return id
}

func (g *guest) sync(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Error(err)
	}
}

func (g *guest) move(w xproto.Window, to image.Point) {
	xproto.ConfigureWindow(g.conn, w, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(to.X), uint32(to.Y)})
}

func (g *guest) raise(w xproto.Window) {
	xproto.ConfigureWindow(g.conn, w, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
}

// brush paints all of a window.
func (g *guest) brush(w xproto.Window) func(colour uint32) {
	gc, err := xproto.NewGcontextId(g.conn)
	if err != nil {
		g.t.Fatal(err)
	}
	xproto.CreateGC(g.conn, gc, xproto.Drawable(w), 0, nil)
	return func(colour uint32) {
		xproto.ChangeGC(g.conn, gc, xproto.GcForeground, []uint32{colour})
		xproto.PolyFillRectangle(g.conn, xproto.Drawable(w), gc, []xproto.Rectangle{{Width: 5000, Height: 5000}})
	}
}

// sees counts pixels of the secret in what is captured, for so long, and says of how many.
func sees(t *testing.T, d *Desktop, until <-chan struct{}) (secret, captures, pixels int) {
	t.Helper()
	for {
		select {
		case <-until:
			return
		default:
		}
		d.Screens()
		err := d.Capture(func(pieces []piece) {
			captures++
			for _, p := range pieces {
				for y := range p.Rect.Dy() {
					for _, px := range p.Pix[y*p.Stride:][:p.Rect.Dx()] {
						pixels++
						if isSecret(px) {
							secret++
						}
					}
				}
			}
		})
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// A hidden window is dragged about, in front of some windows and behind others, of which some have a background and one
// draws itself late.
func TestDraggedSecretIsNeverSeen(t *testing.T) {
	for _, tt := range screens {
		t.Run(tt.name, func(t *testing.T) {
			p := startPainter(t, tt.screen, tt.args...)
			others, hidden := p.guest(), p.guest()
			others.open(image.Rect(20, 20, 320, 240), 0x335577, false)
			late := others.open(image.Rect(200, 100, 500, 400), none, false)
			front := others.open(image.Rect(300, 50, 420, 300), 0x224466, false)
			paintLate := others.brush(late)
			paintLate(0x447799)
			secret := hidden.open(image.Rect(50, 50, 250, 200), secretColour, false)
			paint := hidden.brush(secret)

			d := p.open()
			d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(secret): true}})
			done := make(chan struct{})
			var dragging sync.WaitGroup
			chatter := p.guest()
			busy := chatter.open(image.Rect(600, 440, 610, 450), 0x334455, false)
			dragging.Go(func() { // so that there is always something to hear
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					case <-time.After(time.Millisecond):
					}
					for j := range 20 {
						chatter.move(busy, image.Pt(600+i%5, 440+j%5))
					}
				}
			})
			dragging.Go(func() {
				defer close(done)
				random := rand.New(rand.NewPCG(1, 1))
				at, by := image.Pt(50, 50), image.Pt(3, 2)
				for i := range 700 {
					if at = at.Add(by); at.X < -50 || at.X > 500 {
						by.X = -by.X
					}
					if at.Y < -50 || at.Y > 400 {
						by.Y = -by.Y
					}
					hidden.move(secret, at)
					paint(secretColour | random.Uint32()&0xff)
					switch i % 50 {
					case 20:
						hidden.raise(secret)
					case 40:
						others.raise(front)
					}
					if i%7 == 0 {
						paintLate(0x447799)
					}
					if i%11 == 0 { // with whatever is on it
						others.move(late, image.Pt(150+random.IntN(100), 50+random.IntN(100)))
					}
					time.Sleep(2 * time.Millisecond)
				}
			})
			seen, captures, pixels := sees(t, d, done)
			dragging.Wait()
			t.Logf("%d captures, %d pixels", captures, pixels)
			if seen > 0 {
				t.Errorf("%d pixels of the secret were seen", seen)
			}
		})
	}
}

// compose starts a compositor that lets windows fade in and out.
func (p *painter) compose(t *testing.T) {
	t.Helper()
	if err := p.x.Spawn("picom", "--config", "/dev/null", "--backend", "xrender", "--fading", "--shadow"); err != nil {
		t.Fatal(err)
	}
	manager := p.atom("_NET_WM_CM_S0")
	eventually(t, "the compositor", func() bool {
		reply, err := xproto.GetSelectionOwner(p.conn, manager).Reply()
		return err == nil && reply.Owner != xproto.WindowNone
	})
}

// Under a compositor the screen follows the windows late, and those that go away fade.
func TestFadingSecretIsNeverSeen(t *testing.T) {
	p := startPainter(t, "640x480x24")
	p.compose(t)
	others, hidden := p.guest(), p.guest()
	others.open(image.Rect(20, 20, 320, 240), 0x335577, false)
	front := others.open(image.Rect(300, 50, 420, 300), 0x224466, false)
	secret := hidden.open(image.Rect(50, 50, 250, 200), secretColour, false)
	paint := hidden.brush(secret)
	paint(secretColour)
	eventually(t, "the picture", func() bool { return slices.ContainsFunc(p.shown().pix, isSecret) })
	d := p.open()
	d.Mask(desktop.Mask{Known: map[uint32]bool{uint32(secret): true}})
	done := make(chan struct{})
	var dragging sync.WaitGroup
	dragging.Go(func() {
		defer close(done)
		at, by := image.Pt(50, 50), image.Pt(9, 4)
		for i := range 120 {
			if at = at.Add(by); at.X < -50 || at.X > 500 {
				by.X = -by.X
			}
			if at.Y < -50 || at.Y > 400 {
				by.Y = -by.Y
			}
			hidden.move(secret, at)
			switch i {
			case 30:
				others.raise(front)
			case 50, 90:
				xproto.UnmapWindow(hidden.conn, secret)
			case 70, 95:
				xproto.MapWindow(hidden.conn, secret)
			case 100:
				xproto.ConfigureWindow(hidden.conn, secret, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{60, 60})
			case 110:
				xproto.DestroyWindow(hidden.conn, secret)
			}
			paint(secretColour | uint32(i))
			time.Sleep(16 * time.Millisecond)
		}
		time.Sleep(compositorFade + 300*time.Millisecond)
	})
	seen, captures, pixels := sees(t, d, done)
	dragging.Wait()
	t.Logf("%d captures, %d pixels", captures, pixels)
	if seen > 0 {
		t.Errorf("%d pixels of the secret were seen", seen)
	}
	d.Refresh()
	(&mirror{}).follow(d, p) // nothing stays hatched
}
