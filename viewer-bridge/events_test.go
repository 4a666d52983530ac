package viewerbridge

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"sixgate/p2p"
	"sixgate/p2p/proxy"
)

// How the gateway is reached, and every way that does not lead there, is an event with a reason and a remedy for people.
func TestGatewayEvents(t *testing.T) {
	refused := p2p.Failure{Way: p2p.Way{Transport: "quic", Address: "192.0.2.1:443"}, Err: syscall.ECONNREFUSED}
	asked := p2p.Failure{Way: p2p.Way{Transport: "tcp", Address: "192.0.2.1:443", Proxy: "10.0.0.1:3128"}, Err: fmt.Errorf("the proxy 10.0.0.1:3128: %w", proxy.ErrWantsCredentials)}
	lost := fmt.Errorf("gateway 192.0.2.1:443: %w", p2p.ErrGateway)
	for _, tt := range []struct {
		reach p2p.Reach
		want  Event
	}{
		{p2p.Reach{Way: p2p.Way{Transport: "websocket", Address: "192.0.2.1:443"}, Failed: p2p.Failures{refused}},
			Event{State: "reached", Transport: "websocket", Address: "192.0.2.1:443", Failed: []Failed{{Transport: "quic", Address: "192.0.2.1:443", Reason: "192.0.2.1:443 refuses"}}}},
		{p2p.Reach{Err: lost}, Event{State: "lost", Reason: lost.Error()}},
		{p2p.Reach{Err: lost, Failed: p2p.Failures{asked}},
			Event{State: "not reached", Reason: lost.Error(), Failed: []Failed{{Transport: "tcp", Address: "192.0.2.1:443", Proxy: "10.0.0.1:3128", Reason: "the proxy asks for a name and a password"}}}},
	} {
		got := gatewayEvent(tt.reach)
		for i, f := range got.Failed {
			if f.Remedy == "" {
				t.Errorf("no remedy for %+v", f)
			}
			got.Failed[i].Remedy = ""
		}
		tt.want.Event = "gateway"
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v\nis reported as %+v,\nwant %+v", tt.reach, got, tt.want)
		}
	}
}

// A viewer ends the session by F10 while it is shown that the connection is broken, and otherwise that key is the host's.
func TestF10EndsWhatIsBroken(t *testing.T) {
	m := newMirror()
	for name, press := range map[string]func(down bool){
		"keysym": func(down bool) { m.Key(keyF10, down) }, "code": func(down bool) { m.KeyCode(codeF10, 0, down) },
	} {
		for _, broken := range []bool{false, true} {
			m.broken.Store(broken)
			press(true)
			press(false)
			ends := len(m.stops) == 1
			if ends != broken {
				t.Errorf("%s, broken %v: it ends the session: %v", name, broken, ends)
			}
			if ends {
				<-m.stops
			}
		}
	}
	m.broken.Store(true)
	m.Key('a', true)
	m.Key(keyF10, false)
	if len(m.stops) > 0 {
		t.Error("another key ends the session")
	}
}

// Whatever a person reads of an error is one line without what moves a cursor.
func TestEventsAreOneLine(t *testing.T) {
	e := gatewayEvent(p2p.Reach{Err: p2p.ErrGateway, Failed: p2p.Failures{{Err: errors.New("strange\nthings")}}})
	if strings.Contains(e.Failed[0].Reason, "\n") {
		t.Errorf("%q", e.Failed[0].Reason)
	}
}
