package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sixgate/p2p"
)

const (
	storeName    = "codes"
	storeBytes   = 64 << 20 // some 200,000 codes of one day
	mostReplicas = 3        // of which any one may be lost
)

// A question to the store is asked again after askAgain, until its context ends: the leader may have died, and another
// is elected within 5 to 8 s.
const askAgain = 1500 * time.Millisecond

// store is a stream of JetStream in which a key's latest message is its value. What it says is true for all gateways of a cluster: the
// stream's leader answers, because another replica may not have heard yet of a code that was issued or used a moment ago.
type store struct {
	js     jetstream.JetStream
	apart  func() bool      // too few gateways of the cluster are heard for one to lead
	opened chan struct{}    // closed when there is
	stream jetstream.Stream // this
}

// open makes the stream, with so many replicas if there are not more already.
func (s *store) open(ctx context.Context, replicas int) error {
	replicas = min(replicas, mostReplicas)
	if there, err := s.js.Stream(ctx, storeName); err == nil {
		replicas = max(replicas, there.CachedInfo().Config.Replicas)
	} else if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("open the codes: %w", err)
	}
	stream, err := s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: storeName, Subjects: []string{storeName + ".>"},
		Storage: jetstream.FileStorage, Replicas: replicas, MaxMsgsPerSubject: 1, MaxBytes: storeBytes, MaxMsgSize: 4096,
		Discard: jetstream.DiscardNew, AllowMsgTTL: true,
		AllowDirect: replicas == 1}) // which answers from any replica
	if err != nil {
		return fmt.Errorf("open the codes: %w", err)
	}
	s.stream = stream
	close(s.opened)
	return nil
}

// openLate opens the store of a cluster as soon as enough gateways are there: the first time all, later more than half.
func (s *store) openLate(ctx context.Context, replicas int, log *slog.Logger) {
	for {
		once, cancel := context.WithTimeout(ctx, askAgain)
		err := s.open(once, replicas)
		cancel()
		if err == nil {
			log.Info("the codes are open", "replicas", s.stream.CachedInfo().Config.Replicas)
			return
		}
		log.Debug("the codes wait for the other gateways", "err", err)
		if sleep(ctx, askAgain/10) != nil {
			return
		}
	}
}

// last returns a key's value and its revision, or p2p.ErrNoCode when there is none.
func (s *store) last(ctx context.Context, key string) (value []byte, rev uint64, err error) {
	err = s.ask(ctx, func(ctx context.Context) error {
		m, err := s.stream.GetLastMsgForSubject(ctx, storeName+"."+key)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return p2p.ErrNoCode
		}
		if err == nil {
			value, rev = m.Data, m.Sequence
		}
		return err
	})
	return value, rev, err
}

var errRevision = errors.New("the key has changed")

// replace writes a key that vanishes after ttl, if its revision is still rev; 0: if there is none.
func (s *store) replace(ctx context.Context, key string, value []byte, rev uint64, ttl time.Duration) (uint64, error) {
	return s.put(ctx, key, value, ttl, jetstream.WithExpectLastSequencePerSubject(rev))
}

// put writes a key that vanishes after ttl.
func (s *store) put(ctx context.Context, key string, value []byte, ttl time.Duration, o ...jetstream.PublishOpt) (rev uint64, err error) {
	write := s.writer(key, value, ttl, o...)
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		rev, err = write(ctx)
		return err
	})
	return rev, err
}

// writer returns what writes a key, once: what is not answered may have been written all the same, and is known by its id when it is
// written again. JetStream itself looks at the id first where there are replicas, and at the revision where there is one.
func (s *store) writer(key string, value []byte, ttl time.Duration, o ...jetstream.PublishOpt) func(context.Context) (rev uint64, err error) {
	id, subject := rand.Text(), storeName+"."+key
	o = append(o, jetstream.WithMsgTTL(ttl), jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	return func(ctx context.Context) (uint64, error) {
		ack, err := s.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: value}, o...)
		if err == nil {
			return ack.Sequence, nil
		}
		if err = storeError(err); err != errRevision {
			return 0, err
		}
		m, err := s.stream.GetLastMsgForSubject(ctx, subject)
		if err == nil && m.Header.Get(jetstream.MsgIDHeader) == id {
			return m.Sequence, nil
		}
		if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
			err = errRevision
		}
		return 0, err
	}
}

// ask asks the store until it answers. Where it cannot because the cluster has fallen apart, the error is p2p.ErrApart.
func (s *store) ask(ctx context.Context, question func(context.Context) error) error {
	for {
		if s.apart() {
			return p2p.ErrApart
		}
		err := s.once(ctx, question)
		if !again(err) {
			return err
		}
		if sleep(ctx, askAgain/10) != nil {
			return fmt.Errorf("%w (%w)", p2p.ErrBusy, err)
		}
	}
}

func (s *store) once(ctx context.Context, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, askAgain)
	defer cancel()
	select {
	case <-s.opened:
		return question(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errInProcess is JetStream's for a message that was sent before and is not written yet.
const errInProcess = 10158

// again reports whether a question that ended so may have an answer soon.
func again(err error) bool {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return api.Code == 503 || api.ErrorCode == errInProcess
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, jetstream.ErrNoStreamResponse)
}

// storeError makes errRevision of JetStream's words for it.
func storeError(err error) error {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return errRevision
	}
	return err
}

// sleep waits for d, or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
