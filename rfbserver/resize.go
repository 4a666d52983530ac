package rfbserver

import (
	"context"
	"errors"
	"image"
	"slices"
	"time"

	"sixgate/rfb"
)

const (
	resizeEvery = 250 * time.Millisecond // the desktop gets another size no more often than that
	maxResults  = 64                     // of a viewer's wishes for a size, that it has not been told of
)

// resizer lets viewers give the desktop another size, one after the other.
type resizer struct {
	turn chan struct{} // capacity 1: holds something while it is somebody's turn
	last time.Time     // when a turn ended; of the one whose turn it is
	done chan resized  // to Run
}

// resized is what became of a viewer's wish.
type resized struct {
	by     *viewer
	result int
}

// sizeWish is a viewer's newest wish for another size.
type sizeWish struct {
	size    image.Point
	waits   bool // until what the viewer asked for before is done
	working bool // a goroutine carries the wishes out
}

// setDesktopSize has the desktop resized. What a viewer wishes for while the desktop is busy takes the place of what it
// wished for before, which has failed for want of resources then.
func (v *viewer) setDesktopSize(ctx context.Context, m rfb.SetDesktopSize) {
	now := v.server.picture.asScreens()
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case !v.wishes.extendedSize: // it was never told of screens
	case !valid(m):
		v.answer(rfb.ResizeInvalid)
	case m.Size == now.Size && !v.sizeWish.working && (len(m.Screens) == 1 || slices.Equal(m.Screens, now.Screens)):
		v.answer(rfb.ResizeDone)
	case len(m.Screens) > 1: // the desktop has the monitors that it has
		v.answer(rfb.ResizeInvalid)
	default:
		if v.sizeWish.waits {
			v.answer(rfb.ResizeImpossible)
		}
		v.sizeWish.size, v.sizeWish.waits = m.Size, true
		if !v.sizeWish.working {
			v.sizeWish.working = true
			v.works.Go(func() { v.resize(ctx) })
		}
	}
}

// valid tells whether a layout is one that a framebuffer can have (rfbproto, SetDesktopSize).
func valid(m rfb.SetDesktopSize) bool {
	whole := image.Rectangle{Max: m.Size}
	if whole.Empty() || m.Size.X > maxSide || m.Size.Y > maxSide || area(whole) > maxArea || len(m.Screens) == 0 {
		return false
	}
	for i, s := range m.Screens {
		sameID := func(o rfb.Screen) bool { return o.ID == s.ID }
		if s.Rect.Empty() || !s.Rect.In(whole) || slices.ContainsFunc(m.Screens[:i], sameID) {
			return false
		}
	}
	return true
}

// maxArea is how many pixels a desktop may be resized to: more than there are in any, and what our own client takes.
const maxArea = 64 << 20

// answer tells the viewer what became of a wish. v.mu is held.
func (v *viewer) answer(result int) {
	if len(v.due.results) < maxResults {
		v.due.results = append(v.due.results, result)
		v.signal()
	}
}

// resize carries out the viewer's wishes until it has no more, or leaves.
func (v *viewer) resize(ctx context.Context) {
	z := &v.server.resizer
	for {
		v.mu.Lock()
		v.sizeWish.working = v.sizeWish.waits && ctx.Err() == nil
		goes := v.sizeWish.working
		v.mu.Unlock()
		if !goes {
			return
		}
		select {
		case z.turn <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		wait(ctx, time.Until(z.last.Add(resizeEvery)))
		v.mu.Lock()
		size := v.sizeWish.size
		v.sizeWish.waits = false
		v.mu.Unlock()
		if ctx.Err() == nil {
			v.server.resize(v, size)
		}
		z.last = time.Now()
		<-z.turn
	}
}

// resize gives the desktop another size, and has Run tell the viewers.
func (s *Server) resize(by *viewer, size image.Point) {
	s.resizing.Store(by)
	err := s.Desktop.Resize(size)
	result := rfb.ResizeDone
	if errors.Is(err, errors.ErrUnsupported) {
		result = rfb.ResizeProhibited
	} else if err != nil {
		result = rfb.ResizeImpossible
	}
	s.Log.Info("a viewer resizes the desktop", "width", size.X, "height", size.Y, "err", err)
	select {
	case s.resizer.done <- resized{by, result}:
	case <-s.ended:
	}
}

// resized takes over, on the goroutine of Run, what came of it.
func (s *Server) resized(r resized) {
	s.measure()
	s.resizing.Store(nil)
	r.by.mu.Lock()
	defer r.by.mu.Unlock()
	r.by.answer(r.result)
}

// asScreens is what shows now, as a wish for it would be.
func (p *picture) asScreens() rfb.SetDesktopSize {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return rfb.SetDesktopSize{Size: p.fb.Rect.Max, Screens: p.layout(p.fb.Rect)}
}

// layout lists the screens for a viewer that knows a framebuffer of those bounds. p.mu is held.
func (p *picture) layout(bounds image.Rectangle) []rfb.Screen {
	var list []rfb.Screen
	for i, s := range p.screens {
		if s = s.Intersect(bounds); !s.Empty() && len(list) < maxScreens {
			list = append(list, rfb.Screen{ID: p.ids[i], Rect: s})
		}
	}
	if list == nil {
		list = append(list, rfb.Screen{ID: 1, Rect: bounds})
	}
	return list
}

// maxScreens is how many there is room for in an ExtendedDesktopSize rectangle.
const maxScreens = 255

// identify returns a number for each of screens: that of a screen that was in its place, or else that of the one that
// came where it comes in the list, or else a free one. 0 is no screen to libvncclient.
func identify(screens, was []image.Rectangle, ids []uint32) []uint32 {
	list := make([]uint32, len(screens))
	for i, s := range screens {
		if j := slices.Index(was, s); j >= 0 && !slices.Contains(list, ids[j]) {
			list[i] = ids[j]
		}
	}
	for i := range list {
		if list[i] == 0 && i < len(ids) && !slices.Contains(list, ids[i]) {
			list[i] = ids[i]
		}
		for id := uint32(1); list[i] == 0; id++ {
			if !slices.Contains(list, id) {
				list[i] = id
			}
		}
	}
	return list
}
