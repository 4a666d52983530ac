package p2p

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
	"sixgate/session"
)

// Somebody in the middle of the real handshake, ten thousand times by each strategy: he passes unseen when both ends show the same
// digits: once, in the mean.
func TestManInTheMiddle(t *testing.T) {
	const attempts, mostUnseen = 10_000, 5
	host, bridge := kitchen, ada // as they see each other: each is connected to him
	host.bridge, bridge.host = "middle", "middle"
	middleAsBridge, middleAsHost := ada, kitchen
	middleAsBridge.bridge, middleAsHost.host = "middle", "middle"
	neighbour := ada
	neighbour.code = "482914"
	over, _, heard, err, err2 := overheard(kitchen, ada)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for name, attack := range map[string]func() (atHost, atBridge met, err error){
		"his own words to each": func() (met, met, error) {
			atHost, _, err, err2 := shake(host, middleAsBridge) // he promises, and shows, before he knows what
			_, atBridge, err3, err4 := shake(middleAsHost, bridge)
			return atHost, atBridge, errors.Join(err, err2, err3, err4)
		},
		"the words of each to the other": func() (met, met, error) {
			atHost, atBridge, err, err2 := shake(host, bridge)
			return atHost, atBridge, errors.Join(err, err2)
		},
		"the host of another code": func() (met, met, error) {
			atHost, atBridge, err, err2 := shake(kitchen, neighbour)
			return atHost, atBridge, errors.Join(err, err2)
		},
		"what a bridge said before": func() (met, met, error) {
			again, err := kitchen.asHost(&script{Reader: bytes.NewReader(heard)})
			return again, over, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			unseen := 0
			for range attempts {
				atHost, atBridge, err := attack()
				if err != nil {
					t.Fatal(err)
				}
				if atHost.digits == atBridge.digits {
					unseen++
				}
				if atHost.key == atBridge.key {
					t.Fatal("the channels' keys are the same")
				}
			}
			t.Logf("unseen in %d of %d sessions", unseen, attempts)
			if unseen > mostUnseen {
				t.Errorf("unseen in %d of %d sessions", unseen, attempts)
			}
		})
	}
}

// He who has heard the host's nonce finds one that gives the digits he wants in no time. What he has promised before keeps him from it.
func TestGrindingIsSeen(t *testing.T) {
	for _, want := range []string{"0000", "4719"} {
		us, them := net.Pipe()
		got := make(chan error, 1)
		go func() {
			_, err := kitchen.asHost(us)
			got <- err
		}()
		said := transcript(kitchen.self, ada.self)
		b := session.Binding{Host: kitchen.host, Bridge: kitchen.bridge, Transcript: said, Code: kitchen.code}
		promise := session.Commit(b.BridgeNonce, said)
		var hello message.Hello
		var nonce message.Nonce
		if err := errors.Join(message.Read(them, &hello), message.Write(them, ada.self.message(), &message.Commit{Commitment: promise[:]}),
			message.Read(them, &nonce)); err != nil {
			t.Fatal(err)
		}
		copy(b.HostNonce[:], nonce.Nonce)
		tries := 0
		for ; b.Digits() != want; tries++ {
			b.BridgeNonce = session.Nonce{byte(tries), byte(tries >> 8), byte(tries >> 16), 1}
		}
		message.Write(them, &message.Nonce{Nonce: b.BridgeNonce[:]})
		if err := <-got; err != session.Tampered {
			t.Errorf("a nonce that was found after %d tries: %v", tries, err)
		}
		them.Close()
	}
}

// Neither end shows its nonce before the other is bound to its own: else the other could choose.
func TestNobodyShowsTooEarly(t *testing.T) {
	for name, tt := range map[string]struct {
		half func(net.Conn) (met, error)
		says proto.Message
		hear int // messages, before it waits
	}{
		"host, before the promise":        {kitchen.asHost, ada.self.message(), 1},
		"bridge, before the host's nonce": {ada.asBridge, kitchen.self.message(), 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			us, them := net.Pipe()
			go tt.half(us)
			go message.Write(them, tt.says)
			for range tt.hear {
				if err := message.Read(them, new(message.Nonce)); err != nil { // whatever it is
					t.Fatal(err)
				}
			}
			them.SetReadDeadline(time.Now().Add(stepFor / 2))
			if n, err := them.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: it goes on (%d, %v)", name, n, err)
			}
			them.Close()
		})
	}
}

// half is one end's part of a handshake, and what it hears from an honest other end.
type half struct {
	run   func(net.Conn) (met, error)
	hears []proto.Message
}

func halves() map[string]half {
	var nonce session.Nonce
	promise := session.Commit(nonce, transcript(kitchen.self, ada.self))
	return map[string]half{
		"host":   {kitchen.asHost, []proto.Message{ada.self.message(), &message.Commit{Commitment: promise[:]}, &message.Nonce{Nonce: nonce[:]}}},
		"bridge": {ada.asBridge, []proto.Message{kitchen.self.message(), &message.Nonce{Nonce: nonce[:]}}},
	}
}

// A handshake is refused that is cut at any byte, and one whose messages are left out, said twice or come in another order.
func TestWrongHandshakes(t *testing.T) {
	for name, end := range halves() {
		hear := func(b []byte) error {
			_, err := end.run(&script{Reader: bytes.NewReader(b)})
			return err
		}
		write := func(order []int) []byte {
			var b bytes.Buffer
			for _, i := range order {
				if err := message.Write(&b, end.hears[i]); err != nil {
					t.Fatal(err)
				}
			}
			return b.Bytes()
		}
		right := []int{0, 1, 2}[:len(end.hears)]
		whole := write(right)
		if err := hear(whole); err != nil {
			t.Errorf("%s: the right handshake: %v", name, err)
		}
		for n := range whole {
			if err := hear(whole[:n]); !errors.Is(err, ErrHandshake) || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: cut after %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
		for i := range 27 { // every list of three, so each order, omission and repetition
			order := []int{i / 9, i / 3 % 3, i % 3}[:len(right)]
			if slices.Max(order) < len(right) && !slices.Equal(order, right) {
				if err := hear(write(order)); err == nil {
					t.Errorf("%s: the messages %v are taken for a handshake", name, order)
				}
			}
		}
	}
}
