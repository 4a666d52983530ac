//go:build linux

package conformance

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sixgate/bench/scene"
	"sixgate/rfb"
)

// Colours that nothing else on these desktops has.
const (
	mailColour  = 0xfe01a3
	notesColour = 0x01fea3
	bankColour  = 0xa301fe
	swarmColour = 0xfea301
)

// onlooker is a viewer that counts the pixels of some colours in every picture that it is sent.
type onlooker struct {
	*rfb.Client

	mu     sync.Mutex
	last   *image.RGBA
	now    map[uint32]int // in the last picture
	most   map[uint32]int // in any
	frames int
}

func look(t *testing.T, s *server, colours ...uint32) *onlooker {
	t.Helper()
	conn := s.dial(t)
	client, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: []rfb.Encoding{rfb.EncodingZRLE, rfb.EncodingCopyRect, rfb.EncodingExtendedDesktopSize}})
	if err == nil {
		err = client.Request(false, client.Image().Rect)
	}
	if err != nil {
		t.Fatal(err)
	}
	o := &onlooker{Client: client, now: map[uint32]int{}, most: map[uint32]int{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			e, err := client.Next()
			if err != nil {
				return
			}
			if u, ok := e.(*rfb.Update); ok {
				o.count(colours)
				if client.Request(!u.Resized, client.Image().Rect) != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() { conn.Close(); running.Wait() })
	return o
}

//go:norace
func (o *onlooker) count(colours []uint32) {
	img := picture(o.Image())
	now := map[uint32]int{}
	for _, c := range colours {
		now[c] = pixels(img, c)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now, o.last = now, img
	o.frames++
	for c, n := range now {
		o.most[c] = max(o.most[c], n)
	}
}

//go:norace
func pixels(img *image.RGBA, colour uint32) (n int) {
	for i := 0; i < len(img.Pix); i += 4 {
		if p := img.Pix[i : i+3]; p[0] == byte(colour>>16) && p[1] == byte(colour>>8) && p[2] == byte(colour) {
			n++
		}
	}
	return n
}

// awaits returns when a colour is in the picture, or is not.
func (o *onlooker) awaits(t *testing.T, colour uint32, there bool) {
	t.Helper()
	eventually(t, func() error {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.frames == 0 || (o.now[colour] > 0) != there {
			return fmt.Errorf("of colour %x there are %d pixels in picture %d", colour, o.now[colour], o.frames)
		}
		return nil
	})
}

// never fails when a colour was in any picture.
func (o *onlooker) never(t *testing.T, colour uint32, why string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := o.most[colour]; n > 0 {
		t.Fatalf("%s: the supporter saw %d pixels of colour %x", why, n, colour)
	}
}

// programs opens windows on a desktop, each of them all in one colour.
func (d *desk) program(t *testing.T, s *scene.Screen, name string, at image.Rectangle, colour uint32) scene.Window {
	t.Helper()
	w, err := s.Program(name, "A title that nobody may see: "+name, at, colour)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// awaitOn returns when a colour is on the screen itself.
func (d *desk) awaitOn(t *testing.T, colour uint32) {
	t.Helper()
	eventually(t, func() error {
		if pixels(d.look(t), colour) == 0 {
			return fmt.Errorf("nothing of colour %x is on the screen", colour)
		}
		return nil
	})
}

// answers are the middles of the buttons in the bar's second row: Show, Hide, and for several windows Show all and Hide all.
func (d *desk) answers(t *testing.T) (at []image.Point) {
	t.Helper()
	const y = 36 // above the letters
	picture := d.look(t)
	from := -1
	for x := range picture.Rect.Dx() {
		c := picture.RGBAAt(x, y)
		button := c.R == 0x2c && c.G == 0x3b && c.B == 0x49
		if button && from < 0 {
			from = x
		} else if !button && from >= 0 {
			if x-from > 30 {
				at = append(at, image.Pt((from+x)/2, 34+17))
			}
			from = -1
		}
	}
	return at
}

// asked waits for a question with so many buttons.
func (d *desk) asked(t *testing.T, buttons int) (at []image.Point) {
	t.Helper()
	eventually(t, func() error {
		if at = d.answers(t); len(at) != buttons {
			return fmt.Errorf("the bar has %d answers, not %d", len(at), buttons)
		}
		return nil
	})
	return at
}

// thinks takes the time in which a question can be read: answers before that do not count.
func thinks() { time.Sleep(600 * time.Millisecond) }

func (d *desk) click(t *testing.T, at image.Point) {
	t.Helper()
	if err := d.run(t, "xdotool", "mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "click", "1"); err != nil {
		t.Fatal(err)
	}
}

// newPrograms is a desktop with a photo on it, and somebody who opens windows there.
func newPrograms(t *testing.T) (*desk, *scene.Screen) {
	t.Helper()
	d := newPhotoDesk(t)
	if err := d.page.Destroy(); err != nil {
		t.Fatal(err)
	}
	return d, openScreen(t, d.Display)
}

// TestNewWindows opens windows in a session: each stays hidden until the end user has clicked on Show on their bar, and nobody else
// can click there.
func TestNewWindows(t *testing.T) {
	t.Parallel()
	d, programs := newPrograms(t)
	d.program(t, programs, "Notes", image.Rect(40, 80, 440, 380), notesColour)
	m := meet(t, "", "127.0.0.1", "", "--no-password", "--quality=-1")
	v := look(t, m.viewers, notesColour, mailColour, bankColour, swarmColour)
	host := m.host(t, "", d.Display)
	m.allowAs(t, host, "y")
	v.awaits(t, notesColour, true) // was there before

	mail := d.program(t, programs, "Mail", image.Rect(500, 120, 900, 420), mailColour)
	buttons := d.asked(t, 2)
	show := buttons[0]
	host.until(t, "New window: Mail.")
	d.awaitOn(t, mailColour)
	d.shot(t, "bar asks")

	// The supporter clicks on Show, and the end user does while the supporter's hand is on the mouse.
	if err := errors.Join(v.Pointer(show, 0), v.Pointer(show, 1), v.Pointer(show, 0)); err != nil {
		t.Fatal(err)
	}
	d.awaitPointer(t, show)
	thinks() // so an answer would count
	if err := errors.Join(v.Pointer(show.Add(image.Pt(0, 1)), 1), v.Pointer(show, 0)); err != nil {
		t.Fatal(err)
	}
	d.awaitPointer(t, show)
	before := d.bar(t)
	d.click(t, show)
	eventually(t, func() error {
		if d.bar(t) == before {
			return errors.New("the bar does not say that nothing was changed")
		}
		return nil
	})
	d.shot(t, "bar refuses")
	d.program(t, programs, "Bank", image.Rect(600, 460, 900, 700), bankColour)
	show = d.asked(t, 4)[0]
	v.never(t, mailColour, "the end user has not answered")

	// A second later the end user's click counts. The next question is not answered by a double click.
	time.Sleep(1100 * time.Millisecond)
	d.click(t, show)
	d.click(t, show)
	v.awaits(t, mailColour, true)
	buttons = d.asked(t, 2)
	v.never(t, bankColour, "the end user was asked about another window")
	thinks()
	d.click(t, buttons[1])
	d.asked(t, 0)

	// A hundred windows at once, which are gone again, and a hundred that stay.
	var swarm []scene.Window
	open := func() {
		for i := range 100 {
			at := image.Pt(37*i%1100, 100+53*i%600)
			swarm = append(swarm, d.program(t, programs, "Swarm", image.Rectangle{at, at.Add(image.Pt(90, 70))}, swarmColour))
		}
	}
	open()
	d.asked(t, 4)
	for _, w := range swarm {
		w.Destroy()
	}
	d.asked(t, 0)
	open()
	d.asked(t, 4)
	thinks()
	d.click(t, d.asked(t, 4)[3])
	d.asked(t, 0)
	d.awaitOn(t, swarmColour)
	mail.Fill(image.Rect(0, 0, 400, 300), 0x123456)
	v.awaits(t, mailColour, false) // what was drawn later has been seen
	v.never(t, swarmColour, "the end user has hidden all")
	v.never(t, bankColour, "the end user has hidden it")
	host.cmd.Process.Signal(os.Interrupt)
	if status := host.exit(t); status != 0 {
		t.Errorf("the host left with %d", status)
	}
}

// bar is what the screen shows where the bar's two rows are.
func (d *desk) bar(t *testing.T) string {
	img := d.look(t)
	return string(img.Pix[:68*img.Stride])
}

// shot takes a picture of the screen for SIXGATE_SHOTS.
func (d *desk) shot(t *testing.T, name string) {
	t.Helper()
	if dir := os.Getenv("SIXGATE_SHOTS"); dir != "" {
		save(t, filepath.Join(dir, name+".png"), d.look(t))
	}
}
