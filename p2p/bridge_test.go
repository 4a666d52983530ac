package p2p

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p/message"
	"sixgate/session"
)

func isGateway(p peer.ID) bool { return p == "gateway" }

// waitingBridge is a bridge whose code waits, without a node.
func waitingBridge(code string) *Bridge {
	return &Bridge{uplink: &uplink{gate: newGate(isGateway, false)}, accepted: make(chan accepted), closing: make(chan struct{}),
		arrivals: make(map[peer.ID]*arrival), code: Code{Digits: code}}
}

// A gateway that announces one host after another must not get more than one handshake for a code: each shows it check
// digits that it could not choose, and one in ten thousand would suit it.
func TestOneHandshakeForACode(t *testing.T) {
	b := waitingBridge("482913")
	defer b.running.Wait()
	defer close(b.closing)
	for _, code := range []string{"", "482912", "4829131"} {
		if err := b.expect("eve", code); err != ErrNoCode {
			t.Errorf("%q: %v", code, err)
		}
	}
	if err := b.expect("kitchen", "482913"); err != nil || !b.gate.isMatched("kitchen") {
		t.Errorf("the first host: %v", err)
	}
	if err := b.expect("eve", "482913"); err != ErrNoCode || b.gate.isMatched("eve") {
		t.Errorf("the second host: %v", err)
	}
	if a := b.claim("kitchen"); a == nil || a.code != "482913" {
		t.Errorf("the host calls: %v", a)
	} else {
		b.running.Done()
	}
	if b.claim("kitchen") != nil {
		t.Error("the host calls twice")
	}
	if err := waitingBridge("").expect("eve", ""); err != ErrNoCode {
		t.Errorf("no code waits: %v", err)
	}
}

func TestHostDoesNotArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := waitingBridge("482913")
		defer b.running.Wait()
		defer close(b.closing)
		began := time.Now()
		if err := b.expect("kitchen", "482913"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Accept(t.Context()); err != ErrHostGone || time.Since(began) != arriveFor {
			t.Errorf("given up after %v with %v", time.Since(began), err)
		}
		if b.gate.isMatched("kitchen") || b.claim("kitchen") != nil {
			t.Error("it may still come")
		}
	})
}

// Calls that nobody consents to make the next code wait, longer and longer.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Bridge
		for _, want := range []time.Duration{0, 2, 4, 8, 16, 32, 64, 64, 64} {
			b.judge(false, time.Minute)
			if wait := max(0, time.Until(b.CodeFrom())); wait != want*time.Second {
				t.Errorf("waits %v, want %v s", wait, want)
			}
			time.Sleep(time.Until(b.pause)) // of the bubble
		}
		b.judge(true, settleFor)
		b.judge(false, time.Minute)
		if wait := time.Until(b.pause); wait > 0 {
			t.Errorf("waits %v after a good call", wait)
		}
	})
}

// Somebody in the middle can say that the user consented, and hang up to try the next check digits. That makes codes wait
// as well, and a long call in between buys no more than one more try.
func TestPauseForClaimedConsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Bridge
		began, tries := time.Now(), 0
		for ; time.Since(began) < 5*time.Minute; tries++ { // while a user waits with the check digits of the other side
			if tries%10 == 9 {
				time.Sleep(settleFor)
				b.judge(true, settleFor)
			} else {
				b.judge(true, time.Second)
			}
			time.Sleep(time.Until(b.pause))
		}
		if tries > 20 {
			t.Errorf("%d tries at check digits in five minutes", tries)
		}
	})
}

func TestCodesAreSixDigits(t *testing.T) {
	if err := (Code{Digits: "012345"}).check(); err != nil {
		t.Error(err)
	}
	for _, digits := range []string{"", "12345", "1234567", "123 456", "12345a", "\x1b[2J00"} {
		if (Code{Digits: digits}).check() == nil {
			t.Errorf("%q is taken for a code", digits)
		}
	}
}

// A bridge does not even try before consent.
func TestBridgeKeepsToConsent(t *testing.T) {
	n := new(lan)
	c := testCall(false, n)
	for _, said := range []Notice{{}, {State: session.Asking, Permissions: session.View}, {State: session.Relayed},
		{State: session.EndedByUser, Permissions: session.View}} {
		c.heard(said)
		if _, err := c.Open(t.Context(), RFB); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("after %v: %v", said, err)
		}
		if len(c.channels) != 1 {
			t.Errorf("after %v it has channels", said)
		}
	}
}

// What a gateway says becomes the same error, there and here, and nothing else leaves it.
func TestStatus(t *testing.T) {
	for status, err := range statusErrors {
		if Status(err) != status || StatusError(status) != err {
			t.Errorf("%v is %v, and %v is %v", status, StatusError(status), err, Status(err))
		}
	}
	if Status(nil) != message.Status_OK || StatusError(message.Status_OK) != nil {
		t.Error("OK is an error")
	}
	if Status(net.ErrClosed) != message.Status_BUSY || StatusError(message.Status_UNKNOWN) != ErrBusy || StatusError(99) != ErrBusy {
		t.Error("an unknown status is not ErrBusy")
	}
}
