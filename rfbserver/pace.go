package rfbserver

import (
	"encoding/binary"
	"image"
	"math"
	"slices"
	"time"

	"sixgate/rfb"
)

const (
	smallArea  = 8 << 10  // pixels of a change that goes before larger ones
	smallTotal = 64 << 10 // and of all that do
	minPiece   = 8 << 10  // pixels encoded at a time, where little is to be sent

	numberLen = 4 // bytes: the payload of our fences is a flight's number
)

// fenced tells whether fences say how far the viewer is. v.mu is held.
func (v *viewer) fenced() bool { return v.wishes.fence && v.answers }

// Way is a connection that knows how long a round trip takes on it, or 0. Serve asks it where the viewer's answers do not show that,
// because it has spoken ahead.
type Way interface{ RoundTrip() time.Duration }

// away is what the viewer's connection knows of the way.
func (v *viewer) away() time.Duration {
	if way, ok := v.conn.(Way); ok {
		return way.RoundTrip()
	}
	return 0
}

// greet learns how long the way to the viewer is from its first message, which answers ServerInit.
func (v *viewer) greeted(took time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flow.greeted(time.Now(), took)
}

// passed says that the viewer has come to one of our fences.
func (v *viewer) passed(m rfb.Fence) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answers = true
	if len(m.Payload) == numberLen {
		v.arrived(binary.BigEndian.Uint32([]byte(m.Payload)))
	}
}

// arrived says that the viewer has got a flight: there may be room on the path for the next. v.mu is held.
func (v *viewer) arrived(number uint32) {
	v.flow.arrived(time.Now(), number)
	if !v.busy && !v.wanted().Empty() {
		v.signal()
		v.server.await()
	}
}

// typed says that the viewer typed or pointed: what comes of it must not wait behind large updates.
func (v *viewer) typed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flow.typed = time.Now()
}

// pace is what an update may be now, for the sake of the path.
type pace int

const (
	none pace = iota
	echo      // small changes
	full      // all of it, as far as there is room
)

func (v *viewer) pace(now time.Time) pace {
	switch {
	case v.flow.open(now, v.fenced()):
		return full
	case v.flow.overtakes(now):
		return echo
	}
	return none
}

// lags tells whether the viewer is owed the rest of an update that was cut off, and nothing newer: so it sees whole pictures,
// if fewer of them. v.mu is held.
func (v *viewer) lags(now time.Time) bool {
	return v.cutOff && !v.stale && !v.flow.types(now) && v.lacks.dirty.overlaps(v.wanted())
}

// room is how many bytes an update may have now. Viewers that do not answer fences get all that they ask for: how far they
// are is not known well enough. v.mu is held.
func (v *viewer) room(now time.Time) int64 {
	if !v.fenced() {
		return math.MaxInt64
	}
	return v.flow.room(now)
}

// appendNumber adds a fence whose answer says that a flight has arrived.
func appendNumber(b []byte, number uint32) []byte {
	var payload [numberLen]byte
	binary.BigEndian.PutUint32(payload[:], number)
	return rfb.AppendFence(b, rfb.FenceRequest|rfb.FenceBlockBefore, payload[:])
}

// look sends nothing but a fence, to see how long the way is.
func (v *viewer) look() error {
	b := appendNumber(v.out.buf[:0], v.depart())
	err := v.flush(b)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flow.land()
	return err
}

// depart begins a flight, and returns its number.
func (v *viewer) depart() uint32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.wishes.fence { // it has asked again, and so it has what was sent before
		v.flow.forget()
	}
	return v.flow.begin()
}

// handOver says that n bytes are handed to the connection now.
func (v *viewer) handOver(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flow.hand(time.Now(), n)
}

// land says that m has been written, but for what found no room in it.
func (v *viewer) land(m *message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flow.land()
	v.cutOff = len(m.left) > 0
	if left, all := totalArea(m.left), totalArea(v.out.pieces); 2*totalArea(v.out.parcel.lossy) > all-left {
		v.spent(time.Now(), m.size, float64(all-left)/float64(all))
	}
}

// queue cuts what is to be sent into pieces, in the order in which they go: small changes first, then from where the last
// update was cut off for want of room. So nothing waits for ever, whatever changes meanwhile. The result is valid until the
// next call.
func (o *composer) queue(rects []image.Rectangle, room int64) []image.Rectangle {
	total := 0
	for _, r := range rects {
		if area(r) <= smallArea {
			total += area(r)
		}
	}
	first := func(r image.Rectangle) bool { return area(r) <= smallArea && total <= smallTotal }
	byRow(rects)
	o.pieces = o.pieces[:0]
	for _, r := range rects {
		if first(r) {
			o.pieces = append(o.pieces, r)
		}
	}
	small := len(o.pieces)
	most := int(min(max(room, minPiece), pieceArea)) // as if each pixel took a byte
	for _, r := range rects {
		if !first(r) {
			for piece := range pieces(r, most) {
				o.pieces = append(o.pieces, piece)
			}
		}
	}
	if large := o.pieces[small:]; room < math.MaxInt64 {
		byRow(large)
		from := max(0, slices.IndexFunc(large, func(r image.Rectangle) bool { return reads(o.from, r.Min) >= 0 }))
		o.rest = append(o.rest[:0], large[:from]...)
		copy(large, large[from:])
		copy(large[len(large)-from:], o.rest)
	}
	return o.pieces
}

// fits tells whether the path has room for more than the first n pieces, which took size bytes: for another one or, rather
// than leave a small rest for another update, for all.
func (m *message) fits(pieces []image.Rectangle, n, size int) bool {
	if int64(size) < m.room {
		return true
	}
	done := totalArea(pieces[:n])
	all := float64(size) / float64(done) * float64(done+totalArea(pieces[n:]))
	return all < 1.25*float64(m.room)
}

// takeSmall moves the small rectangles of g that are in r to dst, which it returns.
func (g *region) takeSmall(r image.Rectangle, dst []image.Rectangle) []image.Rectangle {
	total := 0
	g.rects = slices.DeleteFunc(g.rects, func(have image.Rectangle) bool {
		if !have.In(r) || area(have) > smallArea || total+area(have) > smallTotal {
			return false
		}
		total += area(have)
		dst = append(dst, have)
		return true
	})
	return dst
}
