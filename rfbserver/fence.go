package rfbserver

import (
	"context"
	"errors"
	"image"
	"slices"

	"sixgate/rfb"
)

// maxSays bounds what waits for a viewer that asks for answers and does not read them.
const maxSays = 64 << 10

var errDeaf = errors.New("the viewer asks for answers and does not read them")

// say sends b, which is whole messages: before the next update, and whether or not one was asked for. v.mu is held.
func (v *viewer) say(b ...byte) {
	if len(v.says)+len(b) > maxSays {
		v.leave(errDeaf)
		return
	}
	v.says = append(v.says, b...)
	v.signal()
}

// fence answers what the viewer wants to know in order. What came before has been done by the goroutine that reads,
// and an update that is on its way goes first. An answer after the next message is given by hear.
func (v *viewer) fence(m rfb.Fence) {
	switch {
	case m.Flags&rfb.FenceRequest == 0:
		v.passed(m)
	case m.Flags&rfb.FenceSyncNext != 0:
		v.sync = &m
	default:
		v.mu.Lock()
		defer v.mu.Unlock()
		v.say(m.Answer().Append(nil)...)
	}
}

// hear does what the viewer says. After a fence that says so, no update is begun between the message and the answer.
func (v *viewer) hear(ctx context.Context, m rfb.ClientMessage) {
	sync := v.sync
	if v.sync = nil; sync == nil {
		v.obey(ctx, m)
		return
	}
	v.mu.Lock()
	v.paused = true
	v.mu.Unlock()
	v.obey(ctx, m)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.paused = false
	v.say(sync.Answer().Append(nil)...)
	if !v.wanted().Empty() {
		v.server.await()
	}
}

// setContinuous begins or ends updates that nobody asks for one by one. Only those who answer fences get them: without
// requests, fences alone tell how far a viewer is.
func (v *viewer) setContinuous(m rfb.EnableContinuousUpdates) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case !slices.Contains(v.offered, rfb.EncodingContinuousUpdates):
	case m.On:
		v.continuous = m.Rect
		v.signal()
		v.server.await()
	default:
		v.continuous = image.Rectangle{}
		v.say(rfb.AppendEndOfContinuousUpdates(nil)...)
	}
}

// wanted is what the viewer waits for; empty: it does not. v.mu is held.
func (v *viewer) wanted() image.Rectangle {
	return v.asked.Union(v.continuous.Intersect(v.bounds()))
}
