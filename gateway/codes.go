package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sixgate/p2p"
)

// Times of a code.
const (
	codeFor = 15 * time.Minute
	restFor = 24 * time.Hour // from its end until a code may be issued again
)

const (
	bucketBytes = 64 << 20 // some 300,000 codes of one day
	mostDraws   = 200      // until no code is free: never, with fewer than 10,000 live codes
)

// Codes are the codes of all bridges, in JetStream. A bridge has at most one that lives.
//
// A code stays stored for a day after its end, so that it is not issued again; what makes it live is its expiry, not its
// being there. Two keys hold it: code.<code> says whose it is, bridge.<peer id> names the bridge's latest.
type Codes struct {
	js  jetstream.JetStream
	kv  jetstream.KeyValue
	now func() time.Time
	*lives

	issuing sync.Mutex // two neighbours must not be issued at once
}

// record is what is stored of a code.
type record struct {
	Bridge  string    `json:"bridge"` // peer id
	Expires time.Time `json:"expires"`
	Dead    bool      `json:"dead,omitempty"` // used or cancelled
	rev     uint64
}

func (r record) live(now time.Time) bool { return !r.Dead && now.Before(r.Expires) }

func openCodes(ctx context.Context, js jetstream.JetStream) (*Codes, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: "codes", Storage: jetstream.FileStorage, LimitMarkerTTL: time.Minute, MaxBytes: bucketBytes, MaxValueSize: 4096})
	if err != nil {
		return nil, fmt.Errorf("open the codes: %w", err)
	}
	return &Codes{js: js, kv: kv, now: time.Now, lives: newLives()}, nil
}

// Issue makes a code for bridge. The one before dies.
func (c *Codes) Issue(ctx context.Context, bridge string) (code string, lives time.Duration, err error) {
	c.issuing.Lock()
	defer c.issuing.Unlock()
	if err := c.Cancel(ctx, bridge); err != nil && !errors.Is(err, p2p.ErrNoCode) {
		return "", 0, err
	}
	for range mostDraws {
		code = draw()
		if trivial(code) {
			continue
		}
		if near, err := c.nearLive(ctx, code); err != nil {
			return "", 0, err
		} else if near {
			continue
		}
		r := record{Bridge: bridge, Expires: c.now().Add(codeFor)}
		err := c.create(ctx, "code."+code, r, codeFor+restFor)
		if errors.Is(err, jetstream.ErrKeyExists) { // issued less than a day ago
			continue
		}
		if err == nil {
			c.begin(code, r.Expires)
			err = c.name(ctx, bridge, code)
		}
		return code, codeFor, err
	}
	return "", 0, fmt.Errorf("no code is free: %w", p2p.ErrBusy)
}

// nearLive reports whether a typing error makes a live code of code.
func (c *Codes) nearLive(ctx context.Context, code string) (bool, error) {
	for near := range neighbours(code) {
		r, err := c.get(ctx, near)
		if err == nil && r.live(c.now()) {
			return true, nil
		}
		if err != nil && !errors.Is(err, p2p.ErrNoCode) {
			return false, err
		}
	}
	return false, nil
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

// Waits reports whether bridge has a live code.
func (c *Codes) Waits(ctx context.Context, bridge string) bool {
	_, _, err := c.waiting(ctx, bridge)
	return err == nil
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
	e, err := c.kv.Get(ctx, "bridge."+bridge)
	if err != nil {
		return "", record{}, codeError(err)
	}
	code = string(e.Value())
	r, err = c.get(ctx, code)
	if err == nil && !r.live(c.now()) {
		err = p2p.ErrNoCode
	}
	return code, r, err
}

func (c *Codes) get(ctx context.Context, code string) (r record, err error) {
	e, err := c.kv.Get(ctx, "code."+code)
	if err != nil {
		return record{}, codeError(err)
	}
	if err := json.Unmarshal(e.Value(), &r); err != nil {
		return record{}, fmt.Errorf("a stored code: %w", err)
	}
	r.rev, r.Dead = e.Revision(), r.Dead || c.over(code, r.Expires, c.now())
	return r, nil
}

// name writes down which code is the bridge's latest.
func (c *Codes) name(ctx context.Context, bridge, code string) error {
	return c.put(ctx, "bridge."+bridge, []byte(code), codeFor+restFor)
}

func (c *Codes) create(ctx context.Context, key string, r record, ttl time.Duration) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = c.kv.Create(ctx, key, b, jetstream.KeyTTL(ttl))
	return err
}

// update replaces a code's record, if nobody has since it was read.
func (c *Codes) update(ctx context.Context, code string, r record, ttl time.Duration) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return codeError(c.put(ctx, "code."+code, b, ttl, jetstream.WithExpectLastSequencePerSubject(r.rev)))
}

// put writes a key that vanishes after ttl. (KeyValue's own Put and Update make it permanent.)
func (c *Codes) put(ctx context.Context, key string, value []byte, ttl time.Duration, o ...jetstream.PublishOpt) error {
	_, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: "$KV.codes." + key, Data: value}, append(o, jetstream.WithMsgTTL(ttl))...)
	return err
}

// codeError makes ErrNoCode of whatever means that a code is not there, or not any more.
func codeError(err error) error {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return p2p.ErrNoCode
	}
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return p2p.ErrNoCode
	}
	return err
}
