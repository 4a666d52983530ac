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

// viewer is the client that all servers are measured with. It asks for the next update as soon as it has one.
type viewer struct {
	conn   metered
	client *rfb.Client

	running sync.WaitGroup
	updates atomic.Int64
	pixels  atomic.Int64
	seen    atomic.Int64 // steps of the workload
	ended   atomic.Pointer[error]

	mu   sync.Mutex
	want *glyph
	mark int // as it was last seen
}

// markAt is where each step of a workload leaves its mark: in the middle of what moves, so that it comes with it.
var markAt = image.Rect(992, 528, 1008, 544)

// marks are the colours of one step after the other; JPEG does not take one for another.
var marks = []uint32{0xff0000, 0x00ff00, 0x0000ff, 0x00ffff, 0xff00ff, 0xffff00}

// glyph is a pixel that is waited for.
type glyph struct {
	at     image.Point
	colour uint32
	seen   chan time.Time // capacity 1
}

// counts are what has come so far.
type counts struct{ seen, updates, pixels, bytes int64 }

func (c counts) minus(b counts) counts {
	return counts{c.seen - b.seen, c.updates - b.updates, c.pixels - b.pixels, c.bytes - b.bytes}
}

func (c counts) plus(b counts) counts {
	return counts{c.seen + b.seen, c.updates + b.updates, c.pixels + b.pixels, c.bytes + b.bytes}
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
	v := &viewer{conn: metered{conn, new(atomic.Int64)}}
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

// whole asks for everything and returns when all of it has come.
func (v *viewer) whole() error {
	missing := v.client.Image().Rect.Dx() * v.client.Image().Rect.Dy()
	if err := v.client.Request(false, v.client.Image().Rect); err != nil {
		return err
	}
	for missing > 0 {
		e, err := v.client.Next()
		if err != nil {
			return err
		}
		if u, ok := e.(*rfb.Update); ok {
			for _, r := range u.Rects {
				missing -= r.Dx() * r.Dy()
			}
			if err := v.client.Request(true, v.client.Image().Rect); err != nil {
				return err
			}
		}
	}
	return nil
}

// until reads until the framebuffer is of that size and something of it has come that is not black.
func (v *viewer) until(size image.Point) error {
	for {
		e, err := v.client.Next()
		if err != nil {
			return err
		}
		u, ok := e.(*rfb.Update)
		if !ok {
			continue
		}
		m := v.client.Image()
		if m.Rect.Max == size && len(u.Rects) > 0 && slices.ContainsFunc(m.Pix, func(p uint32) bool { return p != 0 }) {
			return nil
		}
		if err := v.client.Request(!u.Resized, m.Rect); err != nil {
			return err
		}
	}
}

// follow reads updates until the viewer is closed.
func (v *viewer) follow() {
	v.running.Go(func() {
		for {
			e, err := v.client.Next()
			if err == nil {
				err = v.took(e)
			}
			if err != nil {
				v.ended.Store(&err)
				return
			}
		}
	})
}

func (v *viewer) took(e rfb.Event) error {
	u, ok := e.(*rfb.Update)
	if !ok {
		return nil
	}
	area := 0
	for _, r := range u.Rects {
		area += r.Dx() * r.Dy()
	}
	if area > 0 {
		v.updates.Add(1)
		v.pixels.Add(int64(area))
	}
	v.look()
	return v.client.Request(true, v.client.Image().Rect)
}

// await gives a channel that receives when a pixel has about this colour, which it does not have now.
func (v *viewer) await(at image.Point, colour uint32) <-chan time.Time {
	g := &glyph{at, colour, make(chan time.Time, 1)}
	v.mu.Lock()
	v.want = g
	v.mu.Unlock()
	return g.seen
}

// look sees whether a step left its mark, and whether the glyph that is waited for has come.
func (v *viewer) look() {
	v.mu.Lock()
	defer v.mu.Unlock()
	mark := slices.IndexFunc(marks, func(colour uint32) bool { return v.shows(markAt.Min.Add(image.Pt(8, 8)), colour) })
	if mark >= 0 && mark != v.mark {
		v.mark = mark
		v.seen.Add(1)
	}
	if v.want != nil && v.shows(v.want.at, v.want.colour) {
		v.want.seen <- time.Now()
		v.want = nil
	}
}

// shows says whether a pixel has a colour, as near as JPEG keeps it.
func (v *viewer) shows(p image.Point, colour uint32) bool {
	a, b := v.client.Image().Row(p.X, p.X+1, p.Y)[0], colour
	for shift := 0; shift < 24; shift += 8 {
		if d := int(a>>shift&255) - int(b>>shift&255); d > 32 || d < -32 {
			return false
		}
	}
	return true
}

func (v *viewer) counts() counts {
	return counts{v.seen.Load(), v.updates.Load(), v.pixels.Load(), v.conn.read.Load()}
}

// err is why following ended before close; nil as long as it goes on.
func (v *viewer) err() error {
	if err := v.ended.Load(); err != nil && !errors.Is(*err, net.ErrClosed) {
		return fmt.Errorf("the server's updates end: %w", *err)
	}
	return nil
}
