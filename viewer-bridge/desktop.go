package viewerbridge

import (
	"context"
	"net"
	"time"

	"sixgate/p2p"
	"sixgate/rfb"
)

// greetFor is how long a host may take for the RFB handshake, takeFor to read a viewer's input.
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
	conn.SetReadDeadline(time.Now().Add(greetFor))
	host, err := rfb.NewClient(leg{conn}, rfb.ClientOptions{Encodings: b.encodings(), Ahead: true})
	if err != nil {
		return err
	}
	conn.SetReadDeadline(time.Time{})
	return m.follow(host, func() { path.begin(b, call) })
}
