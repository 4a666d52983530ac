package viewerbridge

import (
	"bytes"
	"errors"
	"image"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/rfb"
	"sixgate/rfbserver"
	"sixgate/session"
)

func TestHostThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		began := time.Now()
		if _, err := (leg{near}).Write([]byte("a key")); err == nil || time.Since(began) != takeFor {
			t.Errorf("given up after %v with %v", time.Since(began), err)
		}
		if _, err := near.Read(make([]byte, 1)); err == nil {
			t.Error("half of a message was sent, and the connection is still used")
		}
	})
}

// written is what a client says, message by message.
type written struct {
	net.Conn
	mu    sync.Mutex
	kinds []byte
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.kinds = append(w.kinds, b[0])
	w.mu.Unlock()
	return w.Conn.Write(b)
}

// requests is how many updates were asked for.
func (w *written) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Count(w.kinds, []byte{3})
}

// mirrored shows a desk in a mirror until the test ends.
func mirrored(t *testing.T, d *desk, encodings []rfb.Encoding) (*mirror, *written) {
	t.Helper()
	host := serve(t, &rfbserver.Server{Desktop: d})
	conn := &written{Conn: host()}
	leg, err := rfb.NewClient(conn, rfb.ClientOptions{Encodings: encodings, Ahead: true})
	if err != nil {
		t.Fatal(err)
	}
	m := newMirror()
	m.allowed.Store(uint32(session.View | session.Control | session.Clipboard))
	ended, shown := make(chan error, 1), make(chan struct{})
	go func() { ended <- m.follow(leg, func() { close(shown) }) }()
	t.Cleanup(func() { conn.Close(); <-ended })
	<-shown
	return m, conn
}

// wait looks at the mirror, whenever it has changed, until it is as it should be.
func (m *mirror) wait(done func() bool) {
	for !done() {
		<-m.changed
	}
}

// A host that can sends without being asked, also after its screen took another size; another one is asked for each update.
func TestLegIsContinuous(t *testing.T) {
	all := (&Bridge{Quality: -1}).encodings()
	for _, tt := range []struct {
		encodings []rfb.Encoding
		requests  func(int) bool
	}{
		{all, func(n int) bool { return n <= 1 }}, // besides what was asked ahead; 1: the offer came after the picture
		{[]rfb.Encoding{rfb.EncodingTight, rfb.EncodingDesktopSize}, func(n int) bool { return n > 10 }},
	} {
		d := newDesk(image.Pt(64, 48))
		m, conn := mirrored(t, d, tt.encodings)
		for i := range 20 {
			d.draw(image.Pt(64+i/10*30, 48), uint32(i*3000))
			m.wait(func() bool {
				m.mu.Lock()
				defer m.mu.Unlock()
				d.mu.Lock()
				defer d.mu.Unlock()
				return m.picture.Rect == d.picture.Rect && slices.Equal(m.picture.Pix, d.picture.Pix)
			})
		}
		if n := conn.requests(); !tt.requests(n) {
			t.Errorf("%d updates were asked for", n)
		}
	}
}

// What a host says of itself reaches the viewers, and what they say of keys and sizes reaches the host.
func TestLegCarriesTheRest(t *testing.T) {
	d := newDesk(image.Pt(64, 48))
	d.lights, d.pointer = 5, image.Pt(7, 8)
	d.screens = []image.Rectangle{image.Rect(0, 0, 40, 48), image.Rect(40, 0, 64, 48)}
	m, _ := mirrored(t, d, (&Bridge{Quality: 8}).encodings())
	m.wait(func() bool { return m.LEDs() == 5 && m.Pointer() == d.pointer && slices.Equal(m.Screens(), d.screens) })

	m.KeyCode(0x1e, 'a', true)
	m.MovePointer(image.Pt(3, 4), 1<<8)
	m.PushPointer(image.Pt(10, 100), 0)
	m.SetClipboard("grüße, 漢字")
	for _, want := range []string{"code 30 97 true", "pointer (3,4) 256", "pointer (13,47) 0", "text grüße, 漢字"} {
		if got := <-d.heard; got != want {
			t.Errorf("the host heard %q, want %q", got, want)
		}
	}
	if m.Pointer() != image.Pt(13, 47) {
		t.Errorf("the pointer is at %v", m.Pointer())
	}
	d.copy("€")
	m.wait(func() bool { return m.Clipboard() == "€" })

	size := image.Pt(80, 60)
	if err := m.Resize(size); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a host that cannot: %v", err)
	}
	d.resizes.Store(true)
	if err := m.Resize(size); err != nil || m.size() != size {
		t.Errorf("the host's size is %v: %v", m.size(), err)
	}
	m.allowed.Store(uint32(session.View))
	m.KeyCode(0x1e, 'a', true)
	m.PushPointer(image.Pt(1, 1), 0)
	if err := m.Resize(image.Pt(90, 60)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("one whose user did not allow it: %v", err)
	}
	if len(d.heard) > 0 {
		t.Errorf("the host heard %q", <-d.heard)
	}

	// Who may only point gives the host the pointer, and nothing else.
	m.points.Store(true)
	m.KeyCode(0x1e, 'a', true)
	m.Key('a', true)
	m.SetClipboard("text")
	if err := m.Resize(image.Pt(90, 60)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("one whose user did not allow it: %v", err)
	}
	m.MovePointer(image.Pt(7, 9), 1)
	m.allowed.Store(0) // they show nothing
	m.MovePointer(image.Pt(30, 9), 1)
	m.allowed.Store(uint32(session.View))
	m.PushPointer(image.Pt(1, 1), 0)
	for _, want := range []string{"pointer (7,9) 1", "pointer (8,10) 0"} {
		if got := <-d.heard; got != want {
			t.Errorf("who points: the host heard %q, want %q", got, want)
		}
	}
}

// Whatever the host draws, scrolls and drags, at rest the viewers show exactly that.
func TestPictureIsExactAtRest(t *testing.T) {
	const side = 512
	d := newDesk(image.Pt(side, side))
	m, _ := mirrored(t, d, (&Bridge{Quality: 4}).encodings())
	viewer := join(t, serve(t, &rfbserver.Server{Desktop: m})(), rfb.EncodingTight, rfb.EncodingCopyRect, rfb.EncodingQualityLevel0+6)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		for range 10 {
			d.scribble(rnd)
		}
		d.mu.Lock()
		want := &rfb.Image{Pix: slices.Clone(d.picture.Pix), Stride: side, Rect: d.picture.Rect}
		d.mu.Unlock()
		until(t, viewer, want)
		if err := viewer.Request(true, viewer.Image().Rect); err != nil {
			t.Fatal(err)
		}
	}
}

// scribble scrolls the desk and puts something like a photo on it.
func (d *desk) scribble(rnd *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.picture
	by := rnd.IntN(100)
	copy(m.Pix, m.Pix[by*m.Stride:])
	at, shade := image.Pt(rnd.IntN(300), rnd.IntN(300)), rnd.Uint32N(60)
	for y := range 200 {
		for x := range 200 {
			v := uint32(x+y)/3 + shade + rnd.Uint32N(9)
			m.Pix[(at.Y+y)*m.Stride+at.X+x] = v<<16 | (v+20)<<8 | (v + 40)
		}
	}
	d.dirty = true
	select {
	case d.changed <- struct{}{}:
	default:
	}
}
