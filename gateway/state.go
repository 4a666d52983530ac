package gateway

import (
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startFor is how long the embedded JetStream may take to open its files.
const startFor = 30 * time.Second

// state is the embedded JetStream: no listener, no signals, its files under the gateway's data.
type state struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream
}

func openState(data string) (*state, error) {
	s, err := server.NewServer(&server.Options{ServerName: "gateway", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: data /* it makes a folder jetstream */, JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 64 << 20,
		SyncAlways: true}) // a used code stays used when the power fails
	if err != nil {
		return nil, fmt.Errorf("open the gateway's state in %s: %w", data, err)
	}
	s.Start()
	st := &state{server: s}
	if !s.ReadyForConnections(startFor) || !s.JetStreamEnabled() {
		st.close()
		return nil, fmt.Errorf("the gateway's state in %s cannot be opened: see that the disk has space, that the files are "+
			"yours, and that no other gateway uses them", data)
	}
	if st.conn, err = nats.Connect("", nats.InProcessServer(s)); err == nil {
		st.js, err = jetstream.New(st.conn)
	}
	if err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (s *state) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	s.server.Shutdown()
	s.server.WaitForShutdown()
}
