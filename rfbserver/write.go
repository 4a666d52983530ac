package rfbserver

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"time"

	"sixgate/rfb"
)

const (
	pieceArea  = 64 << 10 // pixels encoded at a time
	pieceWidth = 512      // and how wide they are at most, unless they are low

	flushAt  = 64 << 10         // bytes written at a time
	stallFor = 60 * time.Second // that a viewer may take to read as many
	maxOut   = 16 << 20         // bytes of memory that are kept from one update to the next

	maxRects = 0xf000 // in an update; pixels that would need more wait for the next
)

var errStalled = errors.New("the viewer stopped reading: 60 seconds passed without progress")

// composer is the working memory of the goroutine that writes.
type composer struct {
	message message
	encoder rfb.Encoder
	buf     []byte
	pixels  []uint32
	piece   rfb.Image
	pieces  []image.Rectangle // to be encoded
	rest    []image.Rectangle // scratch
	from    image.Point       // where the last update was cut off
}

// write sends the viewer what it can be told, whenever there is something, until ctx ends. What is new while
// it writes waits in v.lacks and v.due, where it takes the place of what was new before.
func (v *viewer) write(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-v.wake:
		}
		for m := &v.out.message; v.next(m); {
			if err := v.send(m); err != nil {
				return err
			}
		}
	}
}

func (v *viewer) send(m *message) error {
	o := &v.out
	if m.looks {
		if err := v.look(); err != nil {
			return err
		}
	}
	b := append(o.buf[:0], m.says...)
	if m.now.copied {
		b = rfb.AppendServerCutText(b, m.now.text)
	}
	if m.update {
		if m.now.colourMap {
			colours := rfb.ColourMap()
			b = rfb.AppendSetColourMapEntries(b, &colours)
		}
		number := v.depart()
		defer v.land(m)
		var err error
		if b, err = v.appendUpdate(b, m); err != nil {
			return err
		}
		if m.wishes.fence {
			b = appendNumber(b, number)
		}
	}
	if o.buf = b; cap(b) > maxOut {
		o.buf = nil
	}
	return v.flush(b)
}

// appendUpdate adds the update. A large one goes out while it is made, if the viewer can do without the
// number of rectangles: one of 3.3, vncsnapshot, says that it can, and then waits for ever.
func (v *viewer) appendUpdate(b []byte, m *message) ([]byte, error) {
	o := &v.out
	o.encoder.Format, o.encoder.JPEG, o.encoder.Level = m.format, m.jpeg, m.wishes.level
	o.encoder.Gradient, o.encoder.NoZlib, o.encoder.Photos = m.wishes.gradient, m.wishes.noZlib, m.wishes.photos
	o.encoder.Lossy = o.encoder.Lossy[:0]
	stream := m.wishes.lastRect && v.version > rfb.Version33 && totalArea(m.pixels) > pieceArea
	head := len(b)
	b = rfb.AppendFramebufferUpdate(b, rfb.UntilLastRect)
	b, rects := m.appendDue(b, &o.encoder)
	b = m.appendMoves(b)
	rects += len(m.moves)
	m.size = -len(b)
	queue := o.queue(m.pixels, m.room)
	o.from = image.Point{}
	for i, piece := range queue {
		if rects > maxRects || i > 0 && int64(m.size+len(b)) >= m.room {
			m.left, o.from = queue[i:], piece.Min
			break
		}
		var n int
		v.copyPiece(piece, !m.wishes.cursor)
		b, n = o.encoder.Append(b, m.wishes.encoding, &o.piece, piece)
		rects += n
		if stream && len(b) >= flushAt {
			if err := v.flush(b); err != nil {
				return nil, err
			}
			m.size += len(b)
			b = b[:0]
		}
	}
	m.size += len(b)
	v.taken(m, o.encoder.Lossy)
	if stream {
		return rfb.AppendLastRect(b), nil
	}
	rfb.SetUpdateRects(b[head:], rects)
	return b, nil
}

// copyPiece takes the pixels of r out of the picture, so that encoding them keeps nobody waiting.
func (v *viewer) copyPiece(r image.Rectangle, withCursor bool) {
	o := &v.out
	if n := area(r); len(o.pixels) < n {
		o.pixels = make([]uint32, n)
	}
	o.piece = rfb.Image{Pix: o.pixels[:area(r)], Stride: r.Dx(), Rect: r}
	v.server.picture.copyTo(&o.piece, withCursor)
}

// flush writes b, which fails when the viewer has not read flushAt bytes after stallFor.
func (v *viewer) flush(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), flushAt)
		v.handOver(n)
		if err := v.conn.SetWriteDeadline(time.Now().Add(stallFor)); err != nil {
			return fmt.Errorf("writing to the viewer: %w", err)
		}
		if _, err := v.conn.Write(b[:n]); errors.Is(err, os.ErrDeadlineExceeded) {
			return errStalled
		} else if err != nil {
			return fmt.Errorf("writing to the viewer: %w", err)
		}
		b = b[n:]
	}
	return nil
}
