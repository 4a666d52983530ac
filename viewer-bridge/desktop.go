package viewerbridge

import (
	"context"
	"net"
	"sync"
	"time"

	"sixgate/p2p"
	"sixgate/rfb"
)

// greetFor is how long a host may take for the RFB handshake while it is connected, takeFor to read a viewer's input.
const (
	greetFor = 10 * time.Second
	takeFor  = 15 * time.Second
)

// leg is the connection to a host. A host that does not read what it is sent ends it, and holds no viewer for longer.
type leg struct{ net.Conn }

func (l leg) Write(b []byte) (int, error) {
	l.SetWriteDeadline(time.Now().Add(takeFor))
	n, err := l.Conn.Write(b)
	if err != nil { // part of a message may be gone
		l.Close()
	}
	return n, err
}

// encodings is what the bridge asks the host for, whatever the viewers ask the bridge for: a viewer on loopback believes
// that it is on a LAN, and its wishes would be wrong for the path between host and bridge.
func (b *Bridge) encodings() []rfb.Encoding {
	encodings := []rfb.Encoding{
		rfb.EncodingTight, rfb.EncodingGradient, rfb.EncodingCopyRect,
		rfb.EncodingFence, rfb.EncodingContinuousUpdates, rfb.EncodingLastRect,
		rfb.EncodingCursorAlpha, rfb.EncodingCursor, rfb.EncodingPointerPos,
		rfb.EncodingExtendedDesktopSize, rfb.EncodingDesktopSize, rfb.EncodingDesktopName,
		rfb.EncodingQEMUKey, rfb.EncodingExtendedMouseButtons, rfb.EncodingQEMULED, rfb.EncodingExtendedClipboard,
		rfb.EncodingXVP, rfb.EncodingQEMUPointerMotion,
	}
	if b.Quality >= 0 {
		encodings = append(encodings, rfb.EncodingQualityLevel0+rfb.Encoding(b.Quality))
	}
	return encodings
}

// showDesktop opens the screen channel of a call whose user has consented, and shows it in m until it ends.
func (b *Bridge) showDesktop(ctx context.Context, call *p2p.Call, m *mirror, path *pathReport) error {
	conn, err := call.Open(ctx, p2p.RFB)
	if err != nil {
		return err
	}
	defer conn.Close()
	host, err := greet(conn, rfb.ClientOptions{Encodings: b.encodings(), Ahead: true}, call.Broken)
	if err != nil {
		return err
	}
	return m.follow(host, func() { path.begin(b, call) })
}

// greet does the RFB handshake. The host has its time for that without what passes while the connection is broken.
func greet(conn net.Conn, o rfb.ClientOptions, broken func() bool) (*rfb.Client, error) {
	greeted := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		const steps = 20
		step := time.NewTicker(greetFor / steps)
		defer step.Stop()
		for left := steps; left > 0; {
			select {
			case <-step.C:
				if !broken() {
					left--
				}
			case <-greeted:
				return
			}
		}
		conn.SetReadDeadline(time.Unix(1, 0)) // which has passed
	})
	host, err := rfb.NewClient(leg{conn}, o)
	close(greeted)
	waiting.Wait()
	conn.SetReadDeadline(time.Time{})
	return host, err
}
