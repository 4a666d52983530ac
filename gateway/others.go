package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/nats-io/nats.go"

	"sixgate/p2p"
	"sixgate/p2p/message"
)

const (
	heardFor     = 5 * time.Second // a gateway is thought to be there after its hello
	foundFor     = time.Second     // in which the others say whether they have a bridge
	introduceFor = 6 * time.Second
)

// What gateways say to each other, over JetStream's routes: JSON, as what they store.
const (
	helloTo  = "gateways.hello"
	rosterTo = "gateways.roster"
	tryTo    = "gateways.try"
	findTo   = "gateways.find"
	guestTo  = "gateways.guest." // and the peer id of the gateway that the bridge is at
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
	nats *nats.Conn
	size int // of the cluster, with this gateway

	mu    sync.Mutex
	heard map[string]member // by peer id
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
		if time.Since(m.at) < heardFor {
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
	o.heard[h.Gateway] = member{h.Addresses, time.Now()}
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
