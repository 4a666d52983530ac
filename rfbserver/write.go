package rfbserver

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
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
	coder
	crew    crew
	message message
	parcel  parcel // the update
	buf     []byte
	pieces  []image.Rectangle // to be encoded
	rest    []image.Rectangle // scratch
	from    image.Point       // where the last update was cut off
}

// write sends the viewer what it can be told, whenever there is something, until ctx ends. What is new while
// it writes waits in v.lacks and v.due, where it takes the place of what was new before.
func (v *viewer) write(ctx context.Context) error {
	opens := time.NewTimer(0)
	defer opens.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-v.wake:
		case <-opens.C:
			v.server.await()
		}
		for m := &v.out.message; v.next(m); {
			if err := v.send(m); err != nil {
				return err
			}
		}
		if d := v.out.message.opens; d > 0 {
			opens.Reset(d)
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
	b := m.appendTexts(append(o.buf[:0], m.says...))
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

// appendUpdate adds the update. A large one goes out while it is made, if the number of its rectangles is known before, or if the
// viewer can do without: one of 3.3, vncsnapshot, says that it can, and then waits for ever.
func (v *viewer) appendUpdate(b []byte, m *message) ([]byte, error) {
	o := &v.out
	o.use(m.terms())
	p := &o.parcel
	p.b, p.rects, p.lossy = b, 0, p.lossy[:0]
	stream := m.wishes.lastRect && v.version > rfb.Version33 && totalArea(m.pixels) > pieceArea
	head := len(b)
	p.b = rfb.AppendFramebufferUpdate(p.b, rfb.UntilLastRect)
	p.b, p.rects = m.appendDue(p.b, &o.encoder)
	p.b = m.appendMoves(p.b)
	p.rects += len(m.moves)
	m.size = -len(p.b)
	queue := o.queue(m.pixels, m.room)
	o.from = image.Point{}
	v.assemble(p, m, queue)
	defer o.crew.end()
	counted := !stream && m.counted() && p.rects+len(queue) <= maxRects
	if counted {
		rfb.SetUpdateRects(p.b[head:], p.rects+len(queue))
	}
	for o.crew.more() {
		if n := o.crew.given; p.rects > maxRects || n > 0 && (!m.fits(queue, n, m.size+len(p.b)) || m.repair && v.interrupts()) {
			if o.crew.stop(); !o.crew.more() {
				break
			}
		}
		o.crew.next(p)
		if (stream || counted) && len(p.b) >= flushAt {
			if err := v.flush(p.b); err != nil {
				return nil, err
			}
			m.size += len(p.b)
			p.b = p.b[:0]
		}
	}
	if m.left = queue[o.crew.last:]; len(m.left) > 0 {
		o.from = m.left[0].Min
	}
	m.size += len(p.b)
	v.taken(m, p.lossy)
	switch {
	case stream:
		return rfb.AppendLastRect(p.b), nil
	case counted:
		return p.b, nil
	}
	rfb.SetUpdateRects(p.b[head:], p.rects)
	return p.b, nil
}

// counted tells whether each piece becomes one rectangle, and nothing keeps one from being sent.
func (m *message) counted() bool {
	switch m.wishes.encoding {
	case rfb.EncodingRaw, rfb.EncodingHextile, rfb.EncodingZlib, rfb.EncodingTRLE, rfb.EncodingZRLE:
		return m.room == math.MaxInt64 && !m.repair && !m.wishes.photos
	}
	return false
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
