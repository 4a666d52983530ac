//go:build linux

package gateway

import (
	"encoding/json"
	"syscall"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

// Of three gateways the one that leads is killed: what waits stays, and what is new comes, if some seconds late. Then another closes. The
// one that is left hands out no codes, and says why, and sessions that come to it go on. When one is back, all is well.
func TestGatewaysDie(t *testing.T) {
	t.Parallel()
	options := clustered(t, 3)
	third := startApart(t, options[2])
	a, b := start(t, options[0]), start(t, options[1])
	together(t, 3, a, b)
	_, key := operatorOf(t, b, "Ada")
	known(t, key, true, a)
	bridge, _ := node(t, a, key)
	welcoming(t, bridge)
	waiting := openCode(t, bridge, a)

	lead(t, a, third.address)
	syscall.Kill(third.pid, syscall.SIGKILL)
	taken(t, b, waiting)
	waiting = openCode(t, bridge, a)
	taken(t, b, waiting)

	waiting = openCode(t, bridge, a)
	b.Close()
	eventually(t, "the others are missed", a.others.apart)
	var answer message.CodeAnswer
	ask(t, bridge, a.node.ID(), p2p.CodeProtocol, &message.CodeRequest{Verb: message.CodeRequest_OPEN}, &answer)
	if answer.Status != message.Status_APART {
		t.Errorf("a new code: %v", answer.Status)
	}
	kitchen, _ := stranger(t, a)
	for range wrongAddress + 1 { // which do not count: nobody has looked at it
		if m := redeem(t, kitchen, a, waiting); m.Status != message.Status_APART {
			t.Errorf("the code that waits: %v", m.Status)
		}
	}
	if !a.AllowReserve(bridge.ID(), nil) {
		t.Error("the bridge whose code waits loses its place")
	}
	var named message.HostsAnswer
	ask(t, bridge, a.node.ID(), p2p.HostsProtocol, &message.Hosts{Hosts: [][]byte{[]byte(kitchen.ID())}}, &named)
	if named.Status != message.Status_OK || !a.AllowConnect(kitchen.ID(), nil, bridge.ID()) {
		t.Errorf("a session that comes from the gateway that died: %v", named.Status)
	}

	a.Close()
	a, b = start(t, options[0]), start(t, options[1])
	together(t, 2, a, b)
	if err := bridge.Connect(t.Context(), infoOf(t, a)); err != nil {
		t.Fatal(err)
	}
	taken(t, b, waiting)
}

// lead has the gateway at an address lead the codes.
func lead(t *testing.T, by *Gateway, address string) {
	t.Helper()
	at, err := peer.AddrInfoFromString(address)
	if err != nil {
		t.Fatal(err)
	}
	wish, err := json.Marshal(map[string]any{"placement": map[string]string{"preferred": at.ID.String()}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the gateway leads", func() bool {
		by.state.conn.Request("$JS.API.STREAM.LEADER.STEPDOWN."+storeName, wish, askAgain)
		info, err := by.codes.store.stream.Info(t.Context())
		return err == nil && info.Cluster.Leader == at.ID.String()
	})
}

// taken has a host redeem a code at a gateway, again and again while that cannot.
func taken(t *testing.T, g *Gateway, code string) {
	t.Helper()
	eventually(t, "the code is taken", func() bool {
		kitchen, _ := stranger(t, g)
		defer kitchen.Close()
		m := redeem(t, kitchen, g, code)
		if m.Status != message.Status_OK && m.Status != message.Status_BUSY {
			t.Fatal(m.Status)
		}
		return m.Status == message.Status_OK
	})
}
