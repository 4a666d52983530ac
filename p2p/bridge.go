package p2p

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"

	"sixgate/p2p/message"
	"sixgate/p2p/proxy"
	"sixgate/session"
)

// Times of a bridge.
const (
	arriveFor  = 60 * time.Second // from the redeemed code to the host's call
	pauseFirst = 2 * time.Second  // before a code after two calls that nobody consented to; then twice that …
	pauseMost  = 64 * time.Second
	settleFor  = 30 * time.Second // a shorter call is hasty, whatever the other end said in it
	hastyFree  = 8                // such calls before a code has to wait for them as well
)

var errLinkBroken = errors.New("the connection broke; retrying")

// BridgeOptions say who a bridge is.
type BridgeOptions struct {
	Profile Profile
	Proxies proxy.Settings
	Purpose string       // what the host's user is asked for: "fix your printer"
	Mode    session.Mode // what the session is to be for
	System  string       // the bridge's operating system
	Log     *slog.Logger // nil: silent
	// Reach is told when the gateway is reached, when it is lost (the bridge retries until it is closed), and of tries that fail in
	// another way than the one before. Direct is told why no direct connection came about, in words for people. Neither may block;
	// nil: nobody wants to know.
	Reach  func(Reach)
	Direct func(problem string)
}

// Code is a code that waits for its host.
type Code struct {
	Digits  string // six
	Expires time.Time
}

// check sees that a gateway's code is one: it is read out, shown and printed.
func (c Code) check() error {
	if digits, ok := session.ParseCode(c.Digits); !ok || digits != c.Digits {
		return fmt.Errorf("the gateway's code is not six digits: %w", ErrBusy)
	}
	return nil
}

// Bridge is the supporter's node. It keeps its connection to the gateway until Close.
type Bridge struct {
	*uplink
	self     Hello
	log      *slog.Logger
	directly func(problem string)

	lost      chan struct{} // the gateway's connection broke
	forgotten chan struct{} // capacity 1: the code that waited is dead
	accepted  chan accepted
	closing   chan struct{}
	stop      context.CancelFunc
	running   sync.WaitGroup
	calls     calls
	shunned   map[peer.ID]bool // gateways that turned the bridge away since one took it; the link's alone

	mu       sync.Mutex
	closed   bool
	code     Code // the one that waits; zero: none
	arrivals map[peer.ID]*arrival
	unasked  int       // calls in a row that ended before the user consented
	hasty    int       // calls that ended within settleFor, less those that did not
	pause    time.Time // no code before that
}

// arrival is a host that redeemed a code and has not called yet.
type arrival struct {
	code    string
	came    chan struct{}
	unmatch func()
}

type accepted struct {
	call *Call
	err  error
}

// DialBridge starts a node and connects it to the gateway. It returns ErrGateway when no gateway answers, and
// ErrNotAdmitted when the gateway does not know the profile. A code that an earlier run left waiting dies.
func DialBridge(ctx context.Context, o BridgeOptions) (*Bridge, error) {
	key, err := parseKey(o.Profile.Key)
	if err != nil {
		return nil, err
	}
	self := Hello{Name: o.Profile.Operator, Organisation: o.Profile.Organisation, Purpose: o.Purpose, System: o.System, Mode: o.Mode}
	if err := self.check(); err != nil {
		return nil, err
	}
	u, err := newUplink(key, o.Profile.Gateways, o.Proxies, asBridge)
	if err != nil {
		return nil, err
	}
	b := &Bridge{uplink: u, self: self, log: logOr(o.Log), directly: o.Direct,
		lost: make(chan struct{}, 1), forgotten: make(chan struct{}, 1), accepted: make(chan accepted), closing: make(chan struct{}),
		shunned: make(map[peer.ID]bool), arrivals: make(map[peer.ID]*arrival)}
	if b.directly == nil {
		b.directly = func(string) {}
	}
	u.reports.log, u.reports.tell = b.log, o.Reach
	u.node.SetStreamHandler(ArrivalProtocol, b.serveArrival)
	u.node.SetStreamHandler(sessionProtocol, b.serveSession)
	u.node.Network().Notify(&network.NotifyBundle{DisconnectedF: b.disconnected,
		ConnectedF: func(network.Network, network.Conn) { b.calls.poke() }})

	keep, stop := context.WithCancel(context.Background())
	b.stop = stop
	err = b.enter(ctx)
	if err != nil && !errors.Is(err, ErrNoCode) {
		b.Close()
		return nil, err
	}
	b.reached()
	b.running.Go(func() { b.keepLink(keep) })
	return b, nil
}

// enter connects to a gateway that knows the profile, and has codes.
func (b *Bridge) enter(ctx context.Context) error {
	for {
		err := b.begin(ctx, b.open())
		if err == nil {
			_, err = b.ask(ctx, message.CodeRequest_CANCEL)
		}
		if !errors.Is(err, ErrNotAdmitted) && !errors.Is(err, ErrApart) || !b.shun() {
			return err
		}
	}
}

// ask puts a question about the bridge's code to the gateway.
func (b *Bridge) ask(ctx context.Context, verb message.CodeRequest_Verb) (Code, error) {
	var a message.CodeAnswer
	if err := b.uplink.ask(ctx, CodeProtocol, &message.CodeRequest{Verb: verb}, &a); err != nil {
		return Code{}, err
	}
	if err := StatusError(a.Status); err != nil {
		return Code{}, err
	}
	return Code{Digits: a.Code, Expires: time.Now().Add(time.Duration(a.Seconds) * time.Second)}, nil
}

// NewCode asks the gateway for a code. The one before dies, if it has not been used.
//
// Somebody in the middle who may try again and again finds check digits that fit both ends. So each call in a row that
// ended before its user consented makes the next code wait: 0, 2, 4, 8 … and at most 64 seconds. That the user consented is
// only what the other end says, so after hastyFree calls that ended at once those count alike.
func (b *Bridge) NewCode(ctx context.Context) (Code, error) {
	if err := sleep(ctx, time.Until(b.CodeFrom())); err != nil {
		return Code{}, err
	}
	return b.renew(ctx, message.CodeRequest_OPEN)
}

// CodeFrom is until when NewCode waits.
func (b *Bridge) CodeFrom() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pause
}

// Extend sets the waiting code's life back to 15 minutes. It returns ErrNoCode when none waits.
func (b *Bridge) Extend(ctx context.Context) (Code, error) {
	return b.renew(ctx, message.CodeRequest_EXTEND)
}

// renew gets the code, and a place at the relay: that lives an hour, longer than any code.
func (b *Bridge) renew(ctx context.Context, verb message.CodeRequest_Verb) (Code, error) {
	code, err := b.ask(ctx, verb)
	if err == nil {
		err = code.check()
	}
	if err == nil {
		b.mu.Lock()
		b.code = code
		select {
		case <-b.forgotten: // the one before
		default:
		}
		b.mu.Unlock()
		err = b.reserve(ctx)
	}
	if err != nil {
		return Code{}, err
	}
	return code, nil
}

// reserve asks the gateway's relay for a place, which makes the bridge reachable through it.
func (b *Bridge) reserve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	at := b.here()
	_, err := client.Reserve(ctx, b.node, peer.AddrInfo{ID: at.id})
	return b.uplink.lost(err, at)
}

// Cancel kills the waiting code. It returns ErrNoCode when none waits.
func (b *Bridge) Cancel(ctx context.Context) error {
	b.mu.Lock()
	b.code = Code{}
	b.mu.Unlock()
	_, err := b.ask(ctx, message.CodeRequest_CANCEL)
	return err
}

// Accept returns the next host that redeemed a code, when the handshake with it is done. A host that redeemed a code and
// then did not arrive, stalled or spoke another version is an error: its code is dead, and the bridge goes on. ErrForgotten is one as
// well.
func (b *Bridge) Accept(ctx context.Context) (*Call, error) {
	select {
	case a := <-b.accepted:
		return a.call, a.err
	case <-b.forgotten:
		return nil, ErrForgotten
	case <-b.closing:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// deliver hands a call, or why there is none, to Accept.
func (b *Bridge) deliver(a accepted) {
	select {
	case b.accepted <- a:
	case <-b.closing:
	}
}

// serveArrival hears from the gateway who redeemed the code. A code brings one host, and lives no longer here than there.
func (b *Bridge) serveArrival(s network.Stream) {
	defer s.Close()
	s.SetDeadline(time.Now().Add(askFor))
	var m message.Arrival
	if s.Conn().RemotePeer() != b.here().id || message.Read(s, &m) != nil {
		s.Reset()
		return
	}
	host, err := peer.IDFromBytes(m.Host)
	if err != nil {
		s.Reset()
		return
	}
	err = b.expect(host, m.Code)
	b.log.Info("code redeemed", "host", host, "err", err)
	message.Write(s, &message.ArrivalAnswer{Status: Status(err)})
}

// expect lets host in, if code is the one that waits.
func (b *Bridge) expect(host peer.ID, code string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.code.Digits == "" || subtle.ConstantTimeCompare([]byte(code), []byte(b.code.Digits)) != 1 ||
		b.arrivals[host] != nil {
		return ErrNoCode
	}
	b.code = Code{}
	a := &arrival{code: code, came: make(chan struct{}), unmatch: b.gate.match(host)}
	b.arrivals[host] = a
	b.running.Go(func() {
		late := time.NewTimer(arriveFor)
		defer late.Stop()
		select {
		case <-a.came:
		case <-late.C:
			if b.forget(host, a) {
				a.unmatch()
				b.deliver(accepted{err: ErrHostGone})
			}
		case <-b.closing:
		}
	})
	return nil
}

// claim takes the arrival of host, once. The caller then counts as running.
func (b *Bridge) claim(host peer.ID) *arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.arrivals[host]
	if a == nil || b.closed {
		return nil
	}
	delete(b.arrivals, host)
	close(a.came)
	b.running.Add(1)
	return a
}

// forget gives an arrival up, if it has not been claimed.
func (b *Bridge) forget(host peer.ID, a *arrival) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.arrivals[host] != a {
		return false
	}
	delete(b.arrivals, host)
	return true
}

// serveSession takes the call of a host.
func (b *Bridge) serveSession(s network.Stream) {
	host := s.Conn().RemotePeer()
	a := b.claim(host)
	if a == nil {
		s.Reset()
		return
	}
	defer b.running.Done()
	p := party{self: b.self, host: host.String(), bridge: b.node.ID().String(), code: a.code}
	met, err := p.asBridge(streamConn{s})
	if err != nil {
		b.log.Warn("handshake", "host", host, "err", err)
		b.judge(false, 0)
		a.unmatch()
		s.Conn().Close()
		b.deliver(accepted{err: err})
		return
	}
	s.SetDeadline(time.Time{})
	c := newCall(met, line{local: peerAddr(p.bridge), remote: peerAddr(p.host),
		best: func() carrier { return bestOf(b.node.Network(), host) },
	}, b.log.With("host", host))
	began := time.Now()
	c.taken = b.reportPath
	c.ended = func() { b.judge(c.granted, time.Since(began)) }
	c.begin(s, conn{s.Conn()})
	if !b.calls.start(c, func() { b.leave(host, a.unmatch) }) {
		c.control.Fail(ErrClosed)
		return
	}
	b.running.Go(func() { b.improve(c, host) })
	b.deliver(accepted{call: c})
}

// improve makes a direct connection once the end user has allowed the session.
func (b *Bridge) improve(c *Call, host peer.ID) {
	select {
	case <-c.live:
	case <-c.done:
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	var trying sync.WaitGroup
	trying.Go(func() { b.direct(ctx, host) })
	<-c.done
	stop()
	trying.Wait()
}

// judge counts the calls in a row that ended before the user consented, and those that ended at once.
func (b *Bridge) judge(consented bool, lasted time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unasked++; consented {
		b.unasked = 0
	}
	if b.hasty++; consented && lasted >= settleFor {
		b.hasty = max(0, b.hasty-2)
	}
	if n := max(b.unasked, b.hasty-hastyFree); n > 1 {
		b.pause = time.Now().Add(min(pauseFirst<<min(n-2, 16), pauseMost))
	}
}

// disconnected wakes keepLink when the last connection to the gateway that is used is gone.
func (b *Bridge) disconnected(n network.Network, c network.Conn) {
	if at := b.here().id; c.RemotePeer() == at && n.Connectedness(at) != network.Connected {
		signal(b.lost)
	}
}

// Close ends every call with session.BySupporter, and waits until nothing of the node runs.
func (b *Bridge) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	b.mu.Unlock()
	if first {
		close(b.closing)
		b.stop()
	}
	b.calls.end(session.BySupporter)
	err := b.node.Close()
	b.running.Wait()
	b.reporting.Wait()
	return err
}

// sleep waits for d, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
