package gateway

import (
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
)

// How many wrong codes may come from one place within limitFor. After that a place waits, twice as long each time. A peer id
// costs nothing to make, so addresses count as well; a botnet has many addresses, so all together count: after wrongAll each
// place has a fifth, one code where it had five. Nobody is shut out for what others did: then a thousand wrong codes would
// be all it takes to deny help to everyone.
//
// The gateways of a cluster count together: each tells the others of every code before it looks at it. Who asks all of them at the same
// moment, within the time that this takes, or while they do not hear each other, has up to as many tries at each.
const (
	limitFor     = 15 * time.Minute
	wrongPeer    = 5
	wrongAddress = 5  // an IPv4 address, or an IPv6 /64: what one household has
	wrongSite    = 20 // an IPv6 /48
	wrongAll     = 1000
	strictly     = 5 // so much less after that
	waitFirst    = time.Minute
	waitMost     = time.Hour // one of an office or of a provider's customers makes all of them wait
)

// placesKept is how many places are remembered before those that are forgiven are forgotten.
const placesKept = 4 * wrongAll

// limits counts wrong codes by where they come from. The zero value with a clock is ready.
type limits struct {
	now   func() time.Time
	alarm func() // called when wrongAll is reached; nil: nobody wants to know

	mu     sync.Mutex
	places map[string]*tally
	swept  time.Time // when those that are forgiven were forgotten
	all    tally
}

// tally counts the wrong codes from one place.
type tally struct {
	wrong int
	last  time.Time // when the last one came
	until time.Time // no code from there before that
}

func (t *tally) forgiven(now time.Time) bool {
	return now.Sub(t.last) > limitFor && !now.Before(t.until)
}

// place is where a code comes from, and how many wrong ones are fine.
type place struct {
	name  string
	wrong int
}

// placesOf are the places of a peer at an address.
func placesOf(who peer.ID, from netip.Addr) []place {
	places := []place{{"peer " + string(who), wrongPeer}}
	if from = from.Unmap(); from.Is4() {
		return append(places, place{from.String(), wrongAddress})
	}
	for bits, wrong := range map[int]int{64: wrongAddress, 48: wrongSite} {
		if prefix, err := from.Prefix(bits); err == nil {
			places = append(places, place{prefix.String(), wrong})
		}
	}
	return places
}

// take counts a code from places as wrong before it is looked at, so that many at once are not one. It refuses with
// p2p.ErrTooMany, whether or not the code is right. right takes it back.
func (l *limits) take(places []place) (right func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, t := range l.tallies(places, now) {
		if now.Before(t.until) {
			return nil, p2p.ErrTooMany
		}
	}
	l.count(places, now)
	return func() { l.right(places) }, nil
}

// tallies are those of places, with what is forgiven forgotten.
func (l *limits) tallies(places []place, now time.Time) (all []*tally) {
	if l.all.forgiven(now) {
		l.all = tally{last: now}
	}
	if l.places == nil {
		l.places = make(map[string]*tally)
	}
	if len(l.places) > placesKept && now.Sub(l.swept) > waitFirst {
		maps.DeleteFunc(l.places, func(_ string, t *tally) bool { return t.forgiven(now) })
		l.swept = now
	}
	for _, p := range places {
		if t := l.places[p.name]; t == nil || t.forgiven(now) {
			l.places[p.name] = new(tally)
		}
		all = append(all, l.places[p.name])
	}
	return all
}

// count counts a wrong code.
func (l *limits) count(places []place, now time.Time) {
	strict := l.all.wrong >= wrongAll
	if l.all.wrong++; l.all.wrong == wrongAll && l.alarm != nil {
		l.alarm()
	}
	for i, t := range l.tallies(places, now) {
		t.wrong++
		t.last = now
		most := places[i].wrong
		if strict {
			most /= strictly
		}
		if over := t.wrong - most; over >= 0 {
			t.until = now.Add(min(waitFirst<<min(over, 20), waitMost))
		}
	}
}

// try is a code that was typed at another gateway, wrong until it is told to be right.
type try struct {
	Host  peer.ID    `json:"host"`
	From  netip.Addr `json:"from"`
	Right bool       `json:"right,omitempty"`
}

// hear counts what was typed elsewhere.
func (l *limits) hear(t try) {
	places := placesOf(t.Host, t.From)
	if t.Right {
		l.right(places)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(places, l.now())
}

func (l *limits) right(places []place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.wrong = max(0, l.all.wrong-1)
	for _, p := range places {
		if t := l.places[p.name]; t != nil {
			if t.wrong = max(0, t.wrong-1); t.wrong < p.wrong {
				t.until = time.Time{}
			}
		}
	}
}
