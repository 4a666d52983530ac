//go:build linux

package main

import (
	"errors"
	"fmt"
	"image"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sixgate/rfb"
)

// viewer is the client that all servers are measured with. It asks for the next update as soon as it has one, or has them
// come by themselves where it wants to and the server can (as TigerVNC's viewer does).
type viewer struct {
	conn   metered
	client *rfb.Client
	action *action // whose steps it looks for; nil: none

	running    sync.WaitGroup
	updates    atomic.Int64
	seen       atomic.Int64 // steps of the workload
	ended      atomic.Pointer[error]
	continuous bool // updates come by themselves

	mu   sync.Mutex
	want *glyph
	last int             // step that was seen, from 1
	late []time.Duration // from each seen step to its picture
}

// glyph is a pixel that is waited for.
type glyph struct {
	at     image.Point
	colour uint32
	seen   chan time.Time // capacity 1
}

// counts are what has come so far.
type counts struct{ seen, updates, bytes int64 }

func (c counts) minus(b counts) counts {
	return counts{c.seen - b.seen, c.updates - b.updates, c.bytes - b.bytes}
}

func (c counts) plus(b counts) counts {
	return counts{c.seen + b.seen, c.updates + b.updates, c.bytes + b.bytes}
}

// metered counts the bytes of a connection.
type metered struct {
	net.Conn
	read *atomic.Int64
}

func (m metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.read.Add(int64(n))
	return n, err
}

func dial(addr string, encodings []rfb.Encoding) (*viewer, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return attach(conn, encodings)
}

// attach is dial on a connection that there is.
func attach(conn net.Conn, encodings []rfb.Encoding) (v *viewer, err error) {
	v = &viewer{conn: metered{conn, new(atomic.Int64)}}
	v.client, err = rfb.NewClient(v.conn, rfb.ClientOptions{Encodings: encodings})
	if err != nil {
		conn.Close()
		return nil, err
	}
	return v, nil
}

// close hangs up and waits until the viewer has noticed.
func (v *viewer) close() {
	v.conn.Close()
	v.running.Wait()
}

// whole asks for everything and returns when each pixel has come.
func (v *viewer) whole() error {
	screen := v.client.Image().Rect
	if err := v.client.Request(false, screen); err != nil {
		return err
	}
	come := make([]bool, screen.Dx()*screen.Dy())
	for missing := len(come); missing > 0; {
		u, err := v.next()
		if err != nil {
			return err
		}
		if u == nil {
			continue
		}
		for _, r := range u.Rects {
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for i := range r.Dx() {
					if p := &come[y*screen.Dx()+r.Min.X+i]; !*p {
						*p = true
						missing--
					}
				}
			}
		}
	}
	return nil
}

// next reads one message, and asks for what follows. It returns nil for a message that is no update.
func (v *viewer) next() (*rfb.Update, error) {
	e, err := v.client.Next()
	if err != nil {
		return nil, err
	}
	switch e := e.(type) {
	case rfb.EndOfContinuousUpdates: // the server has them
		if !v.continuous {
			v.continuous = true
			return nil, v.client.ContinuousUpdates(true, v.client.Image().Rect)
		}
	case *rfb.Update:
		switch {
		case !v.continuous:
			return e, v.client.Request(!e.Resized, v.client.Image().Rect)
		case e.Resized:
			return e, v.client.ContinuousUpdates(true, v.client.Image().Rect)
		}
		return e, nil
	}
	return nil, nil
}

// until reads until the framebuffer is of that size and something of it has come that is not black.
func (v *viewer) until(size image.Point) error {
	for {
		u, err := v.next()
		if err != nil {
			return err
		}
		m := v.client.Image()
		if u != nil && m.Rect.Max == size && len(u.Rects) > 0 && slices.ContainsFunc(m.Pix, func(p uint32) bool { return p != 0 }) {
			return nil
		}
	}
}

// follow reads updates, and looks for the steps of a, until the viewer is closed.
func (v *viewer) follow(a *action) {
	v.action = a
	v.running.Go(func() {
		for {
			u, err := v.next()
			if err != nil {
				v.ended.Store(&err)
				return
			}
			if u != nil && len(u.Rects) > 0 {
				v.updates.Add(1)
				v.look()
			}
		}
	})
}

// await gives a channel that receives when a pixel has about this colour, which it does not have now.
func (v *viewer) await(at image.Point, colour uint32) <-chan time.Time {
	g := &glyph{at, colour, make(chan time.Time, 1)}
	v.mu.Lock()
	v.want = g
	v.mu.Unlock()
	return g.seen
}

// look sees whether another step has come, whole, and whether the glyph that is waited for has.
func (v *viewer) look() {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := v.action.latest(v.client.Image(), v.last); n > v.last {
		v.last = n
		v.seen.Add(1)
		v.late = append(v.late, now.Sub(v.action.drawn(n)))
	}
	if v.want != nil && near(v.client.Image(), v.want.at, v.want.colour) {
		v.want.seen <- now
		v.want = nil
	}
}

func (v *viewer) counts() counts {
	return counts{v.seen.Load(), v.updates.Load(), v.conn.read.Load()}
}

// lateness returns how late the steps were that came since it was asked last.
func (v *viewer) lateness() []time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	late := v.late
	v.late = nil
	return late
}

// err is why following ended before close; nil as long as it goes on.
func (v *viewer) err() error {
	if err := v.ended.Load(); err != nil && !errors.Is(*err, net.ErrClosed) {
		return fmt.Errorf("the server's updates end: %w", *err)
	}
	return nil
}
