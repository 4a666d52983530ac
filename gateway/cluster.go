package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/nats-io/nats.go"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

// Cluster says which gateways are one with this one. Codes and operators are the same at all, and a host finds its bridge wherever
// either is connected. Of three gateways any one may die, of two neither: without the other there are no codes. What sessions need is
// not shared, so they go on at any gateway that is left.
type Cluster struct {
	Name   string   // the same at all
	Listen string   // address:port where the others come in
	Routes []string // host:port of where each of the others has that
}

func (c Cluster) check() error {
	if c.Name == "" || strings.ContainsAny(c.Name, " \t:/") {
		return fmt.Errorf("the cluster's name cannot be %q: --cluster wants a name and where the other gateways are, as in "+
			"helpdesk,10.0.0.2:4444,10.0.0.3:4444", c.Name)
	}
	if _, err := netip.ParseAddrPort(c.Listen); err != nil {
		return fmt.Errorf("listen for other gateways on %q: %w; --cluster-listen must be an address and a port, as in 0.0.0.0:4444", c.Listen, err)
	}
	if len(c.Routes) == 0 || len(c.Routes) >= mostGateways {
		return fmt.Errorf("a cluster has 2 to %d gateways: name the others' addresses and ports after --cluster %s, with commas", mostGateways, c.Name)
	}
	for i, r := range c.Routes {
		if host, port, err := net.SplitHostPort(r); err != nil || host == "" || port == "" || slices.Contains(c.Routes[:i], r) {
			return fmt.Errorf("%q is no other gateway of the cluster: name each once, by address and port, as in 10.0.0.2:4444", r)
		}
	}
	return nil
}

const (
	mostGateways  = 7               // of a cluster
	mostAddresses = 16              // of all gateways together, that a host or a bridge takes
	helloEvery    = time.Second     // each gateway is heard
	heardFor      = 5 * time.Second // and thought to be there
	foundFor      = time.Second     // in which the others say whether they have a bridge
	introduceFor  = 6 * time.Second
	warnEvery     = 60  // seconds, of what strangers can cause
	mostGuests    = 256 // hosts from other gateways that are introduced at a time
)

// What gateways say to each other, over JetStream's routes: JSON, as what they store.
const (
	toAll    = "gateways."
	helloTo  = toAll + "hello"
	rosterTo = toAll + "roster"
	tryTo    = toAll + "try"
	findTo   = toAll + "find"
	guestTo  = toAll + "introduce." // and the peer id of the gateway that is to
)

// hello is what each gateway says of itself again and again.
type hello struct {
	Gateway   string   `json:"gateway"` // its peer id
	Addresses []string `json:"addresses"`
	Roster    string   `json:"roster"` // digest of the operators it knows
	Goes      bool     `json:"goes,omitempty"`
}

// found is a gateway's answer to who has a bridge.
type found struct {
	Gateway string        `json:"gateway,omitempty"` // "": not this one
	Since   time.Duration `json:"since,omitempty"`   // the bridge came
}

// guest is a host that has typed a code at another gateway than the bridge's.
type guest struct {
	Host   peer.ID `json:"host"`
	Bridge peer.ID `json:"bridge"`
	Code   string  `json:"code"`
}

// others are the other gateways of the cluster.
type others struct {
	nats  *nats.Conn
	size  int // of the cluster, with this gateway
	now   func() time.Time
	heard map[string]member // by peer id
	mu    sync.Mutex
}

type member struct {
	addresses []string
	at        time.Time // when it was heard
}

// there are how many other gateways are heard; none of nobody.
func (o *others) there() (n int) {
	if o == nil {
		return 0
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.heard {
		if o.now().Sub(m.at) < heardFor {
			n++
		}
	}
	return n
}

// apart reports whether half of the cluster or more is not heard: then it cannot agree on anything here.
func (o *others) apart() bool { return o != nil && 2*(1+o.there()) <= o.size }

// hear takes a hello, and reports whether it says anything new. Of a gateway that was replaced the older address is forgotten.
func (o *others) hear(h hello) (news bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, known := o.heard[h.Gateway]
	if h.Goes {
		o.heard[h.Gateway] = member{addresses: before.addresses}
		return false
	}
	o.heard[h.Gateway] = member{h.Addresses, o.now()}
	for len(o.heard) >= o.size {
		oldest := h.Gateway
		for id, m := range o.heard {
			if m.at.Before(o.heard[oldest].at) {
				oldest = id
			}
		}
		delete(o.heard, oldest)
	}
	return !known || !slices.Equal(before.addresses, h.Addresses)
}

// with adds the others' addresses to own ones, as many of each as a profile has room for.
func (o *others) with(own []string) []string {
	if o == nil {
		return own
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	share := mostAddresses / o.size
	all := own[:min(len(own), mostAddresses-share*len(o.heard))]
	for _, m := range o.heard {
		all = append(all[:len(all):len(all)], m.addresses[:min(len(m.addresses), share)]...)
	}
	return all
}

// tell tells all others something.
func (o *others) tell(subject string, what any) {
	if o == nil {
		return
	}
	if b, err := json.Marshal(what); err == nil {
		o.nats.Publish(subject, b) // who is not there hears of it by a hello
	}
}

// find returns the gateway that a bridge came to last, "" if none has it. here is what this one knows.
func (o *others) find(ctx context.Context, bridge peer.ID, here found) (gateway string) {
	if o == nil {
		return here.Gateway
	}
	last := here
	for b := range o.ask(ctx, findTo, []byte(bridge.String()), o.there()) {
		var f found
		if json.Unmarshal(b, &f) == nil && f.Gateway != "" && (last.Gateway == "" || f.Since < last.Since) {
			last = f
		}
	}
	return last.Gateway
}

// introduce has another gateway do it.
func (o *others) introduce(ctx context.Context, gateway string, g guest) (*message.Meeting, error) {
	ctx, cancel := context.WithTimeout(ctx, introduceFor)
	defer cancel()
	met := new(message.Meeting)
	question, err := json.Marshal(g)
	if err != nil {
		return met, err
	}
	answer, err := o.nats.RequestWithContext(ctx, guestTo+gateway, question)
	if err == nil {
		err = message.Read(bytes.NewReader(answer.Data), met)
	}
	if err != nil {
		return new(message.Meeting), fmt.Errorf("gateway %s: %w (%w)", gateway, p2p.ErrBridgeGone, err)
	}
	return met, p2p.StatusError(met.Status)
}

// ask calls each with what others answer, until n have or foundFor is over.
func (o *others) ask(ctx context.Context, subject string, question []byte, n int) func(each func([]byte) bool) {
	return func(each func([]byte) bool) {
		ctx, cancel := context.WithTimeout(ctx, foundFor)
		defer cancel()
		inbox := o.nats.NewInbox()
		answers, err := o.nats.SubscribeSync(inbox)
		if err != nil {
			return
		}
		defer answers.Unsubscribe()
		if o.nats.PublishRequest(subject, inbox, question) != nil {
			return
		}
		for range n {
			m, err := answers.NextMsgWithContext(ctx)
			if err != nil || !each(m.Data) {
				return
			}
		}
	}
}

// joinOthers makes this gateway one of the cluster's. What reaches the others needs converse, too.
func (g *Gateway) joinOthers(c Cluster) error {
	secret, made, err := loadSecret(g.data)
	if err != nil {
		return err
	}
	if made {
		g.log.Warn("a secret was made for the cluster: copy this file to the data directory of every other gateway before it starts",
			"file", secretFile(g.data))
	}
	var warned atomic.Int64
	g.state, err = openShare(g.data, g.node.ID().String(), c, secret, func() {
		now := time.Now().Unix()
		if last := warned.Load(); now-last >= warnEvery && warned.CompareAndSwap(last, now) {
			g.log.Warn("a gateway with another secret, or another name for the cluster, wants to be one with this one: copy the file from "+
				"one gateway to all others, and start them again", "file", secretFile(g.data))
		}
	})
	if err != nil {
		return err
	}
	g.others = &others{nats: g.state.conn, size: 1 + len(c.Routes), now: time.Now, heard: remembered(g.data, g.node.ID().String())}
	return nil
}

// converse has the gateway speak with the others until serving ends.
func (g *Gateway) converse(serving context.Context) error {
	if g.others == nil {
		return nil
	}
	heard, err := g.state.conn.SubscribeSync(toAll + ">")
	if err != nil {
		return err
	}
	g.running.Go(func() { g.hearOthers(serving, heard) })
	g.running.Go(func() { g.greet(serving) })
	return nil
}

// greet tells the others again and again that this gateway is there, and says in the log when a cluster can work and when it cannot.
func (g *Gateway) greet(ctx context.Context) {
	again := time.NewTicker(helloEvery)
	defer again.Stop()
	var apart bool
	for first := true; ; first = false {
		_, digest := g.roster.read()
		g.others.tell(helloTo, hello{Gateway: g.node.ID().String(), Addresses: g.outward(), Roster: digest})
		if now := g.others.apart(); now != apart || first {
			if apart = now; apart {
				g.log.Warn("too few gateways of the cluster are heard: sessions go on, but there are no codes", "heard", g.others.there(), "size", g.others.size)
			} else {
				g.log.Info("the cluster is together", "heard", g.others.there(), "size", g.others.size)
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			g.others.tell(helloTo, hello{Gateway: g.node.ID().String(), Goes: true})
			return
		}
	}
}

// hearOthers answers the others until ctx ends.
func (g *Gateway) hearOthers(ctx context.Context, heard *nats.Subscription) {
	guests := make(chan struct{}, mostGuests)
	for {
		m, err := heard.NextMsgWithContext(ctx)
		if errors.Is(err, nats.ErrSlowConsumer) {
			continue
		}
		if err != nil {
			return
		}
		switch m.Subject {
		case helloTo:
			hearAs(m, g.hearHello)
		case rosterTo:
			hearAs(m, g.hearRoster)
		case tryTo:
			hearAs(m, g.limits.hear)
		case findTo:
			bridge, err := peer.Decode(string(m.Data))
			if err != nil {
				continue
			}
			if b, err := json.Marshal(g.has(bridge)); err == nil {
				m.Respond(b)
			}
		case guestTo + g.node.ID().String():
			select {
			case guests <- struct{}{}:
				g.running.Go(func() {
					defer func() { <-guests }()
					hearAs(m, func(w guest) { g.welcome(ctx, w, m) })
				})
			default: // the other gateway's host is told that nobody answers
			}
		}
	}
}

// hearAs takes a message for what its subject says it is.
func hearAs[T any](m *nats.Msg, take func(T)) {
	var v T
	if json.Unmarshal(m.Data, &v) == nil {
		take(v)
	}
}

// welcome introduces a host that has typed its code at another gateway.
func (g *Gateway) welcome(ctx context.Context, w guest, m *nats.Msg) {
	ctx, cancel := context.WithTimeout(ctx, introduceFor)
	defer cancel()
	met, a, err := g.introduce(ctx, w.Host, w.Bridge, w.Code)
	g.log.InfoContext(ctx, "introduced for another gateway", "host", w.Host, "bridge", w.Bridge, "err", err)
	met.Status, met.Gateways = p2p.Status(err), g.outward()
	var b bytes.Buffer
	if message.Write(&b, met) == nil {
		m.Respond(b.Bytes())
	}
	g.settle(ctx, a)
}

// hearHello hears of another gateway.
func (g *Gateway) hearHello(h hello) {
	if _, err := peer.Decode(h.Gateway); err != nil {
		return
	}
	if news := g.others.hear(h); h.Goes {
		return
	} else if news {
		g.log.Info("a gateway of the cluster", "gateway", h.Gateway, "addresses", h.Addresses)
		if err := g.writeAddresses(); err != nil {
			g.log.Error("the addresses for profiles are not written", "err", err)
		}
	}
	if all, digest := g.roster.read(); digest != h.Roster {
		for part := range slices.Chunk(all, rosterPart) {
			g.others.tell(rosterTo, part)
		}
	}
}

// outward are the addresses that others are told of: those on loopback only where there are no others.
func (g *Gateway) outward() []string {
	loopback := func(a string) bool { return manet.IsIPLoopback(multiaddr.StringCast(a)) }
	all := slices.DeleteFunc(slices.Clone(g.addresses), loopback)
	if len(all) == 0 {
		all = g.addresses
	}
	return all[:min(len(all), mostAddresses/2)]
}

// writeAddresses writes down what the profiles of operators call the gateway, and the others of its cluster.
func (g *Gateway) writeAddresses() error {
	return writeFile(addressFile(g.data), g.addresses)
}

// remembered are the other gateways that were heard before this one was started.
func remembered(data, self string) map[string]member {
	heard := make(map[string]member)
	addresses, _ := readAddresses(data) // at the first start there are none
	for _, a := range addresses {
		if info, err := peer.AddrInfoFromString(a); err == nil && info.ID.String() != self {
			id := info.ID.String()
			heard[id] = member{addresses: append(heard[id].addresses, a)}
		}
	}
	return heard
}
