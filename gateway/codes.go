package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sixgate/p2p"
	"sixgate/session"
)

// Times of a code.
const (
	codeFor = 15 * time.Minute
	restFor = 24 * time.Hour // from its end until a code may be issued again
	holdFor = 30 * time.Second
)

// mostDraws is how often a code is drawn until none is free: never, with fewer than 10,000 live codes.
const mostDraws = 200

// Codes are the codes of all bridges. A bridge has at most one that lives.
//
// A code stays stored for a day after its end, so that it is not issued again; what makes it live is its expiry, not its
// being there. Two keys hold it: code.<code> says whose it is, bridge.<peer id> names the bridge's latest. The gateways of a
// cluster judge expiry by a clock each: one that is a minute fast takes codes for a minute less.
type Codes struct {
	store *store
	now   func() time.Time
	*lives
}

func newCodes(js jetstream.JetStream, o *others) *Codes {
	return &Codes{store: &store{js: js, apart: o.apart, opened: make(chan struct{})}, now: time.Now, lives: newLives()}
}

// record is what is stored of a code.
type record struct {
	Bridge  string    `json:"bridge"` // peer id
	Expires time.Time `json:"expires"`
	Held    bool      `json:"held,omitempty"` // not issued yet
	Dead    bool      `json:"dead,omitempty"` // used or cancelled
	rev     uint64
}

// taken reports whether no other code may be near this one, live whether it may be redeemed.
func (r record) taken(now time.Time) bool { return !r.Dead && now.Before(r.Expires) }
func (r record) live(now time.Time) bool  { return r.taken(now) && !r.Held }

// Issue makes a code for bridge. The one before dies.
func (c *Codes) Issue(ctx context.Context, bridge string) (code string, lives time.Duration, err error) {
	if err := c.Cancel(ctx, bridge); err != nil && !errors.Is(err, p2p.ErrNoCode) {
		return "", 0, err
	}
	for range mostDraws {
		code = draw()
		if trivial(code) {
			continue
		}
		err := c.claim(ctx, bridge, code)
		if errors.Is(err, errTaken) {
			continue
		}
		if err == nil {
			err = c.name(ctx, bridge, code)
		}
		return code, codeFor, err
	}
	return "", 0, fmt.Errorf("no code is free: %w", p2p.ErrBusy)
}

var errTaken = errors.New("this code or one near it is taken, or was less than a day ago")

// claim makes code the bridge's. Others may claim a neighbour at this moment, at this gateway or another. So the code is held first, and
// looked around after that: of two that hold neighbours, the later one at least sees the other.
func (c *Codes) claim(ctx context.Context, bridge, code string) error {
	held := record{Bridge: bridge, Expires: c.now().Add(holdFor), Held: true}
	var err error
	if held.rev, err = c.put(ctx, code, held, codeFor+restFor); errors.Is(err, errRevision) {
		return errTaken
	}
	if err != nil {
		return err
	}
	near, err := c.near(ctx, code)
	if err != nil {
		return err // what is held lets go by itself
	}
	if near {
		held.Dead = true
		if _, err := c.put(ctx, code, held, restFor); err != nil {
			return err
		}
		return errTaken
	}
	held.Held, held.Expires = false, c.now().Add(codeFor)
	if _, err := c.put(ctx, code, held, codeFor+restFor); err != nil {
		return err
	}
	c.begin(code, held.Expires)
	return nil
}

// near reports whether a typing error makes a taken code of code.
func (c *Codes) near(ctx context.Context, code string) (bool, error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var near bool
	var failed error
	for n := range neighbours(code) {
		all.Go(func() { // at once: each may be another gateway's to answer
			r, err := c.get(ctx, n)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && r.taken(c.now()) {
				near = true
			}
			if err != nil && !errors.Is(err, p2p.ErrNoCode) {
				failed = err
			}
		})
	}
	all.Wait()
	return near, failed
}

// Extend gives the bridge's waiting code its full life again.
func (c *Codes) Extend(ctx context.Context, bridge string) (code string, lives time.Duration, err error) {
	code, r, err := c.waiting(ctx, bridge)
	if err != nil {
		return "", 0, err
	}
	r.Expires = c.now().Add(codeFor)
	if err := c.update(ctx, code, r, codeFor+restFor); err != nil {
		return "", 0, err
	}
	c.begin(code, r.Expires)
	return code, codeFor, c.name(ctx, bridge, code)
}

// Cancel kills the bridge's waiting code.
func (c *Codes) Cancel(ctx context.Context, bridge string) error {
	code, r, err := c.waiting(ctx, bridge)
	if err != nil {
		return err
	}
	r.Dead = true
	return c.update(ctx, code, r, restFor)
}

// Waits reports whether bridge has a live code: ErrNoCode when it has none.
func (c *Codes) Waits(ctx context.Context, bridge string) error {
	_, _, err := c.waiting(ctx, bridge)
	return err
}

// Bridge returns the peer id of the bridge behind a live code.
func (c *Codes) Bridge(ctx context.Context, code string) (string, error) {
	r, err := c.get(ctx, code)
	if err != nil {
		return "", err
	}
	if !r.live(c.now()) {
		return "", p2p.ErrNoCode
	}
	return r.Bridge, nil
}

// Redeem returns the bridge behind a code, once: of several hosts racing for it, the revision lets one through. Absent,
// expired and used codes are all ErrNoCode: a guesser must not learn which.
func (c *Codes) Redeem(ctx context.Context, code string) (bridge string, err error) {
	r, err := c.get(ctx, code)
	if err != nil {
		return "", err
	}
	if !r.live(c.now()) {
		return "", p2p.ErrNoCode
	}
	r.Dead = true
	return r.Bridge, c.update(ctx, code, r, restFor)
}

// waiting finds the bridge's live code.
func (c *Codes) waiting(ctx context.Context, bridge string) (code string, r record, err error) {
	b, _, err := c.store.last(ctx, "bridge."+bridge)
	if err != nil {
		return "", record{}, err
	}
	code = string(b)
	r, err = c.get(ctx, code)
	if err == nil && !r.live(c.now()) {
		err = p2p.ErrNoCode
	}
	return code, r, err
}

func (c *Codes) get(ctx context.Context, code string) (r record, err error) {
	if digits, ok := session.ParseCode(code); !ok || digits != code {
		return record{}, p2p.ErrNoCode // a wildcard means any code to the store
	}
	b, rev, err := c.store.last(ctx, "code."+code)
	if err != nil {
		return record{}, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return record{}, fmt.Errorf("a stored code: %w", err)
	}
	r.rev, r.Dead = rev, r.Dead || c.over(code, r.Expires, c.now())
	return r, nil
}

// name writes down which code is the bridge's latest.
func (c *Codes) name(ctx context.Context, bridge, code string) error {
	_, err := c.store.put(ctx, "bridge."+bridge, []byte(code), codeFor+restFor)
	return err
}

// put replaces a code's record, if nobody has since it was read: errRevision.
func (c *Codes) put(ctx context.Context, code string, r record, ttl time.Duration) (rev uint64, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	return c.store.replace(ctx, "code."+code, b, r.rev, ttl)
}

// update is put for a code that was read: if it has changed since, it lives no more.
func (c *Codes) update(ctx context.Context, code string, r record, ttl time.Duration) error {
	_, err := c.put(ctx, code, r, ttl)
	if errors.Is(err, errRevision) {
		return p2p.ErrNoCode
	}
	return err
}
