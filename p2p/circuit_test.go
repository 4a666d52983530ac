package p2p

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	pbv2 "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/pb"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/util"
)

// relayStream is a relay's stream: what it answers, and what it was sent, write by write.
type relayStream struct {
	network.Stream
	io.Reader
	sent []string
}

func (r *relayStream) Read(b []byte) (int, error) { return r.Reader.Read(b) }

func (r *relayStream) Write(b []byte) (int, error) {
	r.sent = append(r.sent, string(b))
	return len(b), nil
}

// answerOf is what a relay says that has made a circuit or not.
func answerOf(t testing.TB, status pbv2.Status) []byte {
	var b bytes.Buffer
	m := &pbv2.HopMessage{Type: pbv2.HopMessage_STATUS.Enum(), Status: status.Enum()}
	if err := util.NewDelimitedWriter(&b).WriteMsg(m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// negotiate is what the library does before it begins with Noise.
func negotiate(t testing.TB, c *circuit) {
	t.Helper()
	said := make([]byte, len(agreed))
	if _, err := c.Write(agreed); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, said); err != nil || !bytes.Equal(said, agreed) {
		t.Fatal(said, err)
	}
}

// Nothing leaves before Noise's first message, and that with all before it.
func TestCircuitIsOneFlight(t *testing.T) {
	if want := "\x13/multistream/1.0.0\n\x07/noise\n"; string(agreed) != want {
		t.Fatalf("%q", agreed)
	}
	answer := append(slices.Concat(answerOf(t, pbv2.Status_OK), agreed), "two"...)
	r := &relayStream{Reader: bytes.NewReader(answer)}
	c := &circuit{Stream: r, promised: agreed}
	c.unsaid.WriteString("connect")
	negotiate(t, c)
	if len(r.sent) > 0 {
		t.Errorf("sent ahead: %q", r.sent)
	}
	for _, m := range []string{"one", "three"} {
		if n, err := c.Write([]byte(m)); n != len(m) || err != nil {
			t.Error(n, err)
		}
	}
	if want := []string{"connect" + string(agreed) + "one", "three"}; !slices.Equal(r.sent, want) {
		t.Errorf("sent %q, want %q", r.sent, want)
	}
	if got, err := io.ReadAll(c); string(got) != "two" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

// A relay or a bridge that answers anything else, cut at every byte or with any byte another, is no circuit.
func TestCircuitWithOtherAnswers(t *testing.T) {
	refused := func(answer []byte, why string) {
		t.Helper()
		c := &circuit{Stream: &relayStream{Reader: bytes.NewReader(append(answer, "noise"...))}, promised: agreed}
		negotiate(t, c)
		if got, err := io.ReadAll(c); err == nil || len(got) > 0 {
			t.Errorf("%s: read %q, %v", why, got, err)
		}
	}
	good := slices.Concat(answerOf(t, pbv2.Status_OK), agreed)
	for i := range good {
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[i] ^= 1 << bit
			refused(bad, "another byte")
		}
		refused(slices.Clone(good[:i]), "cut short")
	}
	refused(append(answerOf(t, pbv2.Status_PERMISSION_DENIED), agreed...), "refused")
	refused([]byte{0xff, 0xff, 0x7f}, "endless")
}
