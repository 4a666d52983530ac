package rfb

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"sync"
)

// ClientOptions is what a client wants of a server.
type ClientOptions struct {
	Password  string      // for VncAuth, which looks at the first 8 bytes
	Format    PixelFormat // of the pixels on the wire; zero: Native
	Encodings []Encoding  // the best first; none: Raw alone
	// Ahead is for a server that is known to speak 3.8 and to want no password, and is far away: the client says all at once, with
	// a Request of everything, and the first Update comes after one round trip in place of five.
	Ahead bool
}

// Client is the client's end of one connection. It starts no goroutine: Next reads, and what the other
// methods send may be sent from anywhere meanwhile.
type Client struct {
	br         *bufio.Reader
	decoder    Decoder
	screen     *Image
	name       string
	screens    []image.Rectangle
	cursor     *image.RGBA
	hot        image.Point
	pointerPos image.Point
	leds       int

	mu    sync.Mutex // guards what follows, and whole messages on w
	w     io.Writer
	out   []byte
	input input
}

// Event is a message of the server, as Next returns it.
type Event interface{ event() }

// Update is a FramebufferUpdate. What it says has changed has already changed in the Client.
type Update struct {
	Rects          []image.Rectangle // painted on Image; valid until Next is called again
	Copies         int               // how many of Rects were copied from another place of Image
	Resized        bool              // Image is another one
	CursorChanged  bool
	NameChanged    bool
	ScreensChanged bool
	PointerMoved   bool // by someone else than this client
	LEDsChanged    bool
	Refused        bool // a SetDesktopSize that this client sent did not come true
}

// Bell is the server's bell.
type Bell struct{}

// CutText is what was copied on the server's side, in UTF-8.
type CutText struct{ Text string }

func (*Update) event() {}
func (Bell) event()    {}
func (CutText) event() {}

// maxRects bounds the rectangles of an update that only ends with a LastRect.
const maxRects = 1 << 16

// An update may paint each pixel overdraw times, and a few more in a small framebuffer: sixteen bytes can stand for all of
// them, and whoever reads an update cannot stop before its end.
const (
	overdraw  = 8
	paintSome = 1 << 20
)

// readBuffer holds a burst of the server.
const readBuffer = 64 << 10

// NewClient joins the server at the other end of conn and tells it what o wants. Nothing is sent by the
// server before the first Request.
func NewClient(conn io.ReadWriter, o ClientOptions) (*Client, error) {
	c := &Client{br: bufio.NewReaderSize(conn, readBuffer), w: conn, leds: -1}
	c.decoder.Format = o.Format.orNative()
	wishes := SetPixelFormat{c.decoder.Format}.Append(nil)
	wishes = SetEncodings(o.Encodings).Append(wishes)
	w := io.Writer(conn)
	if o.Ahead {
		first, err := speakAhead(conn, wishes)
		if err != nil {
			return nil, err
		}
		w = first
	}
	init, err := joinServer(c.br, w, o.Password)
	if err != nil {
		return nil, err
	}
	c.name = init.Name
	c.resize(init.Size)
	c.screens = []image.Rectangle{c.screen.Rect}
	_, err = w.Write(wishes)
	return c, err
}

// Name is the desktop's name. Like Image, Screens and Cursor it belongs to the goroutine that calls Next.
func (c *Client) Name() string { return c.name }

// Image is the framebuffer. Next paints on it; after an Update that Resized it is another one, and the one before is no more.
func (c *Client) Image() *Image { return c.screen }

// Screens are the monitors' places in the framebuffer, never empty: all of it where the server did not say.
func (c *Client) Screens() []image.Rectangle { return c.screens }

// Cursor is the last shape that the server sent, and its hotspot: another image after each Update with
// CursorChanged, nil before the first.
func (c *Client) Cursor() (*image.RGBA, image.Point) { return c.cursor, c.hot }

// PointerPos is where the server's pointer was last time that it told: after each Update with PointerMoved.
func (c *Client) PointerPos() image.Point { return c.pointerPos }

// LEDs are the lights of the server's keyboard: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock; -1: it did not tell.
func (c *Client) LEDs() int { return c.leds }

// Request asks for an Update of r: of what changed or, not incremental, of all of it.
func (c *Client) Request(incremental bool, r image.Rectangle) error {
	return c.send(FramebufferUpdateRequest{incremental, r})
}

// ContinuousUpdates asks for Updates of r without a Request for each, or for no more of them. The server must have sent
// EndOfContinuousUpdates before.
func (c *Client) ContinuousUpdates(on bool, r image.Rectangle) error {
	return c.send(EnableContinuousUpdates{on, r})
}

// Fence asks the server for an answer, which Next returns. The server must have sent a fence before.
func (c *Client) Fence(flags FenceFlags, payload string) error {
	return c.send(Fence{flags | FenceRequest, payload})
}

// SetEncodings changes what the server may send.
func (c *Client) SetEncodings(list ...Encoding) error { return c.send(SetEncodings(list)) }

func (c *Client) send(m ClientMessage) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(m)
}

// write sends a message. mu is held.
func (c *Client) write(m ClientMessage) error {
	c.out = m.Append(c.out[:0])
	_, err := c.w.Write(c.out)
	return err
}

// Next reads the server's next message and does what it says. The error is io.EOF when the server left
// between two messages; after any error the connection is of no more use.
func (c *Client) Next() (Event, error) {
	for {
		kind, err := c.br.ReadByte()
		if err != nil {
			return nil, err
		}
		e, err := c.next(kind)
		if err != nil {
			return nil, fmt.Errorf("server message %d: %w", kind, err)
		}
		if e != nil {
			return e, nil
		}
	}
}

// next returns nil for a message that is nobody's business but the Client's.
func (c *Client) next(kind byte) (Event, error) {
	switch kind {
	case msgFramebufferUpdate:
		return c.readUpdate()
	case msgSetColourMapEntries:
		return nil, c.readColours()
	case msgBell:
		return Bell{}, nil
	case msgServerCutText:
		text, clipboard, err := readCutText(c.br)
		switch {
		case err != nil:
			return nil, err
		case text != nil:
			return CutText{*text}, nil
		case clipboard != nil:
			return c.clipboard(*clipboard)
		}
		return nil, nil
	case msgFence:
		return c.fence()
	case msgContinuousUpdates:
		return EndOfContinuousUpdates{}, nil
	case msgXVP:
		return readPowerEvent(c.br)
	}
	return nil, fmt.Errorf("it is not in RFC 6143 and was not asked for")
}

// fence answers a fence of the server. All of its flags are honoured: what came before has been done, and what comes
// after has not been read.
func (c *Client) fence() (Event, error) {
	m, ok, err := readFence(c.br)
	if err != nil || !ok {
		return nil, err
	}
	if m.Flags&FenceRequest == 0 {
		return m, nil
	}
	return nil, c.send(m.Answer())
}

func (c *Client) readColours() error {
	b, err := take(c.br, 5)
	if err != nil {
		return err
	}
	first, count := int(be.Uint16(b[1:])), int(be.Uint16(b[3:]))
	if first+count > len(c.decoder.Colours) {
		return fmt.Errorf("colours %d to %d in a map of %d", first, first+count-1, len(c.decoder.Colours))
	}
	for i := range count {
		b, err := take(c.br, 6)
		if err != nil {
			return err
		}
		c.decoder.Colours[first+i] = uint32(b[0])<<16 | uint32(b[2])<<8 | uint32(b[4])
	}
	return nil
}

func (c *Client) readUpdate() (*Update, error) {
	b, err := take(c.br, 3)
	if err != nil {
		return nil, err
	}
	n := int(be.Uint16(b[1:]))
	if n == UntilLastRect {
		n = maxRects
	}
	u := new(Update)
	painted := int64(0)
	for range n {
		b, err := take(c.br, 12)
		if err != nil {
			return nil, err
		}
		r, enc := rectangle(b), Encoding(be.Uint32(b[8:]))
		if enc == EncodingLastRect {
			return u, nil
		}
		if err := c.readRect(u, r, enc); err != nil {
			return nil, err
		}
		painted += int64(r.Dx()) * int64(r.Dy())
		if size := c.screen.Rect.Size(); painted > overdraw*int64(size.X*size.Y)+paintSome {
			return nil, fmt.Errorf("an update that paints the screen more than %d times", overdraw)
		}
	}
	if n == maxRects {
		return nil, fmt.Errorf("an update of more than %d rectangles", maxRects)
	}
	return u, nil
}

func (c *Client) readRect(u *Update, r image.Rectangle, enc Encoding) (err error) {
	switch enc {
	case EncodingCursor, EncodingXCursor, EncodingCursorAlpha, EncodingVMwareCursor:
		u.CursorChanged = true
		c.hot = r.Min
		c.cursor, err = c.decoder.Cursor(c.br, enc, r)
		return err
	case EncodingPointerPos, EncodingVMwareCursorPos:
		u.PointerMoved = true
		c.pointerPos = r.Min
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.input.relative { // or it is put back while it is moved, and the next movement would be the way from there
			c.input.at = r.Min
		}
		return nil
	case EncodingQEMULED, EncodingVMwareLED:
		u.LEDsChanged = true
		c.leds, err = readLEDs(c.br, enc)
		return err
	case EncodingQEMUKey, EncodingExtendedMouseButtons, EncodingQEMUPointerMotion:
		c.noticed(enc, r)
		return nil
	case EncodingDesktopName:
		u.NameChanged = true
		c.name, err = readString(c.br, maxName)
		return err
	case EncodingDesktopSize:
		return c.resized(u, r.Size(), nil)
	case EncodingExtendedDesktopSize:
		screens, err := readScreens(c.br, 3)
		if err != nil {
			return err
		}
		if r.Min.X == ResizedByClient && r.Min.Y != ResizeDone {
			u.Refused = true
			return nil
		}
		if len(screens) > 0 {
			c.mu.Lock()
			c.input.screen = screens[0]
			c.mu.Unlock()
		}
		return c.resized(u, r.Size(), screens)
	}
	if err := c.decoder.Decode(c.br, enc, r, c.screen); err != nil {
		return err
	}
	u.Rects = append(u.Rects, r)
	if enc == EncodingCopyRect {
		u.Copies++
	}
	return nil
}

// noticed takes over what the server says of the input that it takes.
func (c *Client) noticed(enc Encoding, r image.Rectangle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch enc {
	case EncodingQEMUKey:
		c.input.codes = true
	case EncodingExtendedMouseButtons:
		c.input.buttons = true
	case EncodingQEMUPointerMotion:
		c.input.relative = r.Min.X == 0
	}
}

// resized makes the framebuffer as large as the server says that it is, with screens as its monitors.
func (c *Client) resized(u *Update, size image.Point, screens []Screen) error {
	if err := checkSize(size); err != nil {
		return err
	}
	if size != c.screen.Rect.Size() {
		if u.Resized {
			return errors.New("an update that resizes the screen twice")
		}
		c.resize(size)
		u.Resized = true
		u.Rects, u.Copies = u.Rects[:0], 0 // what was painted is gone
	}
	var places []image.Rectangle
	for _, s := range screens {
		if r := s.Rect.Intersect(c.screen.Rect); !r.Empty() {
			places = append(places, r)
		}
	}
	if places == nil {
		places = []image.Rectangle{c.screen.Rect}
	}
	if !slices.Equal(places, c.screens) {
		c.screens = places
		u.ScreensChanged = true
	}
	return nil
}

// resize replaces the framebuffer by a black one.
func (c *Client) resize(size image.Point) {
	c.mu.Lock()
	c.input.size = size
	c.mu.Unlock()
	c.screen = c.screen.Resized(size)
}
