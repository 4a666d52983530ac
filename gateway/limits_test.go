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

// A botnet that has used up what all have together gets little more, does not fill the memory for ever, and shuts nobody out.
func TestAllTogether(t *testing.T) {
	clock := newClock()
	alarms := 0
	l := limits{now: clock.now, alarm: func() { alarms++ }}
	const bots = 5000
	passed, n := 0, 0
	from := func(a netip.Addr) bool { // a new peer each time
		n++
		_, err := l.take(placesOf(peer.ID(fmt.Sprint(n)), a))
		return err == nil
	}
	attack := func(each int) {
		for i := range bots {
			for range each {
				if from(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})) {
					passed++
				}
			}
		}
	}
	attack(10)
	if most := wrongAll + bots; passed > most || alarms != 1 {
		t.Errorf("%d guesses pass at once, want %d at most; %d alarms", passed, most, alarms)
	}
	for minute := range 14 {
		clock.advance(time.Minute)
		attack(1)
		if !from(netip.AddrFrom4([4]byte{192, 0, 2, byte(minute)})) {
			t.Errorf("a user who mistypes once is shut out after %d minutes", minute)
		}
	}
	if most := wrongAll + 4*bots; passed > most {
		t.Errorf("%d guesses pass in a quarter of an hour, want %d at most", passed, most)
	}
	if a := netip.MustParseAddr("192.0.2.0"); !from(a) || from(a) {
		t.Error("a user does not have one try after another wait")
	}
	clock.advance(waitMost + limitFor)
	from(netip.MustParseAddr("192.0.2.99"))
	if len(l.places) > placesKept {
		t.Errorf("%d places are kept", len(l.places))
	}
}
