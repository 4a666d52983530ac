package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

const (
	helloEvery  = time.Second
	startHellos = 5   // until who is not there is missed
	mostGuests  = 256 // hosts from other gateways that are introduced at a time
)

// converse has the gateway speak with the others until serving ends.
func (g *Gateway) converse(serving context.Context) error {
	if g.others == nil {
		return nil
	}
	guests := make(chan struct{}, mostGuests)
	for subject, heard := range map[string]func(*nats.Msg){
		helloTo:  func(m *nats.Msg) { hearAs(m, g.hearHello) },
		rosterTo: func(m *nats.Msg) { hearAs(m, g.hearRoster) },
		tryTo:    func(m *nats.Msg) { hearAs(m, g.limits.hear) },
		findTo:   g.hearFind,
		guestTo + g.node.ID().String(): func(m *nats.Msg) {
			select {
			case guests <- struct{}{}:
				g.running.Go(func() {
					defer func() { <-guests }()
					hearAs(m, func(w guest) { g.welcome(serving, w, m) })
				})
			default: // the host is told that nobody answers
			}
		},
	} {
		from, err := g.state.conn.SubscribeSync(subject)
		if err != nil {
			return err
		}
		g.running.Go(func() { hear(serving, from, heard) })
	}
	g.metrics.all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sixgate_gateways",
		Help: "Gateways of the cluster that are there, with this one."}, func() float64 { return float64(1 + g.others.there()) }))
	g.running.Go(func() { g.greet(serving) })
	return nil
}

// hear hands on what others say until ctx ends.
func hear(ctx context.Context, from *nats.Subscription, heard func(*nats.Msg)) {
	for {
		m, err := from.NextMsgWithContext(ctx)
		if err == nil {
			heard(m)
		} else if !errors.Is(err, nats.ErrSlowConsumer) { // something was dropped: it goes on
			return
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

// greet tells the others again and again that this gateway is there, and the log who is missing.
func (g *Gateway) greet(ctx context.Context) {
	again := time.NewTicker(helloEvery)
	defer again.Stop()
	there := 0
	for n := 1; ; n++ {
		_, digest := g.roster.read()
		g.others.tell(helloTo, hello{Gateway: g.node.ID().String(), Addresses: g.outward(), Roster: digest})
		if now := 1 + g.others.there(); now != there && (n >= startHellos || now == g.others.size) {
			there = now
			g.logThere(there)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			g.others.tell(helloTo, hello{Gateway: g.node.ID().String(), Goes: true})
			return
		}
	}
}

func (g *Gateway) logThere(there int) {
	log := g.log.With("there", there, "of", g.others.size)
	switch {
	case there >= g.others.size:
		log.Info("all gateways of the cluster are there")
	case g.others.apart():
		log.Warn("too few gateways of the cluster are there: sessions go on, but no code can be made or used")
	default:
		log.Warn("a gateway of the cluster is missing")
	}
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

// hearFind says whether a bridge is here.
func (g *Gateway) hearFind(m *nats.Msg) {
	bridge, err := peer.Decode(string(m.Data))
	if err != nil {
		return
	}
	if b, err := json.Marshal(g.has(bridge)); err == nil {
		m.Respond(b)
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
