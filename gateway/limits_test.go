package gateway

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
)

func TestLimits(t *testing.T) {
	clock := newClock()
	l := limits{now: clock.now}
	n := 0
	from := func(address string) error { // a new peer each time
		n++
		_, err := l.take(placesOf(peer.ID(fmt.Sprint(n)), netip.MustParseAddr(address)))
		return err
	}
	wrong := func(times int, address string) {
		t.Helper()
		for i := range times {
			if err := from(address); err != nil {
				t.Fatalf("wrong code %d from %s: %v", i+1, address, err)
			}
		}
		if err := from(address); err != p2p.ErrTooMany {
			t.Errorf("after %d wrong codes from %s: %v", times, address, err)
		}
	}
	wrong(wrongAddress, "192.0.2.1")
	wrong(wrongAddress, "::ffff:192.0.2.2")
	for wait := waitFirst; wait < limitFor; wait *= 2 {
		clock.advance(wait - time.Nanosecond)
		if from("192.0.2.1") == nil {
			t.Errorf("tried within %v", wait)
		}
		clock.advance(time.Nanosecond)
		wrong(1, "192.0.2.1")
	}
	clock.advance(24 * time.Hour)
	wrong(wrongAddress, "192.0.2.1")

	wrong(wrongAddress, "2001:db8::1")
	if from("2001:db8::2") == nil {
		t.Error("another address of the same IPv6 household is let in")
	}
	wrong(wrongAddress, "2001:db8:0:1::1")
	wrong(wrongAddress, "2001:db8:0:2::1")
	wrong(wrongAddress, "2001:db8:0:3::1") // 20 from the site
	if from("2001:db8:0:4::1") == nil {
		t.Error("another network of the same IPv6 site is let in")
	}
}

func TestRightCodesDoNotCount(t *testing.T) {
	clock := newClock()
	l := limits{now: clock.now}
	places := placesOf("ada", netip.MustParseAddr("192.0.2.1"))
	for range 100 {
		right, err := l.take(places)
		if err != nil {
			t.Fatal(err)
		}
		right()
	}
	// But many at once count before anybody knows whether they are right.
	for range wrongAddress {
		if _, err := l.take(places); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.take(places); err != p2p.ErrTooMany {
		t.Error(err)
	}
}

// A botnet of 100,000 addresses has one budget, and does not fill the memory.
func TestAllTogether(t *testing.T) {
	clock := newClock()
	l := limits{now: clock.now}
	for round := range 3 {
		passed := 0
		for i := range 100_000 {
			a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			if _, err := l.take(placesOf(peer.ID(fmt.Sprint(round, i)), a)); err == nil {
				passed++
			}
		}
		if passed != wrongAll {
			t.Errorf("round %d: %d guesses pass, want %d", round, passed, wrongAll)
		}
		clock.advance(limitFor + time.Second)
	}
	if len(l.places) > placesKept+4*wrongAll {
		t.Errorf("%d places are kept", len(l.places))
	}
}
