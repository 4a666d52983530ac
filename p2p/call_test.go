package p2p

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
	"sixgate/session"
)

// pipe is one end of a net.Pipe, where nothing follows the end of writing.
type pipe struct{ net.Conn }

func (p pipe) CloseWrite() error { return p.Close() }

// callOn makes one end's call on a talk. Its channels are pipes; the other ends come out of channels.
func callOn(t testing.TB, host bool, control talk, channels chan net.Conn) *Call {
	c := newCall(met{peer: Hello{Name: "the other"}, digits: "4719"}, line{host: host, control: control,
		open: func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			channels <- far
			return near, nil
		},
		relayed: func() bool { return true },
		hangUp:  func() { control.Close() },
	}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	go c.run()
	return c
}

// pipes makes both ends of a call over a net.Pipe.
func pipes(t testing.TB) (host, bridge *Call) {
	a, b := net.Pipe()
	return callOn(t, true, pipe{a}, nil), callOn(t, false, pipe{b}, nil)
}

// tcps makes both ends of a call over TCP. Channels that the bridge opens reach the host.
func tcps(t *testing.T) (host, bridge *Call) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	channels := make(chan net.Conn)
	host, bridge = callOn(t, true, a.(*net.TCPConn), nil), callOn(t, false, b.(*net.TCPConn), channels)
	go func() {
		for {
			select {
			case far := <-channels:
				go host.offer(context.Background(), far)
			case <-host.done:
				return
			}
		}
	}()
	t.Cleanup(func() {
		host.End(session.ByUser)
		bridge.End(session.BySupporter)
	})
	return host, bridge
}

func TestSilentPeerIsDead(t *testing.T) {
	for _, host := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			go io.Copy(io.Discard, far) // it listens, and says nothing
			began := time.Now()
			c := callOn(t, host, pipe{near}, nil)
			<-c.Done()
			if took := time.Since(began); c.Err() != session.ByNetwork || took < deadAfter || took > deadAfter+2*endFor {
				t.Errorf("dead after %v with %v", took, c.Err())
			}
		})
	}
}

// An end that reads nothing must not hold the other for ever.
func TestDeafPeerIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		c := callOn(t, true, pipe{near}, nil)
		began := time.Now()
		if err := c.Tell(Notice{State: session.Asking}); err == nil {
			t.Error("told a deaf peer")
		}
		<-c.Done()
		if took := time.Since(began); c.Err() != session.ByNetwork || took > deadAfter+2*endFor {
			t.Errorf("dead after %v with %v", took, c.Err())
		}
	})
}

func TestQuietCallLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host, bridge := pipes(t)
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
	host, _ := tcps(t)
	for { // the first echo comes as soon as it can
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
			host, bridge := tcps(t)
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
		host, bridge := tcps(t)
		go bridge.End(session.BySupporter)
		host.End(session.ByUser)
		<-bridge.Done()
		if host.Err() != bridge.Err() {
			t.Fatalf("ended with %v and %v", host.Err(), bridge.Err())
		}
	}
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
		near, far := net.Pipe()
		go io.Copy(io.Discard, far)
		c := callOn(t, tt.host, pipe{near}, nil)
		message.Write(far, &message.Control{What: &message.Control_End{End: &message.End{Reason: tt.says}}})
		<-c.Done()
		if c.Err() != tt.want {
			t.Errorf("host %v hears %d: %v, want %v", tt.host, tt.says, c.Err(), tt.want)
		}
		far.Close()
	}
}

var consent = Notice{State: session.Relayed, Permissions: session.View}

func TestChannelsNeedConsent(t *testing.T) {
	host, bridge := tcps(t)
	ctx := t.Context()
	refused := func(when string) {
		t.Helper()
		if _, err := bridge.Open(ctx, RFB); !errors.Is(err, ErrNotAllowed) {
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

// The head of a channel that stalls is dropped, and one that nobody accepts is refused.
func TestStalledChannel(t *testing.T) {
	for name, head := range map[string][]proto.Message{"no head": nil, "nobody accepts": {&message.Open{Kind: RFB}}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host, bridge := pipes(t)
				host.Tell(consent)
				near, far := net.Pipe()
				go func() {
					message.Write(far, head...)
					io.Copy(io.Discard, far)
				}()
				began := time.Now()
				if err := host.offer(context.Background(), near); err == nil || time.Since(began) != stepFor {
					t.Errorf("dropped after %v with %v", time.Since(began), err)
				}
				host.End(session.ByUser)
				<-bridge.Done()
			})
		})
	}
}

// Nobody reads the notices: the newest are kept, and the call goes on.
func TestFloodOfNotices(t *testing.T) {
	host, bridge := tcps(t)
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
	host, bridge := tcps(t)
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

// flood is an end that never stops talking, on a stream like libp2p's: a deadline does not keep one from reading what is there.
type flood struct {
	net.Conn
	words []byte
	most  int // bytes, after which it breaks: nobody should have read so many

	mu   sync.Mutex
	read int
}

func (f *flood) Read(b []byte) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read > f.most {
		return 0, io.ErrUnexpectedEOF
	}
	n = copy(b, f.words[f.read%len(f.words):])
	f.read += n
	return n, nil
}
func (f *flood) Write(b []byte) (int, error)      { return len(b), nil }
func (f *flood) Close() error                     { return nil }
func (f *flood) CloseWrite() error                { return nil }
func (f *flood) SetReadDeadline(time.Time) error  { return nil }
func (f *flood) SetWriteDeadline(time.Time) error { return nil }

// However much the other end says, this one hears a bounded part of it, says what it has to, and ends the call when it wants to.
func TestFloodOfControl(t *testing.T) {
	for name, says := range map[string]*message.Control{
		"beats":   {What: &message.Control_Beat{Beat: &message.Beat{Number: 1}}},
		"echoes":  {What: &message.Control_Echo{Echo: &message.Beat{Number: 1}}},
		"notices": {What: &message.Control_Notice{Notice: consent.message()}},
		"alerts":  {What: &message.Control_Alert{Alert: &message.Alert{Kind: 1, Title: strings.Repeat("x", maxText)}}},
		"nothing": {},
	} {
		for _, host := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				var words bytes.Buffer
				message.Write(&words, says)
				const seconds = 10
				f := &flood{words: words.Bytes(), most: 3*(seconds+1)*talkMost*words.Len() + 2*lastWords}
				c := callOn(t, host, f, nil)
				time.Sleep(seconds * time.Second)
				f.mu.Lock()
				if heard := f.read / words.Len(); heard > (seconds+1)*talkMost {
					t.Errorf("%s: %d heard in %d s", name, heard, seconds)
				}
				f.mu.Unlock()
				if err := c.Tell(Notice{State: session.Checking}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				reason, began := session.ByUser, time.Now()
				if !host {
					reason = session.BySupporter
				}
				c.End(reason)
				if took := time.Since(began); took > 2*endFor || c.Err() != reason || f.read > f.most {
					t.Errorf("%s: ended after %v with %v, and %d bytes heard", name, took, c.Err(), f.read)
				}
			})
		}
	}
}

// FuzzControl says anything to both ends of a call.
func FuzzControl(f *testing.F) {
	for _, m := range []*message.Control{
		{What: &message.Control_Notice{Notice: consent.message()}},
		{What: &message.Control_Beat{Beat: &message.Beat{Number: 1}}},
		{What: &message.Control_Echo{Echo: &message.Beat{Number: 1}}},
		{What: &message.Control_End{End: &message.End{Reason: 3}}},
		{What: &message.Control_Alert{Alert: &message.Alert{Kind: 1, Title: "Unlock\x1b[2J " + strings.Repeat("ü", maxText)}}},
		{},
	} {
		var b strings.Builder
		message.Write(&b, m, m)
		f.Add([]byte(b.String()))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, host := range []bool{true, false} {
			near, far := net.Pipe()
			go io.Copy(io.Discard, far)
			c := callOn(t, host, pipe{near}, nil)
			far.Write(b)
			far.Close()
			<-c.Done()
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

// FuzzOpen says anything as the head of a channel.
func FuzzOpen(f *testing.F) {
	var b strings.Builder
	message.Write(&b, &message.Open{Kind: RFB})
	f.Add([]byte(b.String()))
	f.Add([]byte(b.String())[:5])
	c := newCall(met{}, line{host: true}, slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, b []byte) {
		near, far := net.Pipe()
		go io.Copy(io.Discard, far)
		go func() {
			far.Write(b)
			far.Close()
		}()
		if c.offer(context.Background(), near) == nil {
			t.Error("a channel opens without consent")
		}
	})
}
