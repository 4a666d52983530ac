package p2p

import (
	"bytes"
	"errors"
	"io"
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

var (
	kitchen = party{self: Hello{Name: "kitchen-pc", System: "Debian"}, host: "host", bridge: "bridge", code: "482913"}
	ada     = party{self: Hello{Name: "Ada", Organisation: "Example", Purpose: "help", Mode: session.ModeGuidance}, host: "host", bridge: "bridge", code: "482913"}
)

// shake runs both halves of a handshake with each other.
func shake(host, bridge party) (atHost, atBridge met, hostErr, bridgeErr error) {
	atHost, atBridge, _, hostErr, bridgeErr = overheard(host, bridge)
	return
}

// overheard is shake, and what the host heard.
func overheard(host, bridge party) (atHost, atBridge met, heard []byte, hostErr, bridgeErr error) {
	toHost, toBridge := make(chan []byte, 4), make(chan []byte, 4)
	a, b := &duct{in: toHost, out: toBridge}, &duct{in: toBridge, out: toHost}
	var other sync.WaitGroup
	other.Go(func() {
		atBridge, bridgeErr = bridge.asBridge(b)
		close(toHost)
	})
	atHost, hostErr = host.asHost(a)
	close(toBridge)
	other.Wait()
	return atHost, atBridge, a.heard, hostErr, bridgeErr
}

// duct is one end of a connection that is as fast as can be, and knows no deadlines.
type duct struct {
	net.Conn
	in          <-chan []byte
	out         chan<- []byte
	rest, heard []byte
}

func (d *duct) Read(b []byte) (int, error) {
	if len(d.rest) == 0 {
		d.rest = <-d.in
		d.heard = append(d.heard, d.rest...)
	}
	if len(d.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *duct) Write(b []byte) (int, error) { d.out <- b; return len(b), nil }
func (d *duct) SetDeadline(time.Time) error { return nil }

func TestHandshake(t *testing.T) {
	atHost, atBridge, err, err2 := shake(kitchen, ada)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if atHost.peer != ada.self || atBridge.peer != kitchen.self {
		t.Errorf("they meet %+v and %+v", atHost.peer, atBridge.peer)
	}
	if atHost.digits != atBridge.digits || len(atHost.digits) != session.CheckDigits {
		t.Errorf("check digits %q and %q", atHost.digits, atBridge.digits)
	}
}

// Everything that is said before the commitment is in the transcript, in one way only.
func TestTranscript(t *testing.T) {
	want := "\x02" + "\x00\x0akitchen-pc" + "\x00\x00" + "\x00\x00" + "\x00\x06Debian" + "\x00" +
		"\x00\x03Ada" + "\x00\x07Example" + "\x00\x04help" + "\x00\x00" + string(rune(session.ModeGuidance))
	if got := string(transcript(kitchen.self, ada.self)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Each end stalls before each of its steps. The other end drops it after stepFor, and not before.
func TestStalledHandshake(t *testing.T) {
	say := func(m ...proto.Message) func(io.ReadWriter) {
		return func(s io.ReadWriter) { message.Write(s, m...) }
	}
	hear := func(n int) func(io.ReadWriter) {
		return func(s io.ReadWriter) {
			for range n {
				message.Read(s, new(message.Nonce)) // whatever it is: unknown fields are kept
			}
		}
	}
	nonce := &message.Nonce{Nonce: make([]byte, 32)}
	commit := &message.Commit{Commitment: make([]byte, 32)}
	for name, tt := range map[string]struct {
		half  func(net.Conn) (met, error)
		steps []func(io.ReadWriter)
	}{
		"host reads nothing":        {ada.asBridge, nil},
		"host after hello":          {ada.asBridge, []func(io.ReadWriter){say(kitchen.self.message())}},
		"host before its nonce":     {ada.asBridge, []func(io.ReadWriter){say(kitchen.self.message()), hear(2)}},
		"host before the reveal":    {ada.asBridge, []func(io.ReadWriter){say(kitchen.self.message()), hear(2), say(nonce)}},
		"bridge reads nothing":      {kitchen.asHost, nil},
		"bridge before hello":       {kitchen.asHost, []func(io.ReadWriter){hear(1)}},
		"bridge before its promise": {kitchen.asHost, []func(io.ReadWriter){hear(1), say(ada.self.message())}},
		"bridge before the nonce":   {kitchen.asHost, []func(io.ReadWriter){hear(1), say(ada.self.message(), commit)}},
		"bridge before the reveal":  {kitchen.asHost, []func(io.ReadWriter){hear(1), say(ada.self.message(), commit), hear(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				us, them := net.Pipe()
				defer them.Close()
				go func() {
					for _, step := range tt.steps {
						step(them)
					}
				}()
				began := time.Now()
				_, err := tt.half(us)
				if took := time.Since(began); !errors.Is(err, ErrHandshake) || took != stepFor {
					t.Errorf("dropped after %v with %v", took, err)
				}
			})
		})
	}
}

// What a hostile end may say in place of a step.
func TestHostileHandshake(t *testing.T) {
	nonce := &message.Nonce{Nonce: make([]byte, 32)}
	other := &message.Nonce{Nonce: bytes.Repeat([]byte{1}, 32)}
	zero := session.Nonce{}
	honest := session.Commit(zero, transcript(kitchen.self, ada.self))
	commit := &message.Commit{Commitment: honest[:]}
	hello := func(change func(*message.Hello)) *message.Hello {
		m := ada.self.message()
		change(m)
		return m
	}
	for name, tt := range map[string]struct {
		half func(net.Conn) (met, error)
		says []proto.Message // the bridge's nonce last
		want error           // nil: any
	}{
		"another nonce than promised":  {kitchen.asHost, []proto.Message{ada.self.message(), commit, other}, session.Tampered},
		"a promise about other words":  {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Name = "Eve" }), commit, nonce}, session.Tampered},
		"a promise about another mode": {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Mode = 2 }), commit, nonce}, session.Tampered},
		"no promise":                   {kitchen.asHost, []proto.Message{ada.self.message(), &message.Commit{}, nonce}, ErrHandshake},
		"a short nonce":                {kitchen.asHost, []proto.Message{ada.self.message(), commit, &message.Nonce{Nonce: make([]byte, 31)}}, ErrHandshake},
		"another version":              {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Version = Version + 1 })}, ErrVersion},
		"no version":                   {kitchen.asHost, []proto.Message{&message.Hello{Name: "Ada"}}, ErrVersion},
		"no name":                      {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Name = " " })}, nil},
		"a name that moves cursors":    {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Organisation = "\x1b[2J" })}, nil},
		"a name that turns the line":   {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Name = "Ada\u202e" })}, nil},
		"a long purpose":               {kitchen.asHost, []proto.Message{hello(func(m *message.Hello) { m.Purpose = strings.Repeat("x", 201) })}, nil},
		"a host of another version":    {ada.asBridge, []proto.Message{&message.Hello{Version: Version + 1, Name: "pc"}}, ErrVersion},
		"a host with a long nonce":     {ada.asBridge, []proto.Message{kitchen.self.message(), &message.Nonce{Nonce: make([]byte, 33)}}, ErrHandshake},
	} {
		t.Run(name, func(t *testing.T) {
			us, them := net.Pipe()
			go io.Copy(io.Discard, them)
			go message.Write(them, tt.says...)
			met, err := tt.half(us)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v, %v", met, err)
			}
			us.Close()
			them.Close()
		})
	}
}

// Two programs of different versions both say so.
func TestVersionsDiffer(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	got := make(chan error, 1)
	go func() {
		_, err := ada.asBridge(b)
		got <- err
	}()
	if err := message.Write(a, &message.Hello{Version: Version + 1, Name: "pc"}); err != nil {
		t.Fatal(err)
	}
	var theirs message.Hello
	if err := message.Read(a, &theirs); err != nil || theirs.Version != Version {
		t.Errorf("the bridge answers version %d, %v", theirs.Version, err)
	}
	if err := <-got; !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
}

// FuzzHandshake plays a hostile end to both halves.
func FuzzHandshake(f *testing.F) {
	var host, bridge bytes.Buffer
	nonce := session.Nonce{}
	c := session.Commit(nonce, transcript(kitchen.self, ada.self))
	message.Write(&host, kitchen.self.message(), &message.Nonce{Nonce: nonce[:]})
	message.Write(&bridge, ada.self.message(), &message.Commit{Commitment: c[:]}, &message.Nonce{Nonce: nonce[:]})
	f.Add(host.Bytes())
	f.Add(bridge.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, half := range []func(net.Conn) (met, error){kitchen.asHost, ada.asBridge} {
			if met, err := half(&script{Reader: bytes.NewReader(b)}); err == nil &&
				(len(met.digits) != session.CheckDigits || met.peer.check() != nil) {
				t.Errorf("%+v", met)
			}
		}
	})
}

// script is an end that says what it says, and does not listen.
type script struct {
	net.Conn
	io.Reader
}

func (s *script) Read(b []byte) (int, error)  { return s.Reader.Read(b) }
func (s *script) Write(b []byte) (int, error) { return len(b), nil }
func (s *script) SetDeadline(time.Time) error { return nil }
