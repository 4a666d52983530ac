package gateway

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"google.golang.org/protobuf/proto"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

// wire is how messages travel.
func wire(t testing.TB, messages ...proto.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := message.Write(&b, messages...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wrongs are what may be said in place of a message: it cut at every byte, what is too long, and what is no message.
func wrongs(whole []byte) (all [][]byte) {
	for n := range whole {
		all = append(all, whole[:n])
	}
	return append(all, []byte("\xff\xff\xff\xff"), append([]byte("\x00\x00\x10\x01"), make([]byte, message.Max+1)...),
		[]byte("\x00\x00\x00\x02\xff\xff"), bytes.Repeat([]byte("\x00\x00\x00\x01\x08"), 100_000))
}

// answers has a gateway's answers to questions of one kind be what the test puts there.
func answers(g *Gateway, p protocol.ID, question proto.Message) (say func([]byte)) {
	var now atomic.Value
	g.node.SetStreamHandler(p, func(s network.Stream) {
		defer s.Close()
		message.Read(s, question)
		s.Write(now.Load().([]byte))
	})
	return func(b []byte) { now.Store(b) }
}

// A gateway that answers what no gateway answers gets an error from host and bridge, and nothing else.
func TestHostileGateway(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	operator := g.node.Network().Peers()[0]
	_, gateway := whereabouts(g)
	host, bridge := call(t, dialHost(t, g.Addresses()...), b)
	consent(t, host, bridge)
	h := dialHost(t, g.Addresses()...)

	meeting := &message.Meeting{Status: message.Status_OK, Bridge: []byte(operator), Operator: "Ada", Organisation: "Example Ltd"}
	meetings := wrongs(wire(t, meeting))
	for _, m := range []*message.Meeting{
		{}, {Status: message.Status_OK}, {Status: 99, Bridge: []byte(operator)},
		{Status: message.Status_OK, Bridge: []byte("nobody"), Operator: "Ada"},
		{Status: message.Status_OK, Bridge: []byte(g.node.ID()), Operator: "Ada"},
		meeting, // nobody has told the bridge of the host
		{Status: message.Status_OK, Bridge: []byte(operator), Operator: "Ada", Gateways: []string{"\x1b[2J", "/ip4/192.0.2.1/tcp/22", "/p2p/" + gateway}},
		{Status: message.Status_OK, Bridge: []byte(operator), Operator: "Ada", Gateways: slices.Repeat([]string{"/ip4/127.0.0.1/tcp/1/p2p/" + gateway}, 40)},
	} {
		meetings = append(meetings, wire(t, m))
	}
	codes := wrongs(wire(t, &message.CodeAnswer{Status: message.Status_OK, Code: "482913", Seconds: 900}))
	for _, m := range []*message.CodeAnswer{{}, {Status: 99, Code: "482913"}, {Status: message.Status_OK},
		{Status: message.Status_OK, Code: "\x1b[2J42"}, {Status: message.Status_OK, Code: "4829131", Seconds: 1<<32 - 1}} {
		codes = append(codes, wire(t, m))
	}
	held(t, 8<<20, func() {
		say := answers(g, p2p.RedeemProtocol, new(message.Redeem))
		for _, says := range meetings {
			say(says)
			if _, err := h.Join(t.Context(), "482913"); err == nil {
				t.Errorf("the host takes %.60q for a meeting", says)
			}
		}
		say = answers(g, p2p.CodeProtocol, new(message.CodeRequest))
		for _, says := range codes {
			say(says)
			if c, err := b.NewCode(t.Context()); err == nil {
				t.Errorf("the bridge takes %.60q for the code %s", says, c.Digits)
			}
		}
	})
	if host.Err() != nil || bridge.Err() != nil {
		t.Errorf("the session has ended: %v, %v", host.Err(), bridge.Err())
	}
}

// arrives tells a bridge of a host as a gateway does, in any words, and returns the answer.
func arrives(t *testing.T, g *Gateway, bridge peer.ID, says []byte) (message.Status, error) {
	t.Helper()
	s, err := g.node.NewStream(t.Context(), bridge, p2p.ArrivalProtocol)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Write(says)
	s.CloseWrite()
	var a message.ArrivalAnswer
	err = message.Read(s, &a)
	return a.Status, err
}

// A gateway that announces hosts in other words, before there is a code, again, or a thousand of them, gets one host in for a code.
func TestHostileArrivals(t *testing.T) {
	g := start(t, Options{})
	b := addBridge(t, g, "Ada")
	operator := g.node.Network().Peers()[0]
	var strangers []peer.ID
	for range 3 {
		key, err := p2p.NewIdentity()
		if err != nil {
			t.Fatal(err)
		}
		id, err := peer.IDFromPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		strangers = append(strangers, id)
	}
	arrival := func(host peer.ID, code string) []byte {
		return wire(t, &message.Arrival{Host: []byte(host), Code: code})
	}
	if status, err := arrives(t, g, operator, arrival(strangers[0], "482913")); err != nil || status != message.Status_NO_CODE {
		t.Errorf("a host before there is a code: %v, %v", status, err)
	}
	code := newCode(t, b)
	held(t, 8<<20, func() {
		for _, says := range append(wrongs(arrival(strangers[0], code)), arrival("nobody", code), arrival("", code)) {
			if status, err := arrives(t, g, operator, says); err == nil {
				t.Errorf("the bridge answers %.60q with %v", says, status)
			}
		}
		for range 1000 {
			if status, err := arrives(t, g, operator, arrival(strangers[1], "000000")); err != nil || status != message.Status_NO_CODE {
				t.Fatal(status, err)
			}
		}
	})
	for i, want := range []message.Status{message.Status_OK, message.Status_NO_CODE, message.Status_NO_CODE} {
		if status, err := arrives(t, g, operator, arrival(strangers[i/2], code)); err != nil || status != want {
			t.Errorf("arrival %d: %v, %v", i, status, err)
		}
	}
}

// A program at the gateway's address that says something else, and never stops, is not listened to for long.
func TestImpostorThatNeverStops(t *testing.T) {
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	_, id := whereabouts(start(t, Options{}))
	for name, tt := range map[string]struct {
		first, then string
		tls         *tls.Config
	}{
		"bytes":               {"", "\xa5\x5a", nil},
		"another protocol":    {"\x13/multistream/1.0.0\n", "\x03na\n", nil},
		"a long line":         {"\x13/multistream/1.0.0\n\xff\xff\x03", "x", nil},
		"Noise that is none":  {"\x13/multistream/1.0.0\n\x07/noise\n", "\x00\x60", nil},
		"a page's header":     {"HTTP/1.1 101 Switching Protocols\r\nA: ", "x", secure.TLS},
		"a page's many lines": {"HTTP/1.1 101 Switching Protocols\r\n", "A: x\r\n", secure.TLS},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			port := l.Addr().(*net.TCPAddr).Port
			if tt.tls != nil {
				l = tls.NewListener(l, tt.tls)
			}
			var talking sync.WaitGroup
			defer talking.Wait()
			defer l.Close()
			talking.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					talking.Go(func() {
						defer c.Close()
						io.WriteString(c, tt.first)
						for then := strings.Repeat(tt.then, 1000); err == nil; {
							_, err = io.WriteString(c, then)
						}
					})
				}
			})
			held(t, 4<<20, func() {
				h, err := p2p.DialHost(t.Context(), p2p.HostOptions{Gateways: []string{fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/%s", port, id)},
					Self: p2p.Hello{Name: "pc"}})
				if !errors.Is(err, p2p.ErrGateway) {
					t.Errorf("%v", err)
				}
				if err == nil {
					h.Close()
				}
			})
		})
	}
}
