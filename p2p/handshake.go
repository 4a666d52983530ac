package p2p

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/protobuf/proto"

	"sixgate/p2p/message"
	"sixgate/session"
)

// stepFor is how long the other end may take for each step of the handshake, and for the head of a channel.
const stepFor = 10 * time.Second

// party is one end of a handshake: what it says of itself, and what its connection and the gateway told it.
type party struct {
	self         Hello
	host, bridge string // peer ids, as the connection authenticated them
	code         string
}

// met is what a handshake yields.
type met struct {
	peer   Hello
	digits string
	key    session.Key // of the session's channels
}

// asHost is the host's half of the handshake. Whatever goes wrong, it returns within stepFor of the bridge's last step.
func (p party) asHost(s net.Conn) (met, error) {
	if err := say(s, p.self.message()); err != nil {
		return met{}, err
	}
	var hello message.Hello
	if err := hear(s, &hello); err != nil {
		return met{}, err
	}
	bridge, err := parseHello(&hello)
	if err != nil {
		return met{}, err
	}
	var commit message.Commit
	if err := hear(s, &commit); err != nil {
		return met{}, err
	}
	var commitment session.Commitment
	if err := fill(commitment[:], commit.Commitment); err != nil {
		return met{}, err
	}

	nonce := session.NewNonce() // only now that the bridge is bound to its own
	if err := say(s, &message.Nonce{Nonce: nonce[:]}); err != nil {
		return met{}, err
	}
	var reveal message.Nonce
	if err := hear(s, &reveal); err != nil {
		return met{}, err
	}
	var revealed session.Nonce
	if err := fill(revealed[:], reveal.Nonce); err != nil {
		return met{}, err
	}
	said := transcript(p.self, bridge)
	if !commitment.Opens(revealed, said) {
		return met{}, session.Tampered
	}
	return p.met(bridge, nonce, revealed, said), nil
}

// asBridge is the bridge's half. It sees the host's nonce when its own can no longer change.
func (p party) asBridge(s net.Conn) (met, error) {
	var hello message.Hello
	if err := hear(s, &hello); err != nil {
		return met{}, err
	}
	host, err := parseHello(&hello)
	if errors.Is(err, ErrVersion) {
		say(s, p.self.message()) // so that the other end can tell its user
	}
	if err != nil {
		return met{}, err
	}
	nonce, said := session.NewNonce(), transcript(host, p.self)
	commitment := session.Commit(nonce, said)
	if err := say(s, p.self.message(), &message.Commit{Commitment: commitment[:]}); err != nil {
		return met{}, err
	}
	var theirs message.Nonce
	if err := hear(s, &theirs); err != nil {
		return met{}, err
	}
	var drawn session.Nonce
	if err := fill(drawn[:], theirs.Nonce); err != nil {
		return met{}, err
	}
	if err := say(s, &message.Nonce{Nonce: nonce[:]}); err != nil {
		return met{}, err
	}
	return p.met(host, drawn, nonce, said), nil
}

// met derives what both ends know now, from the other's hello, both nonces and all that was said before.
func (p party) met(peer Hello, host, bridge session.Nonce, said []byte) met {
	b := session.Binding{Host: p.host, Bridge: p.bridge, HostNonce: host, BridgeNonce: bridge, Transcript: said, Code: p.code}
	return met{peer, b.Digits(), b.Key()}
}

// transcript is what both ends said before the commitment. A field that cannot be mistaken for its neighbour comes with
// its length.
func transcript(host, bridge Hello) []byte {
	b := []byte{Version}
	for _, h := range []Hello{host, bridge} {
		for _, s := range []string{h.Name, h.Organisation, h.Purpose, h.System} {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
		}
		b = append(b, byte(h.Mode))
	}
	return b
}

// say and hear are one step each.
func say(s net.Conn, messages ...proto.Message) error {
	s.SetDeadline(time.Now().Add(stepFor))
	return handshakeError(message.Write(s, messages...))
}

func hear(s net.Conn, m proto.Message) error {
	s.SetDeadline(time.Now().Add(stepFor))
	return handshakeError(message.Read(s, m))
}

// fill copies src to dst when it has exactly that length.
func fill(dst, src []byte) error {
	if len(src) != len(dst) {
		return handshakeError(fmt.Errorf("%d bytes where %d belong", len(src), len(dst)))
	}
	copy(dst, src)
	return nil
}

func handshakeError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w (%w)", ErrHandshake, err)
}
