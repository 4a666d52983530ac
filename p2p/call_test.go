package p2p

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sixgate/p2p/message"
	"sixgate/p2p/resume"
	"sixgate/session"
)

// An end that says nothing is silent after silentFor, and dead when it has been gone for as long as a call can wait.
func TestSilentPeerIsDead(t *testing.T) {
	for _, host := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			n := &lan{down: true}
			c := testCall(host, n)
			on := n.add(true)
			near, far, _ := on.pipe()
			go io.Copy(io.Discard, far) // it listens, and says nothing
			began := time.Now()
			c.begin(near, on)
			go c.run()
			awaitBroken(t, true, c)
			if noticed := time.Since(began); noticed < silentFor || noticed > 5*time.Second {
				t.Errorf("silence noticed after %v", noticed)
			}
			<-c.Done()
			if took := time.Since(began); c.Err() != session.ByNetwork || took < resume.PatienceFor || took > resume.PatienceFor+10*time.Second {
				t.Errorf("dead after %v with %v", took, c.Err())
			}
		})
	}
}

// An end that reads nothing does not hold the other: what it is told waits, and then it is as silent as any.
func TestDeafPeerIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &lan{down: true}
		c := testCall(true, n)
		on := n.add(true)
		near, _, _ := on.pipe()
		c.begin(near, on)
		go c.run()
		began := time.Now()
		for range 100 {
			if err := c.Tell(Notice{State: session.Asking}); err != nil || time.Since(began) > 0 {
				t.Fatalf("told after %v: %v", time.Since(began), err)
			}
		}
		<-c.Done()
		if c.Err() != session.ByNetwork {
			t.Errorf("dead with %v", c.Err())
		}
	})
}

func TestQuietCallLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, _ := ends(t)
		time.Sleep(time.Hour) // of the bubble
		synctest.Wait()
		if host.Err() != nil || bridge.Err() != nil {
			t.Errorf("ended with %v and %v", host.Err(), bridge.Err())
		}
		host.End(session.ByUser)
		<-bridge.Done()
	})
}

func TestRoundTripIsMeasured(t *testing.T) {
	host, _, _ := ends(t)
	for ; ; <-host.Changes() {
		relay, rtt := host.Path()
		if !relay {
			t.Fatal("the path is direct")
		}
		if rtt > 0 {
			return
		}
		if host.Err() != nil {
			t.Fatal(host.Err())
		}
	}
}

func TestEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		byHost bool
		reason session.Reason
		want   session.Reason
	}{
		"user":               {true, session.ByUser, session.ByUser},
		"refused":            {true, session.Refused, session.Refused},
		"unanswered":         {true, session.Unanswered, session.Unanswered},
		"wrong digits":       {true, session.WrongDigits, session.WrongDigits},
		"supporter":          {false, session.BySupporter, session.BySupporter},
		"network, at bridge": {false, session.ByNetwork, session.ByNetwork},
		"network, at host":   {true, session.ByNetwork, session.ByNetwork},
		"tampered":           {true, session.Tampered, session.Tampered},
	} {
		t.Run(name, func(t *testing.T) {
			host, bridge, _ := ends(t)
			ender, other := host, bridge
			if !tt.byHost {
				ender, other = bridge, host
			}
			ender.End(tt.reason)
			<-other.Done()
			if ender.Err() != tt.want || other.Err() != tt.want {
				t.Errorf("ended with %v and %v", ender.Err(), other.Err())
			}
			if err := other.Tell(Notice{}); err != tt.want {
				t.Errorf("told after the end: %v", err)
			}
			ender.End(session.ByNetwork) // changes nothing
			if ender.Err() != tt.want {
				t.Error(ender.Err())
			}
		})
	}
}

// Both end at once: both say what the user said.
func TestBothEnd(t *testing.T) {
	for range 50 {
		host, bridge, _ := ends(t)
		go bridge.End(session.BySupporter)
		host.End(session.ByUser)
		<-bridge.Done()
		if host.Err() != bridge.Err() {
			t.Fatalf("ended with %v and %v", host.Err(), bridge.Err())
		}
	}
}

// What the other end has said before it hung up is read, also when this end is late for that.
func TestLastWordIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &lan{down: true}
		c := testCall(false, n)
		on := n.add(true)
		near, far, _ := on.pipe()
		c.begin(near, on)
		other := resume.New(resume.Options{})
		if err := other.Attach(far, 0, false); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		c.awaitEnd()
		c.mu.Unlock()
		message.Write(other, &message.Control{What: &message.Control_End{End: &message.End{Reason: uint32(session.ByUser)}}})
		synctest.Wait()
		on.close()
		ctx, stop := context.WithCancel(t.Context())
		var keeping sync.WaitGroup
		keeping.Go(func() { c.keep(ctx) })
		time.Sleep(time.Second)
		var m message.Control
		if err := message.Read(c.control, &m); err != nil || m.GetEnd().GetReason() != uint32(session.ByUser) {
			t.Errorf("the last word is %v, %v", &m, err)
		}
		time.Sleep(2 * paceMost)
		if !c.control.Over() {
			t.Error("the call waits for more")
		}
		stop()
		keeping.Wait()
		other.Fail(ErrClosed)
	})
}

// A bridge cannot say what the user did, nor a host what the supporter did.
func TestReasonsOfTheOther(t *testing.T) {
	for _, tt := range []struct {
		host bool
		says uint32
		want session.Reason
	}{
		{true, uint32(session.ByUser), session.BySupporter}, {true, uint32(session.Refused), session.BySupporter},
		{true, 0, session.BySupporter}, {true, 77, session.BySupporter}, {true, 1 << 31, session.BySupporter},
		{false, uint32(session.BySupporter), session.ByUser}, {false, 0, session.ByUser}, {false, 256 + uint32(session.Refused), session.ByUser},
	} {
		c, far := lone(t, tt.host)
		message.Write(far, &message.Control{What: &message.Control_End{End: &message.End{Reason: tt.says}}})
		far.CloseWrite()
		<-c.Done()
		if c.Err() != tt.want {
			t.Errorf("host %v hears %d: %v, want %v", tt.host, tt.says, c.Err(), tt.want)
		}
		far.Fail(net.ErrClosed)
	}
}

var consent = Notice{State: session.Relayed, Permissions: session.View}

func TestChannelsNeedConsent(t *testing.T) {
	host, bridge, _ := ends(t)
	ctx := t.Context()
	refused := func(when string) {
		t.Helper()
		ch, err := bridge.Open(ctx, RFB)
		if err == nil {
			_, err = ch.Read(make([]byte, 1))
		}
		if !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s: %v", when, err)
		}
	}
	tell := func(n Notice) {
		t.Helper()
		if err := host.Tell(n); err != nil {
			t.Fatal(err)
		}
		if got := <-bridge.Notices(); got != n {
			t.Fatalf("told %v, heard %v", n, got)
		}
	}
	refused("before consent")
	tell(Notice{State: session.Asking, Permissions: session.View})
	refused("while asking")
	tell(Notice{State: session.Relayed})
	refused("with no permission")
	tell(Notice{State: session.Relayed, Mode: session.ModeFiles, Permissions: session.Files | session.Tunnel})
	refused("with files and a tunnel only")
	if host.consented(RFB) || bridge.consented(RFB) {
		t.Error("files and a tunnel allow the screen")
	}

	// A bridge that does not keep to it meets the host's own refusal.
	bridge.mu.Lock()
	bridge.allowed = session.View
	bridge.mu.Unlock()
	refused("at the host")

	if err := bridge.Tell(consent); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a bridge grants: %v", err)
	}
	message.Write(bridge.control, &message.Control{What: &message.Control_Notice{Notice: consent.message()}})
	if n := <-host.Notices(); n.Permissions != 0 {
		t.Errorf("a bridge's notice grants %v", n.Permissions)
	}
	refused("after a bridge granted it to itself")

	tell(consent)
	accepted := make(chan net.Conn, 1)
	go func() {
		ch, err := host.Accept(ctx, RFB)
		if err != nil {
			t.Error(err)
		}
		accepted <- ch
	}()
	near, err := bridge.Open(ctx, RFB)
	if err != nil {
		t.Fatal(err)
	}
	far := <-accepted
	go io.WriteString(far, "RFB 003.008\n")
	if err := near.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	if b := make([]byte, 12); must(io.ReadFull(near, b)) != 12 || string(b) != "RFB 003.008\n" {
		t.Errorf("the channel carries %q", b)
	}
	if _, err := bridge.Open(ctx, "telnet"); err == nil {
		t.Error("a channel of an unknown kind opens")
	}
	if _, err := host.Open(ctx, RFB); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a host opens: %v", err)
	}
	if _, err := bridge.Accept(ctx, RFB); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a bridge accepts: %v", err)
	}

	tell(Notice{State: session.Relayed})
	refused("after the user took it back")

	accept := make(chan error, 1)
	go func() {
		_, err := host.Accept(ctx, RFB)
		accept <- err
	}()
	bridge.End(session.BySupporter)
	if err := <-accept; err != session.BySupporter {
		t.Errorf("accept ends with %v", err)
	}
	if _, err := far.Read(make([]byte, 1)); err == nil {
		t.Error("a channel outlives its call")
	}
}

// must drops an error that the rest of the test would show.
func must(n int, _ error) int { return n }

// The head of a channel's stream that stalls is dropped, and a channel that nobody takes is reset.
func TestStalledChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge, n := ends(t)
		host.Tell(consent)
		for !bridge.consented(RFB) {
			synctest.Wait()
		}
		began := time.Now()
		_, far, _ := n.cables[0].pipe()
		if err := host.join(context.Background(), far, n.cables[0]); err == nil || time.Since(began) != stepFor {
			t.Errorf("dropped after %v with %v", time.Since(began), err)
		}
		began = time.Now()
		ch, err := bridge.Open(t.Context(), RFB)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ch.Read(make([]byte, 1)); err != (resume.ResetError{Reason: unwanted}) || time.Since(began) != stepFor {
			t.Errorf("reset after %v with %v", time.Since(began), err)
		}
	})
}

// Nobody reads the notices: the newest are kept, and the call goes on.
func TestFloodOfNotices(t *testing.T) {
	host, bridge, _ := ends(t)
	for range 10 * notesKept {
		if err := host.Tell(Notice{State: session.Asking}); err != nil {
			t.Fatal(err)
		}
	}
	if err := host.Tell(consent); err != nil {
		t.Fatal(err)
	}
	for !bridge.consented(RFB) {
		if bridge.Err() != nil {
			t.Fatal(bridge.Err())
		}
	}
	host.End(session.ByUser)
	<-bridge.Done()
	var last Notice
	n := 0
	for last = range bridge.Notices() {
		n++
	}
	if last != consent || n > notesKept {
		t.Errorf("the last of %d notices is %v", n, last)
	}
}

// An alert reaches the bridge in words that a terminal can show, and nobody else.
func TestAlert(t *testing.T) {
	host, bridge, _ := ends(t)
	for title, want := range map[string]string{
		"Unlock keyring": "Unlock keyring", "two\nlines\u00a0\x1b[2J": "two lines [2J", "a\u202eb\xff\xfec": "abc", "": "",
		strings.Repeat("ü", 150): strings.Repeat("ü", 100), "x" + strings.Repeat("ü", 150): "x" + strings.Repeat("ü", 99),
	} {
		if err := host.Alert(Alert{AlertBlocked, title}); err != nil {
			t.Fatal(err)
		}
		if got := <-bridge.Alerts(); got != (Alert{AlertBlocked, want}) {
			t.Errorf("%+q is heard as %v %+q", title, got.Kind, got.Title)
		}
	}
	for range 10 * notesKept { // nobody reads
		if err := host.Alert(Alert{AlertBlocked, "old"}); err != nil {
			t.Fatal(err)
		}
	}
	host.send(&message.Control{What: &message.Control_Alert{Alert: &message.Alert{Kind: 99, Title: "of another version"}}})
	host.Alert(Alert{Kind: AlertFree})
	if err := bridge.Alert(Alert{Kind: AlertFree}); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a bridge alerts: %v", err)
	}
	bridge.send(&message.Control{What: &message.Control_Alert{Alert: &message.Alert{Kind: 1}}})
	bridge.Tell(Notice{})
	<-host.Notices() // the alert came before
	host.End(session.ByUser)
	<-bridge.Done()
	var last Alert
	n := 0
	for last = range bridge.Alerts() {
		if n++; !last.Kind.known() {
			t.Errorf("the bridge hears %v", last)
		}
	}
	if last.Kind != AlertFree || n > notesKept {
		t.Errorf("the last of %d alerts is %v", n, last)
	}
	if a, ok := <-host.Alerts(); ok {
		t.Errorf("the host hears %v", a)
	}
}

// However much the other end says, this one hears a bounded part of it, says what it has to, and ends the call when it wants to.
func TestFloodOfControl(t *testing.T) {
	for name, says := range map[string]*message.Control{
		"notices": {What: &message.Control_Notice{Notice: consent.message()}},
		"alerts":  {What: &message.Control_Alert{Alert: &message.Alert{Kind: 1, Title: strings.Repeat("x", maxText)}}},
		"nothing": {},
	} {
		for _, host := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				var words bytes.Buffer
				message.Write(&words, says)
				const seconds = 10
				c, far := lone(t, host)
				go io.Copy(io.Discard, far)
				var said atomic.Int64
				go func() {
					for {
						n, err := far.Write(words.Bytes())
						if said.Add(int64(n)); err != nil {
							return
						}
					}
				}()
				time.Sleep(seconds * time.Second)
				if heard := (int(said.Load()) - talkWindow) / words.Len(); heard > (seconds+1)*talkMost {
					t.Errorf("%s: %d heard in %d s", name, heard, seconds)
				}
				if err := c.Tell(Notice{State: session.Checking}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				reason, began := session.ByUser, time.Now()
				if !host {
					reason = session.BySupporter
				}
				c.End(reason)
				if took := time.Since(began); took > 2*endFor || c.Err() != reason {
					t.Errorf("%s: ended after %v with %v", name, took, c.Err())
				}
				far.Fail(net.ErrClosed)
			})
		}
	}
}

// FuzzControl says anything to both ends of a call, and hears them out: they wait seconds for who hangs up.
func FuzzControl(f *testing.F) {
	for _, m := range []*message.Control{
		{What: &message.Control_Notice{Notice: consent.message()}},
		{What: &message.Control_End{End: &message.End{Reason: 3}}},
		{What: &message.Control_Alert{Alert: &message.Alert{Kind: 1, Title: "Unlock\x1b[2J " + strings.Repeat("ü", maxText)}}},
		{},
	} {
		var b strings.Builder
		message.Write(&b, m, m)
		f.Add([]byte(b.String()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > talkMost { // a flood, which is heard slowly
			return
		}
		for _, host := range []bool{true, false} {
			c, far := lone(t, host)
			far.Write(b)
			far.CloseWrite()
			<-c.Done()
			far.Fail(net.ErrClosed)
			for a := range c.Alerts() {
				if host || !a.Kind.known() || a.Title != clean(a.Title) || len(a.Title) > maxText {
					t.Errorf("host %v hears of %+q", host, a)
				}
			}
			if reason, ok := c.Err().(session.Reason); !ok || !reason.Known() {
				t.Errorf("ended with %v", c.Err())
			}
		}
	})
}

// The connection of a bridge whose host is not there breaks: nobody answers, and the call waits.
func TestNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := lone(t, false)
		c.best().close()
		awaitBroken(t, true, c)
		c.End(session.BySupporter)
		far.Fail(net.ErrClosed)
	})
}
