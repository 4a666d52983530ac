//go:build linux

package x11

import (
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// connection is one connection to an X server, and the extensions that it uses.
type connection struct {
	*xgb.Conn
	display    string
	setup      *xproto.SetupInfo
	screen     xproto.ScreenInfo
	firstEvent map[string]byte // of each extension in use
}

// extensionError is an error of an extension, as on the wire.
type extensionError []byte

func (e extensionError) SequenceId() uint16 { return xgb.Get16(e[2:]) }
func (e extensionError) BadId() uint32      { return xgb.Get32(e[4:]) }
func (e extensionError) Error() string      { return fmt.Sprintf("extension error %d", e[1]) }

// What xgb keeps for the whole process is written once, before there is a connection that reads it: its Init functions
// would write while other connections read, and two servers may number their extensions differently. An error that xgb does
// not know would leave whoever waits for the request waiting for ever.
func init() {
	xgb.Logger = stdlog.New(io.Discard, "", 0) // it logs what it also returns
	for number := 128; number < 256; number++ {
		if _, ok := xgb.NewErrorFuncs[number]; !ok {
			xgb.NewErrorFuncs[number] = func(wire []byte) xgb.Error { return extensionError(wire) }
		}
	}
}

func dial(display string) (*connection, error) {
	if display == "" {
		return nil, errors.New("no X display: $DISPLAY is not set; start in a desktop session or pass --display")
	}
	conn, err := xgb.NewConnDisplay(display)
	return setUp(conn, display, err)
}

// dialTapped connects by way of a tap.
func dialTapped(display string, local func(rawEvent)) (*connection, *tap, error) {
	at, err := parseDisplay(display)
	if err != nil {
		return nil, nil, fmt.Errorf("no X display at %s: %w", display, err)
	}
	socket, err := net.Dial(at.network, at.at)
	if err != nil {
		return nil, nil, fmt.Errorf("no X display at %s: %w; start in a desktop session or pass --display", display, err)
	}
	t := newTap(socket, local)
	conn, err := xgb.NewConnNetWithCookieHex(t, at.cookie())
	if err != nil {
		socket.Close()
	} else {
		conn.DefaultScreen = at.screen
	}
	c, err := setUp(conn, display, err)
	return c, t, err
}

// setUp reads what the server told of itself.
func setUp(conn *xgb.Conn, display string, err error) (*connection, error) {
	if err != nil {
		return nil, fmt.Errorf("no X display at %s: %w; start in a desktop session or pass --display", display, err)
	}
	c := &connection{Conn: conn, display: display, setup: xproto.Setup(conn), firstEvent: map[string]byte{}}
	if conn.DefaultScreen >= len(c.setup.Roots) {
		c.shut()
		return nil, fmt.Errorf("no X display at %s: the server has %d screens; pass another --display", display, len(c.setup.Roots))
	}
	c.screen = c.setup.Roots[conn.DefaultScreen]
	return c, nil
}

// shut disconnects and waits for it; not while somebody else reads the events.
func (c *connection) shut() {
	c.Close()
	for {
		if event, err := c.WaitForEvent(); event == nil && err == nil {
			return
		}
	}
}

// use makes ready an extension, by its X name.
func (c *connection) use(extension string) error {
	ext, err := xproto.QueryExtension(c.Conn, uint16(len(extension)), extension).Reply()
	if err != nil {
		return c.gone(err)
	}
	if !ext.Present {
		return fmt.Errorf("the X server at %s has no %s extension: use one that has it, or pass --backend portable", c.display, extension)
	}
	c.ExtLock.Lock()
	c.Extensions[extension] = ext.MajorOpcode
	c.ExtLock.Unlock()
	c.firstEvent[extension] = ext.FirstEvent
	return nil
}

// isEvent says whether e is event number n of an extension in use.
func (c *connection) isEvent(e extensionEvent, extension string, n byte) bool {
	first, ok := c.firstEvent[extension]
	return ok && e[0]&0x7f == first+n
}

// gone says what an error of a request means for the one who works at the desktop.
func (c *connection) gone(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the X display %s is gone: its server ended or closed the connection; start again in a desktop session", c.display)
	}
	return fmt.Errorf("the X display %s: %w", c.display, err)
}
