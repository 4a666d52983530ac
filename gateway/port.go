package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/tcpreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"sixgate/p2p"
)

// port is the one port number of a gateway: over TCP for libp2p itself, for WebSocket and for the portal, told apart by the first
// three bytes, and over UDP for QUIC.
type port struct {
	at     netip.AddrPort
	tls    *tls.Config
	portal http.Handler
}

// transports are the port's, for a node that listens.
func (p port) transports(o p2p.NodeOptions) func(transport.Upgrader) ([]transport.Transport, error) {
	return func(up transport.Upgrader) ([]transport.Transport, error) {
		up = lasting{up}
		shared := tcpreuse.NewConnMgr(false, up) // else a second gateway could share the port, and take every other connection
		raw, err := tcp.NewTCPTransport(up, o.Resources, shared)
		if err != nil {
			return nil, err
		}
		sockets, err := websocket.New(up, o.Resources, shared, websocket.WithTLSConfig(p.tls), websocket.WithHTTPHandler(p.portal),
			websocket.WithHTTPServerConfig(func(s *http.Server) {
				s.ReadTimeout, s.WriteTimeout, s.MaxHeaderBytes = answerFor, answerFor, maxHeader
			}))
		if err != nil {
			return nil, err
		}
		quic, err := p2p.QUIC(o)
		if err != nil {
			return nil, err
		}
		return []transport.Transport{raw, sockets, quic}, nil
	}
}

// numbersTried is how many numbers are tried where none is given: one that TCP gets may be taken for UDP.
const numbersTried = 8

// listen opens the port: TCP first, which chooses the number where none is given, then UDP on the same number.
func (p port) listen(n *swarm.Swarm) error {
	for try := 1; ; try++ {
		err := p.open(n)
		if err == nil || p.at.Port() != 0 || try == numbersTried {
			return err
		}
		n.ListenClose(n.ListenAddresses()...)
	}
}

func (p port) open(n *swarm.Swarm) error {
	at, err := manet.FromNetAddr(net.TCPAddrFromAddrPort(p.at))
	if err != nil {
		return err
	}
	for _, a := range []multiaddr.Multiaddr{at, at.Encapsulate(ws), at.Encapsulate(wss)} {
		if err := n.AddListenAddr(a); err != nil {
			return fmt.Errorf("listen on TCP %v: %w", p.at, err)
		}
	}
	number, err := n.ListenAddresses()[0].ValueForProtocol(multiaddr.P_TCP)
	if err != nil {
		return err
	}
	udp, err := multiaddr.NewMultiaddr("/udp/" + number + "/quic-v1")
	if err != nil {
		return err
	}
	if err := n.AddListenAddr(at[:1].Encapsulate(udp)); err != nil {
		return fmt.Errorf("listen on UDP port %s: %w", number, err)
	}
	return nil
}

var (
	ws  = multiaddr.StringCast("/ws")
	wss = multiaddr.StringCast("/tls/ws")
)

// lasting makes listeners that outlive a want of file descriptors: tcpreuse closes the port at the first error.
type lasting struct{ transport.Upgrader }

func (l lasting) GateMaListener(m manet.Listener) transport.GatedMaListener {
	return l.Upgrader.GateMaListener(lastingListener{m})
}

type lastingListener struct{ manet.Listener }

// wantFor is how long the port rests when the machine or the process has no file descriptor left.
const wantFor = 50 * time.Millisecond

func (l lastingListener) Accept() (manet.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			time.Sleep(wantFor) // what waits in the kernel's queue is served later
			continue
		}
		return c, err
	}
}

// certificate is the one in the files, or one made for now. Hosts and bridges trust neither: they know the gateway by its peer id,
// inside. So only browsers, which open the portal, notice the difference.
func certificate(certFile, keyFile string) (*tls.Config, error) {
	if certFile != "" || keyFile != "" {
		c, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("%w: --tls-cert and --tls-key name a certificate and its key, both in PEM", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{c}}, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	made := x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "sixgate gateway"},
		NotBefore: now.AddDate(0, 0, -2), NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, &made, &made, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
