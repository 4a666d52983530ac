package rfbserver

import (
	"image"

	"sixgate/rfb"
)

const (
	landmark   = 32 // pixels in a row
	minChanges = 3  // from one to the next in a landmark: fewer are found anywhere
)

// landmarks finds places of a picture again by what a few pixels in a row look like there.
type landmarks struct {
	table  []place // open addressing, by the upper bits of the sum
	shift  int
	filter [1 << 10]uint64 // one bit for the upper 16 bits of each sum
}

// place is where a landmark is.
type place struct {
	sum   uint64 // 0: none
	x, y  uint16
	twice bool // it is in several rows, and tells nothing
}

// A sum is of pixel times power, the last pixel's being 1: it can be rolled from one place to the next.
const sumBase = 0x9e3779b97f4a7c15

var sumPowers = func() (p [landmark + 1]uint64) {
	p[0] = 1
	for i := range landmark {
		p[i+1] = p[i] * sumBase
	}
	return p
}()

// take forgets all landmarks and takes those in r of m, which are in a few columns, in all rows but those that show the same as
// the one above: an upright stroke is found anywhere along it, but for its upper end.
func (l *landmarks) take(m *rfb.Image, r image.Rectangle) {
	step := min(5*landmark, max(landmark/2, r.Dx()/8))
	l.clear(r.Dy() * (r.Dx()/step + 1))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.Row(r.Min.X, r.Max.X, y)
		for x := 0; x+landmark <= len(row); x += step {
			px := (*[landmark]uint32)(row[x:])
			if tells(px) && (y == r.Min.Y || *px != *(*[landmark]uint32)(m.Row(r.Min.X+x, r.Min.X+x+landmark, y-1))) {
				l.add(sum(px), r.Min.X+x, y)
			}
		}
	}
}

// clear makes room for n landmarks.
func (l *landmarks) clear(n int) {
	size := 1 << 10
	l.shift = 64 - 10
	for size < 2*n {
		size *= 2
		l.shift--
	}
	if cap(l.table) < size {
		l.table = make([]place, size)
	}
	l.table = l.table[:size]
	clear(l.table)
	l.filter = [len(l.filter)]uint64{}
}

// tells tells whether there are enough changes in px.
func tells(px *[landmark]uint32) bool {
	if sameBytes(px[1:], px[:landmark-1]) {
		return false
	}
	changes := 0
	for i, p := range px[1:] {
		if p != px[i] {
			if changes++; changes == minChanges {
				return true
			}
		}
	}
	return false
}

func sum(px *[landmark]uint32) (s uint64) {
	for i, p := range px {
		s += uint64(p) * sumPowers[landmark-1-i]
	}
	return s
}

func (l *landmarks) add(sum uint64, x, y int) {
	if sum == 0 {
		return
	}
	for i := sum >> l.shift; ; i = (i + 1) % uint64(len(l.table)) {
		switch p := &l.table[i]; p.sum {
		case sum:
			p.twice = p.twice || int(p.y) != y // a pattern along a row is no worse for it than one that a row ends in
			return
		case 0:
			*p = place{sum: sum, x: uint16(x), y: uint16(y)}
			l.filter[sum>>54] |= 1 << (sum >> 48 & 63)
			return
		}
	}
}

// match calls found with where in row a landmark begins and where that one was.
func (l *landmarks) match(row []uint32, found func(x int, from image.Point)) {
	if len(row) < landmark {
		return
	}
	var s uint64
	for _, p := range row[:landmark] {
		s = s*sumBase + uint64(p&colourMask)
	}
	for x := 0; ; x++ {
		if l.filter[s>>54]&(1<<(s>>48&63)) != 0 {
			if p, ok := l.find(s); ok {
				found(x, image.Pt(int(p.x), int(p.y)))
			}
		}
		if x+landmark == len(row) {
			return
		}
		s = s*sumBase + uint64(row[x+landmark]&colourMask) - uint64(row[x]&colourMask)*sumPowers[landmark]
	}
}

func (l *landmarks) find(sum uint64) (p place, ok bool) {
	for i := sum >> l.shift; ; i = (i + 1) % uint64(len(l.table)) {
		switch p := l.table[i]; p.sum {
		case sum:
			return p, !p.twice
		case 0:
			return place{}, false
		}
	}
}
