package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startFor is how long the embedded JetStream may take to open its files.
const startFor = 30 * time.Second

// state is the embedded JetStream: no listener for clients, no signals, its files under the gateway's data.
type state struct {
	server *server.Server
	conn   *nats.Conn
	js     jetstream.JetStream

	door    *door // nil: there is no cluster
	stop    context.CancelFunc
	running sync.WaitGroup
}

// openState opens the JetStream of a gateway that is alone.
func openState(data string) (*state, error) {
	st, err := startServer(data, server.Options{ServerName: "gateway", DontListen: true, StoreDir: data /* it makes a folder jetstream */})
	if err != nil {
		return nil, err
	}
	if !st.server.ReadyForConnections(startFor) {
		st.close()
		return nil, errState(data)
	}
	return st, st.connect()
}

// openShare opens a gateway's share of its cluster's JetStream, and the cluster's port. The others know it by name, which must
// stay the same; strange is called when somebody proves another secret.
func openShare(data, name string, c Cluster, secret []byte, strange func()) (*state, error) {
	secure, err := routeTLS(secret, c.Name, strange)
	if err != nil {
		return nil, err
	}
	var routes []*url.URL
	for _, r := range c.Routes {
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: r})
	}
	st, err := startServer(data, server.Options{ServerName: name, StoreDir: filepath.Join(data, "cluster"), Routes: routes,
		// This server opens its port for routes when the one for clients is settled. There is to be none: this one cannot be had.
		Host: "127.0.0.1", Port: 1 << 16,
		Cluster: server.ClusterOpts{Name: c.Name, Host: "127.0.0.1", Port: server.RANDOM_PORT, TLSConfig: secure,
			TLSTimeout: enterFor.Seconds(), PoolSize: -1, NoAdvertise: true, PingInterval: pingEvery, MaxPingsOut: 2}})
	if err != nil {
		return nil, err
	}
	if err = st.openDoor(c.Listen); err == nil {
		err = st.connect()
	}
	if err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

// pingEvery is how often a gateway asks another whether it is there: twice unanswered, it is not.
const pingEvery = 2 * time.Second

func startServer(data string, o server.Options) (*state, error) {
	o.NoSigs, o.NoLog = true, true
	o.JetStream, o.JetStreamMaxStore, o.JetStreamMaxMemory = true, 1<<30, 64<<20
	o.SyncAlways = true // a used code stays used when the power fails
	s, err := server.NewServer(&o)
	if err != nil {
		return nil, fmt.Errorf("open the gateway's state in %s: %w", data, err)
	}
	s.Start()
	if !s.JetStreamEnabled() {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, errState(data)
	}
	return &state{server: s, stop: func() {}}, nil
}

func errState(data string) error {
	return fmt.Errorf("the gateway's state in %s cannot be opened: see that the disk has space, that the files are "+
		"yours, and that no other gateway uses them", data)
}

func (s *state) connect() (err error) {
	if s.conn, err = nats.Connect("", nats.InProcessServer(s.server), nats.NoEcho(), nats.MaxReconnects(-1)); err == nil {
		s.js, err = jetstream.New(s.conn)
	}
	return err
}

// openDoor opens the cluster's port before the server's own for routes, which opens soon after its start.
func (s *state) openDoor(at string) error {
	late, look := time.NewTimer(startFor), time.NewTicker(time.Millisecond)
	defer late.Stop()
	defer look.Stop()
	for s.server.ClusterAddr() == nil {
		select {
		case <-look.C:
		case <-late.C:
			return errors.New("JetStream opens no port for the other gateways on loopback")
		}
	}
	var err error
	s.door, err = openDoor(at, net.JoinHostPort("127.0.0.1", fmt.Sprint(s.server.ClusterAddr().Port)))
	if err != nil {
		return fmt.Errorf("%w: choose another address for the other gateways with --cluster-listen", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.running.Go(func() { s.door.serve(ctx) })
	return nil
}

// close hands what this server leads to the others before their way to it is closed.
func (s *state) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	s.server.Shutdown()
	s.server.WaitForShutdown()
	s.stop()
	s.running.Wait()
}
